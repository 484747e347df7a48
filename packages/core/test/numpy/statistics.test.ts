/** Known values are NumPy's (1.24), where it has the function in this form. */
import { describe, expect, test } from 'vitest'
import { array, full, zeros } from '../../src/numpy/creation.ts'
import { convolve, corrcoef, correlate, cov } from '../../src/numpy/correlation.ts'
import { nanargmax, nanargmin, nanmax, nanmean, nanmin, nanstd, nanvar } from '../../src/numpy/nan.ts'
import { argpartition, partition } from '../../src/numpy/partition.ts'
import { median, nanmedian, nanquantile, percentile, quantile } from '../../src/numpy/quantile.ts'
import { std } from '../../src/numpy/reduction.ts'
import { bincount, digitize, histogram, searchsorted } from '../../src/numpy/search.ts'
import { sum } from '../../src/primitives/reduce.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { useReference } from '../support/laws.ts'
import { double, float, int, values } from '../support/values.ts'

useReference()

const x = array([
  [3, 1, 2, 5],
  [7, 9, 4, 4.5],
])

describe('quantiles', () => {
  test('between elements, by method', () => {
    const of = (method: 'linear' | 'lower' | 'higher' | 'midpoint' | 'nearest'): unknown =>
      values(percentile(array([0, 1, 3, 10], { dtype: 'float64' }), 40, { method }))
    expect([of('linear'), of('lower'), of('higher'), of('midpoint'), of('nearest')]).toEqual(
      [1 * 0.8 + 3 * 0.2, 1, 3, 2, 1].map(v => expect.closeTo(v, 12)),
    )
  })
  test('half way the nearest is at an even position', () => {
    expect([
      quantile(float(0, 1), 0.5, { method: 'nearest' }).item(),
      quantile(float(0, 1, 2, 3), 0.5, { method: 'nearest' }).item(),
    ]).toEqual([0, 2])
  })
  test('several shares come first, reduced axes stay on request', () => {
    expect(quantile(zeros([2, 3, 4]), float(0.1, 0.2), { axis: [0, 2] }).shape).toEqual([2, 3])
    expect(quantile(zeros([2, 3, 4]), float(0.1), { axis: -1, keepdims: true }).shape).toEqual([1, 2, 3, 1])
    expect(values(quantile(x, 0.5, { axis: 1 }))).toEqual([2.5, 5.75])
  })
  test('infinities count as values, NaN spreads', () => {
    expect(values(quantile(float(-Infinity, 1, Infinity), float(0, 0.5, 1)))).toEqual([-Infinity, 1, Infinity])
    expect([median(float(Infinity, Infinity)).item(), median(float(1, NaN, 3)).item(), nanmedian(float(1, NaN, 3)).item()]).toEqual([
      Infinity,
      NaN,
      2,
    ])
    expect(
      values(
        nanquantile(
          array([
            [NaN, NaN],
            [1, NaN],
          ]),
          0.3,
          { axis: 1 },
        ),
      ),
    ).toEqual([NaN, 1])
  })
  test('equal elements share the gradient of a median; that of a share is the slope', () => {
    expect(values(grad((t: Tensor) => median(t))(float(1, 1)))).toEqual([0.5, 0.5])
    expect(grad((q: Tensor) => quantile(double(0, 1, 5), q))(array(0.7, { dtype: 'float64' })).item()).toBeCloseTo(8, 12)
  })
})

describe('without NaN', () => {
  const lines = array([
    [NaN, NaN],
    [2, NaN],
  ])
  test('lines of NaN alone', () => {
    expect([nanmax, nanmin, nanmean].map(f => values(f(lines, { axis: 1 })))).toEqual([
      [NaN, 2],
      [NaN, 2],
      [NaN, 2],
    ])
    expect([nanargmax, nanargmin].map(f => values(f(lines, { axis: 1 })))).toEqual([
      [-1, 0],
      [-1, 0],
    ])
    expect(values(nanvar(lines, { axis: 1, ddof: 1 }))).toEqual([NaN, NaN])
    expect(values(nanvar(lines, { axis: 1 }))).toEqual([NaN, 0])
  })
  test('gradients pass over NaN', () => {
    expect(values(grad((t: Tensor) => nanmax(t))(float(1, NaN, 3)))).toEqual([0, 0, 1])
    expect(values(grad((t: Tensor) => nanvar(t))(float(1, NaN, 3)))).toEqual([-1, 0, 1])
  })
  test('the deviation of equal elements has no slope', () => {
    expect(values(grad((t: Tensor) => std(t))(float(2, 2)))).toEqual([0, 0])
    expect(values(grad((t: Tensor) => nanstd(t))(float(2, NaN, 2)))).toEqual([0, 0, 0])
  })
})

