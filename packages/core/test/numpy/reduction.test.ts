import { describe, expect, test } from 'vitest'
import { array, zeros } from '../../src/numpy/creation.ts'
import { nanmean, nansum } from '../../src/numpy/nan.ts'
import { average, countNonzero, logsumexp, mean, ptp, std, variance } from '../../src/numpy/reduction.ts'
import type { Tensor } from '../../src/tensor.ts'
import { summed } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
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
