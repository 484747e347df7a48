import { describe, expect, test } from 'vitest'
import { equal, greater, greaterEqual, isfinite, isinf, isnan, less, lessEqual, notEqual } from '../../src/primitives/comparison.ts'
import { multiply } from '../../src/primitives/arithmetic.ts'
import type { Tensor } from '../../src/tensor.ts'
import { all, binaryCases } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { float, int, uint, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  for (const [name, f] of Object.entries({ equal, notEqual, less, lessEqual, greater, greaterEqual }))
    checkLaws(name, binaryCases(f, undefined, all), { differentiable: false })
})

test('comparisons with NaN are false, but notEqual', () => {
  const x = float(NaN)
  expect([equal, less, lessEqual, greater, greaterEqual, notEqual].map(f => values(f(x, x)))).toEqual([
    [false],
    [false],
    [false],
    [false],
    [false],
    [true],
  ])
})
test('uint32 compares without sign; int32 with uint32 as int32', () => {
  expect(values(less(uint(1), uint(4294967295)))).toEqual([true])
  expect(values(equal(int(-1), uint(4294967295)))).toEqual([true])
})
test('isnan, isinf, isfinite', () => {
  const x = float(1, NaN, Infinity, -Infinity)
  expect([isnan(x), isinf(x), isfinite(x)].map(values)).toEqual([
    [false, true, false, false],
    [false, false, true, true],
    [true, false, false, false],
  ])
  expect([isnan(int(1)), isinf(int(1)), isfinite(int(1))].map(values)).toEqual([[false], [false], [true]])
})
test('a comparison inside a loss has gradient zero', () => expect(grad((x: Tensor) => multiply(x, greater(x, 0)))(2).item()).toBe(1))