describe('searches and bins', () => {
  test('positions in a sorted table, NaN last', () => {
    const table = float(1, 2, 2, 3, NaN),
      sought = float(0, 1, 2, 2.5, 3, 4, NaN)
    expect(values(searchsorted(table, sought))).toEqual([0, 0, 1, 3, 3, 4, 4])
    expect(values(searchsorted(table, sought, { side: 'right' }))).toEqual([0, 1, 3, 3, 4, 4, 5])
    expect(searchsorted(int(3, 1, 2), 2, { sorter: int(1, 2, 0) }).item()).toBe(1)
    expect(values(searchsorted(zeros([0]), float(1, 2)))).toEqual([0, 0])
  })
  test('bins, ascending and descending', () => {
    expect(values(digitize(x, float(1, 2, 4, 5)))).toEqual([
      [2, 1, 2, 4],
      [4, 4, 3, 3],
    ])
    expect(values(digitize(x, float(1, 2, 4, 5), { right: true }))).toEqual([
      [2, 0, 1, 3],
      [4, 4, 2, 3],
    ])
    expect(values(digitize(x, float(5, 4, 2, 1)))).toEqual([
      [2, 3, 2, 0],
      [0, 0, 1, 1],
    ])
    expect(values(digitize(x, float(5, 4, 2, 1), { right: true }))).toEqual([
      [2, 4, 3, 1],
      [0, 0, 2, 1],
    ])
    expect(values(digitize(float(1, 3), float(2)))).toEqual([0, 1])
  })
  test('counts as many as there are values, outside of jit', () => {
    expect(values(bincount(int(3, 1, 2, 3, 1, 1)))).toEqual([0, 3, 1, 2])
    expect(values(bincount(int(3, 1), { minlength: 6, weights: float(0.5, 1) }))).toEqual([0, 1, 0, 0.5, 0, 0])
    expect(values(bincount(int(), { minlength: 2 }))).toEqual([0, 0])
    expect(values(bincount(int(-1, 0, 5), { length: 2 }))).toEqual([1, 0])
    expect(() => jit((t: Tensor) => bincount(t))(int(1))).toThrow(/bincount: .*\{ length: n \}/)
    expect(values(grad((w: Tensor) => sum(bincount(int(0, 1, 1), { weights: w }).mul(float(5, 7))))(float(1, 2, 3)))).toEqual([5, 7, 7])
  })
  test('histograms', () => {
    const [counts, edges] = histogram(x, { bins: 4 })
    expect([values(counts), values(edges), counts.dtype]).toEqual([[2, 3, 1, 2], [1, 3, 5, 7, 9], 'int32'])
    expect(values(histogram(float(1, NaN, 2, 9), { bins: float(1, 2, 3) })[0])).toEqual([1, 1])
    expect(values(histogram(full([3], 2), { bins: 2 })[1])).toEqual([1.5, 2, 2.5])
    expect(values(histogram(x, { bins: 2, range: [0, 4], density: true })[0])).toEqual([0.125, 0.375])
  })
  test('a partition is sorted', () => {
    expect([values(partition(x, 1)), values(argpartition(x, -1))]).toEqual([
      [
        [1, 2, 3, 5],
        [4, 4.5, 7, 9],
      ],
      [
        [1, 2, 0, 3],
        [2, 3, 0, 1],
      ],
    ])
  })
})

describe('covariance and sequences', () => {
  const close = (list: readonly number[]): unknown => list.map(v => expect.closeTo(v, 5))
  test('covariance matrices', () => {
    expect(values(cov(x))).toEqual([close([2.9166667, -2.2916667]), close([-2.2916667, 5.3958333])])
    expect(cov(float(3, 1, 2, 5), { bias: true }).item()).toBe(2.1875)
    expect(cov(x, { rowvar: false }).shape).toEqual([4, 4])
    expect(values(corrcoef(x))).toEqual([close([1, -0.5776686]), close([-0.5776686, 1])])
    expect(corrcoef(float(1, 2)).item()).toBe(1)
  })
  test('convolution and correlation, the shorter operand on either side', () => {
    const [a, b] = [float(1, 2, 3), float(0, 1, 0.5)]
    expect([values(convolve(a, b)), values(convolve(a, b, { mode: 'same' })), values(convolve(a, b, { mode: 'valid' }))]).toEqual([
      [0, 1, 2.5, 4, 1.5],
      [1, 2.5, 4],
      [2.5],
    ])
    expect([values(correlate(a, b)), values(correlate(a, b, { mode: 'same' })), values(correlate(a, b, { mode: 'full' }))]).toEqual([
      [3.5],
      [2, 3.5, 3],
      [0.5, 2, 3.5, 3, 0],
    ])
    expect(values(correlate(float(1, 2), float(1, 2, 3, 4), { mode: 'same' }))).toEqual([11, 8, 5, 2])
  })
})
