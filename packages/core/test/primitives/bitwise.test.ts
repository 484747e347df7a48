import { describe, expect, test } from 'vitest'
import { bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor, leftShift, rightShift, rightShiftLogical } from '../../src/primitives/bitwise.ts'
import { binaryCases, integers, unaryCases } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { bool, float, int, uint, values } from '../support/values.ts'

useReference()
const flat = { differentiable: false }

describe('laws', () => {
  for (const [name, f] of Object.entries({ bitwiseAnd, bitwiseOr, bitwiseXor }))
    checkLaws(name, binaryCases(f, undefined, ['int32', 'uint32', 'bool']), flat)
  checkLaws('bitwiseNot', unaryCases(bitwiseNot, undefined, ['int32', 'uint32', 'bool']), flat)
  for (const [name, f] of Object.entries({ leftShift, rightShift, rightShiftLogical }))
    checkLaws(name, binaryCases(f, undefined, integers), flat)
})

test('values', () => {
  expect(values(bitwiseAnd(int(6), 3))).toEqual([2])
  expect(values(bitwiseNot(uint(0)))).toEqual([4294967295])
  expect(values(bitwiseNot(bool(true, false)))).toEqual([false, true])
  expect(values(leftShift(int(1, 1, 1), int(31, 32, 33)))).toEqual([-2147483648, 0, 0])
  expect(values(rightShift(int(-8, -8), int(1, 40)))).toEqual([-4, -1])
  expect(values(rightShiftLogical(int(-8), 28))).toEqual([15])
  expect(values(rightShift(uint(4294967288), 28))).toEqual([15])
})
test('floats are refused', () => {
  expect(() => bitwiseAnd(float(1), float(1))).toThrow(/bitwiseAnd: needs int32, uint32, int8, uint8 or bool, got f32\[1\]/)
  expect(() => leftShift(float(1), 1)).toThrow(/leftShift: needs int32, uint32, int8 or uint8.*astype/)
})
