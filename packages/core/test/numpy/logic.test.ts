import { expect, test } from 'vitest'
import { allclose, arrayEqual, isclose, logicalAnd, logicalNot, logicalOr, logicalXor } from '../../src/numpy/logic.ts'
import { useReference } from '../support/laws.ts'
import { bool, float, int, values } from '../support/values.ts'

useReference()

test('logic takes numbers', () => {
  const x = float(0, 0, 2, NaN),
    y = int(0, 1, 0, 1)
  expect([logicalAnd(x, y), logicalOr(x, y), logicalXor(x, y), logicalNot(x)].map(values)).toEqual([
    [false, false, false, true],
    [false, true, true, true],
    [false, true, true, false],
    [true, true, false, false],
  ])
  expect(values(logicalAnd(bool(true, false), true))).toEqual([true, false])
})
test('closeness', () => {
  expect(values(isclose(float(1, 1, NaN, Infinity, Infinity), float(1 + 1e-6, 1.1, NaN, Infinity, -Infinity)))).toEqual([
    true,
    false,
    false,
    true,
    false,
  ])
  expect(values(isclose(float(NaN), float(NaN), { equalNan: true }))).toEqual([true])
  expect([
    allclose(float(1, 2), float(1, 2)).item(),
    allclose(float(1, 2), 1).item(),
    allclose(float(1, 2), 1, { atol: 1 }).item(),
  ]).toEqual([1, 0, 1])
})
test('equality of arrays', () => {
  expect([
    arrayEqual(float(1, 2), int(1, 2)).item(),
    arrayEqual(float(1, 2), float(1)).item(),
    arrayEqual(float(1, NaN), float(1, NaN)).item(),
  ]).toEqual([1, 0, 0])
})
