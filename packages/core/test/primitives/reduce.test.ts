import { describe, expect, test } from 'vitest'
import { array, zeros } from '../../src/numpy/creation.ts'
import { all, any, max, min, prod, reduceXorP, sum } from '../../src/primitives/reduce.ts'
import { bind1 } from '../../src/program/bind.ts'
import type { Tensor } from '../../src/tensor.ts'
import { all as everyDType, integers, summed } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { checkLaws, reductionCases, useReference } from '../support/laws.ts'
import { bool, float, int, values } from '../support/values.ts'

useReference()
const flat = { differentiable: false }

describe('laws', () => {
  checkLaws('sum', reductionCases(sum), { accuracy: summed() })
  checkLaws('prod', reductionCases(prod), { accuracy: summed(32) })
  checkLaws('max', reductionCases(max, undefined, 1))
  checkLaws('min', reductionCases(min, undefined, 1))
  for (const [name, f] of Object.entries({ sum, prod })) checkLaws(`${name} of integers`, reductionCases(f, integers), flat)
  for (const [name, f] of Object.entries({ max, min })) checkLaws(`${name} of any dtype`, reductionCases(f, everyDType, 1), flat)
  for (const [name, f] of Object.entries({ all, any })) checkLaws(name, reductionCases(f, everyDType), flat)
  checkLaws(
    'xor',
    reductionCases(x => bind1(reduceXorP, [x], { axes: [...x.shape.keys()] }), ['int32', 'uint32', 'bool']),
    flat,
  )
})

test('empty reductions', () => {
  const x = zeros([0, 2])
  expect([sum(x, { axis: 0 }), prod(x, { axis: 0 }), all(x), any(x)].map(values)).toEqual([[0, 0], [1, 1], true, false])
  expect(() => max(x)).toThrow(/max: no elements to choose from: shape \[0, 2\] is empty/)
  expect(max(x, { axis: 1 }).shape).toEqual([0])
})
test('bool sums to int32, integers wrap, NaN wins', () => {
  const s = sum(bool(true, true, false))
  expect([s.dtype, s.item()]).toEqual(['int32', 2])
  expect(sum(int(2147483647, 1)).item()).toBe(-2147483648)
  expect(
    values(
      max(
        array([
          [1, NaN],
          [2, 3],
        ]),
        { axis: 1 },
      ),
    ),
  ).toEqual([NaN, 3])
  expect([max(bool(false, true)).dtype, max(int(-3, -2)).item()]).toEqual(['bool', -2])
})
test('ties share the gradient of max equally', () => {
  expect(values(grad((x: Tensor) => max(x))(float(1, 3, 3, 2)))).toEqual([0, 0.5, 0.5, 0])
})
test('the gradient of a product survives zeros, to second order', () => {
  expect(values(grad((x: Tensor) => prod(x))(float(2, 0, 5)))).toEqual([0, 10, 0])
  expect(values(grad((x: Tensor) => prod(x))(float(0, 0, 5)))).toEqual([0, 0, 0])
  const second = grad((x: Tensor) => sum(grad((y: Tensor) => prod(y))(x)))
  expect(values(second(float(2, 0, 5)))).toEqual([5, 7, 2])
})
test('refusals', () => {
  expect(() => sum(zeros([2, 3]), { axis: 2 })).toThrow(/sum: axis 2 is out of range for 2 dimensions/)
  expect(() => sum(zeros([2, 3]), { axis: [0, -2] })).toThrow(/sum: duplicate axis/)
})
