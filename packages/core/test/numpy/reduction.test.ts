import { describe, expect, test } from 'vitest'
import { array, zeros } from '../../src/numpy/creation.ts'
import { nanmax, nanmean, nansum } from '../../src/numpy/nan.ts'
import { average, countNonzero, logsumexp, mean, ptp, std, variance } from '../../src/numpy/reduction.ts'
import { all, any, max, min, prod, sum } from '../../src/primitives/reduce.ts'
import type { Tensor } from '../../src/tensor.ts'
import { summed } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { checkLaws, reductionCases, useReference } from '../support/laws.ts'
import { float, int, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  const accuracy = summed()
  checkLaws('mean', reductionCases(mean, undefined, 1), { accuracy })
  checkLaws('variance', reductionCases(variance, undefined, 1), { accuracy })
  checkLaws('logsumexp', reductionCases(logsumexp, undefined, 1), { accuracy })
})

test('mean, variance, std', () => {
  const x = array([
    [1, 2],
    [3, 6],
  ])
  expect([mean(x).item(), values(mean(x, { axis: 0 })), mean(int(1, 2)).dtype, mean(zeros([0])).item()]).toEqual([
    3,
    [2, 4],
    'float32',
    NaN,
  ])
  expect([variance(x).item(), values(variance(x, { axis: 0, ddof: 1 })), values(std(x, { axis: 1, keepdims: true }))]).toEqual([
    3.5,
    [2, 8],
    [[0.5], [1.5]],
  ])
  expect(variance(float(1), { ddof: 1 }).item()).toBe(NaN)
})
test('average', () => {
  const x = array([
    [1, 2],
    [3, 4],
  ])
  expect(
    average(x, {
      weights: array([
        [1, 0],
        [0, 3],
      ]),
    }).item(),
  ).toBe(3.25)
  expect(values(average(x, { axis: 0, weights: float(1, 3) }))).toEqual([2.5, 3.5])
  expect(() => average(x, { weights: float(1, 3) })).toThrow(/average: weights of shape \[2\] fit neither x of shape \[2, 2\]/)
})
test('logsumexp without overflow, and of nothing', () => {
  expect([
    logsumexp(float(1000, 1000)).item(),
    logsumexp(float(-Infinity, -Infinity)).item(),
    logsumexp(float(Infinity, 0)).item(),
    logsumexp(zeros([0])).item(),
  ]).toEqual([Math.fround(1000 + Math.LN2), -Infinity, Infinity, -Infinity])
  expect(logsumexp(zeros([2, 3]), { axis: 1, keepdims: true }).shape).toEqual([2, 1])
  expect(values(grad((x: Tensor) => logsumexp(x))(float(0, 0)))).toEqual([0.5, 0.5])
})
test('counting, spans, missing values', () => {
  expect(
    values(
      countNonzero(
        array([
          [0, 2],
          [NaN, 3],
        ]),
        { axis: 1 },
      ),
    ),
  ).toEqual([1, 2])
  expect(ptp(int(3, -1, 5)).item()).toBe(6)
  expect([nansum(float(1, NaN, 2)).item(), nanmean(float(1, NaN, 2)).item(), nansum(int(1, 2)).item()]).toEqual([3, 1.5, 3])
})

describe('elements left out, and values to begin with', () => {
  const x = array([
      [1, NaN, 3],
      [4, 5, NaN],
    ]),
    known = array([
      [true, false, true],
      [true, true, false],
    ])
  test('against NumPy', () => {
    expect([sum(x, { where: known }).item(), sum(x, { where: known, initial: 10 }).item()]).toEqual([13, 23])
    expect(values(prod(x, { axis: 1, where: known, initial: 2 }))).toEqual([6, 40])
    expect(values(max(x, { axis: 0, where: known, initial: 4.5 }))).toEqual([4.5, 5, 4.5])
    expect(values(min(x, { axis: 0, where: known, initial: 4.5 }))).toEqual([1, 4.5, 3])
    expect(values(mean(x, { axis: 1, where: known, keepdims: true }))).toEqual([[2], [4.5]])
    expect([values(variance(x, { axis: 1, where: known })), variance(x, { where: known, ddof: 1 }).item()]).toEqual([
      [1, 0.25],
      Math.fround(8.75 / 3),
    ])
    expect(values(std(x, { axis: 0, where: array([true, false, true]), ddof: 2 }))).toEqual([Infinity, NaN, NaN])
    expect([all(x, { where: known }).item(), any(zeros([2, 3]), { where: known }).item()]).toEqual([1, 0])
    expect(values(nansum(x, { axis: 1, where: array([[true], [false]]), initial: 1 }))).toEqual([5, 1])
    expect(values(nanmax(x, { axis: 1, where: array([[true], [false]]), initial: -7 }))).toEqual([3, -7])
    expect(values(nanmean(x, { axis: 1, where: array([[true], [false]]) }))).toEqual([2, NaN])
  })
  test('nothing is the initial value; its dtype is that of the result', () => {
    const nothing = zeros([0, 2], { dtype: 'int32' })
    expect([
      max(nothing, { initial: 7.9 }).item(),
      max(nothing, { initial: 7.9 }).dtype,
      values(min(nothing, { axis: 0, initial: 1 })),
    ]).toEqual([7, 'int32', [1, 1]])
    expect(() => sum(x, { initial: float(1, 2) })).toThrow(/sum: `initial` is one number for all, got shape \[2\]/)
  })
  test('the dtype to compute in', () => {
    expect([sum(int(1, 2), { dtype: 'float32' }).dtype, sum(int(200, 100), { dtype: 'uint8' }).item()]).toEqual(['float32', 44])
    expect([mean(int(1, 2), { dtype: 'float64' }).dtype, variance(int(1, 3), { dtype: 'float64' }).item()]).toEqual(['float64', 1])
    expect(() => mean(x, { dtype: 'int32' })).toThrow(/mean: means are floats, got dtype 'int32'/)
  })
  test('NaN that is left out does not reach a gradient', () => {
    const ofAll = (f: typeof mean): unknown => values(grad((y: Tensor) => f(y, { where: known }))(x))
    expect(ofAll(mean)).toEqual([
      [0.25, 0, 0.25],
      [0.25, 0.25, 0],
    ])
    expect(ofAll(variance)).toEqual([
      [-1.125, 0, -0.125],
      [0.375, 0.875, 0],
    ])
  })
  test('a mask of each example', () => {
    const masked = vmap((row: Tensor, mask: Tensor) => mean(row, { where: mask }))
    expect(values(masked(x, known))).toEqual([2, 4.5])
  })
})
test('average with the sum of the weights', () => {
  const x = array([
    [1, 2],
    [3, 4],
  ])
  expect(average(x, { axis: 0, weights: float(1, 3), returned: true }).map(values)).toEqual([
    [2.5, 3.5],
    [4, 4],
  ])
  expect(average(x, { returned: true }).map(values)).toEqual([2.5, 4])
})
