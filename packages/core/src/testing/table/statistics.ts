/** Order statistics, searches and bins, covariance. */
import fc from 'fast-check'
import * as np from '../../numpy/index.ts'
import type { Reduce, Tensor, TensorLike } from '../../tensor.ts'
import type { Case } from '../case.ts'
import {
  type OpEntry,
  type Refusal,
  arbAxis,
  arbShapeOf,
  drawn,
  exact,
  indices,
  input,
  notATensor,
  numbers,
  refusal,
  shapedCases,
  summed,
  text,
  ulps,
} from '../entry.ts'
import { withNaN } from './nan.ts'
import { reduction } from './reductions.ts'

const m23 = (): Tensor => np.ones([2, 3])
const v3 = (): Tensor => np.ones([3])
const matrixRefused = (name: string, call: (x: Tensor) => unknown): Refusal =>
  refusal('no vector', 'ShapeError', [name, '[2, 3]'], () => call(m23()))

// ---- quantiles

type Quantile = (x: TensorLike, q: TensorLike, options?: np.QuantileOptions) => Tensor

/** Lines of 2^k + 1 elements: a quantile then changes its neighbours at a fraction of a power of two, near which no drawn q is. */
const arbLines = fc.record({
  lines: fc.constantFrom<{ readonly shape: readonly number[]; readonly axis?: number | readonly number[] }>(
    { shape: [5] },
    { shape: [9], axis: -1 },
    { shape: [3, 3] },
    { shape: [2, 4], axis: 0 },
    { shape: [2, 5], axis: 1 },
    { shape: [1, 3], axis: 0 },
    { shape: [3, 2, 3], axis: [0, -1] },
  ),
  count: fc.constantFrom(null, 1, 3),
  keepdims: fc.boolean(),
  method: fc.constantFrom<np.QuantileMethod>('linear', 'lower', 'higher', 'midpoint', 'nearest'),
  dtype: fc.constantFrom('float32' as const, 'float32' as const, 'int32' as const),
})

/** With missing elements the lines have other lengths: no derivative by q is taken. */
const quantiles = (name: string, f: Quantile, whole: number, missing: boolean): OpEntry => ({
  cases: drawn(arbLines, ({ lines: { shape, axis }, count, keepdims, method, dtype }) => ({
    inputs: [input(shape, dtype), { ...input(count === null ? [] : [count], 'float32', [0.02 * whole, 0.98 * whole]), constant: missing }],
    call: (x, q) =>
      f(missing ? withNaN(x as Tensor) : (x as Tensor), q as Tensor, { keepdims, method, ...(axis !== undefined && { axis }) }),
  })),
  accuracy: { ulp: 64, of: 'largest', reason: 'a position between two elements is rounded relative to the length of the line' },
  differentiable: true,
  refused: [
    notATensor(name, () => f(text, 0.5)),
    refusal('a share out of range', 'ValueError', [name, '-1'], () => f(v3(), -1)),
    refusal('an unknown method', 'ValueError', [name, "'median'", 'midpoint'], () => f(v3(), 0.5, { method: 'median' as 'linear' })),
    refusal('a matrix of shares', 'ShapeError', [name, '[2, 3]'], () => f(v3(), m23())),
    refusal('no elements', 'ShapeError', [name, '[0]'], () => f(np.zeros([0]), 0.5)),
    refusal('an axis out of range', 'ShapeError', [name, 'axis 2'], () => f(m23(), 0.5, { axis: 2 })),
  ],
})

const medians = (name: string, f: (x: Tensor, options: Reduce) => Tensor, missing: boolean): OpEntry =>
  reduction(name, missing ? (x, o) => f(withNaN(x), o) : f, ulps(2, 'a mean of two elements'), {
    dtypes: numbers,
    least: 1,
    special: !missing,
    bare: f,
  })

// ---- searches and bins

const ascending = (x: Tensor | undefined): Tensor => np.sort(x as Tensor)
const dtype = fc.constantFrom(...numbers)
const table = fc.record({ n: fc.integer({ min: 1, max: 9 }), shape: arbShapeOf(0, 2), flag: fc.boolean(), sorter: fc.boolean(), dtype })

const searching = {
  searchsorted: {
    cases: drawn(table, ({ n, shape, flag, sorter, dtype }) => ({
      inputs: [input([n], dtype), input(shape, dtype)],
      call: (a, v) => {
        const side = flag ? 'left' : 'right'
        return sorter
          ? np.searchsorted(a as Tensor, v as Tensor, { side, sorter: np.argsort(a as Tensor) })
          : np.searchsorted(ascending(a), v as Tensor, { side })
      },
    })),
    accuracy: exact,
    differentiable: 'positions',
    special: (x, y) => np.searchsorted(np.sort(np.ravel(y as Tensor)), x as Tensor),
    specialArity: 2,
    refused: [
      notATensor('searchsorted', () => np.searchsorted(text, 1)),
      matrixRefused('searchsorted', x => np.searchsorted(x, 1)),
      refusal('an unknown side', 'ValueError', ['searchsorted', "'middle'"], () => np.searchsorted(v3(), 1, { side: 'middle' as 'left' })),
    ],
  },
  digitize: {
    cases: drawn(table, ({ n, shape, flag, sorter, dtype }) => ({
      inputs: [input(shape, dtype), input([n], dtype)],
      call: (x, bins) => np.digitize(x as Tensor, sorter ? np.flip(ascending(bins)) : ascending(bins), { right: flag }),
    })),
    accuracy: exact,
    differentiable: 'positions',
    refused: [notATensor('digitize', () => np.digitize(text, v3())), matrixRefused('digitize', x => np.digitize(1, x))],
  },
  bincount: {
    cases: drawn(fc.record({ shape: arbShapeOf(1, 2), length: fc.nat(5), weighted: fc.boolean() }), ({ shape, length, weighted }) => ({
      inputs: [indices(shape, 4, true), ...(weighted ? [input(shape, 'float32')] : [])],
      call: (x, weights) => np.bincount(x as Tensor, { length, ...(weights && { weights }) }),
    })),
    accuracy: summed(),
    differentiable: true,
    refused: [
      notATensor('bincount', () => np.bincount(text)),
      refusal('floats', 'DTypeError', ['bincount', 'float32'], () => np.bincount(v3())),
      refusal('negative integers', 'ValueError', ['bincount', 'negative'], () => np.bincount(np.array(Int32Array.of(1, -1)))),
      refusal('a length that is no count', 'ValueError', ['bincount', '-1'], () => np.bincount(np.array(Int32Array.of(1)), { length: -1 })),
      refusal('too few weights', 'ShapeError', ['bincount', '3', '1'], () => np.bincount(np.array(Int32Array.of(1)), { weights: v3() })),
    ],
  },
  histogram: {
    cases: fc.oneof(
      // One element is in the middle of its bins: on no edge, when they are odd.
      drawn(fc.record({ shape: arbShapeOf(1, 2), bins: fc.constantFrom(1, 3, 5) }), ({ shape, bins }) => ({
        inputs: [input(shape, 'float32')],
        call: x => np.histogram(x as Tensor, { bins }),
      })),
      // Counts jump where an element crosses an edge.
      drawn(
        fc.record({ shape: arbShapeOf(1, 2, 1), bins: fc.constantFrom(1, 2, 4), density: fc.boolean() }),
        ({ shape, bins, density }) => ({
          inputs: [{ ...input(shape, 'float32'), constant: true }, input(shape, 'float32', [0.5, 2])],
          call: (x, weights) => np.histogram(x as Tensor, { bins, range: [-2, 2], weights: weights as Tensor, density }),
        }),
      ),
      drawn(fc.record({ shape: arbShapeOf(1, 2), edges: fc.integer({ min: 2, max: 6 }), dtype }), ({ shape, edges, dtype }) => ({
        inputs: [input(shape, dtype), { ...input([edges], dtype), constant: true }],
        call: (x, bins) => np.histogram(x as Tensor, { bins: ascending(bins) }),
      })),
    ),
    accuracy: summed(),
    differentiable: true,
    refused: [
      notATensor('histogram', () => np.histogram(text)),
      refusal('no bins', 'ValueError', ['histogram', '0'], () => np.histogram(v3(), { bins: 0 })),
      refusal('one edge', 'ShapeError', ['histogram', 'two edges', '1'], () => np.histogram(v3(), { bins: np.ones([1]) })),
      matrixRefused('histogram', bins => np.histogram(v3(), { bins })),
      refusal('too few weights', 'ShapeError', ['histogram', '3', '6'], () => np.histogram(m23(), { weights: v3() })),
    ],
  },
} satisfies Record<string, OpEntry>

const kth = fc.record({ value: arbAxis(1, 3, 1), pick: fc.nat(99) }).map(({ value: { shape, axis }, pick }) => {
  const n = shape.at(axis) as number
  return { shape, axis, kth: (pick % (2 * n)) - n }
})
const partitioning = (name: string, f: typeof np.partition, differentiable: true | string): OpEntry => ({
  cases: shapedCases(kth, (x, { axis, kth }) => f(x, kth, { axis })),
  accuracy: exact,
  differentiable,
  refused: [
    notATensor(name, () => f(text, 0)),
    refusal('a position out of range', 'ValueError', [name, 'kth = 3', '[2, 3]'], () => f(m23(), 3)),
    refusal('an axis out of range', 'ShapeError', [name, 'axis 2'], () => f(m23(), 0, { axis: 2 })),
  ],
})

// ---- covariance

const covariance = (weighted: boolean): fc.Arbitrary<Case> =>
  drawn(
    fc.record({ n: fc.constantFrom(null, 1, 2, 3), m: fc.integer({ min: 4, max: 5 }), rowvar: fc.boolean(), ddof: fc.nat(1) }),
    ({ n, m, rowvar, ddof }) => {
      const shape = n === null ? [m] : rowvar ? [n, m] : [m, n]
      return {
        inputs: [input(shape, 'float32'), input(weighted ? [m] : shape, 'float32', [0.5, 2]), input([m], 'int32', [1, 3])],
        call: (x, y, f) =>
          weighted
            ? np.cov(x as Tensor, { rowvar, ddof, aweights: y as Tensor, fweights: np.add(np.abs(f as Tensor), 1) })
            : np.cov(x as Tensor, { rowvar, y: y as Tensor, bias: ddof === 0 }),
      }
    },
  )

const correlated = {
  cov: {
    cases: fc.oneof(covariance(false), covariance(true)),
    accuracy: summed(64),
    differentiable: true,
    refused: [
      notATensor('cov', () => np.cov(text)),
      refusal('three axes', 'ShapeError', ['cov', '[1, 2, 3]'], () => np.cov(np.ones([1, 2, 3]))),
      refusal('other observations', 'ShapeError', ['cov', '3', '4'], () => np.cov(v3(), { y: np.ones([4]) })),
      refusal('other weights', 'ShapeError', ['cov', 'fweights', '[4]', '3'], () => np.cov(v3(), { fweights: np.ones([4]) })),
    ],
  },
  corrcoef: {
    cases: drawn(
      fc.record({ n: fc.integer({ min: 1, max: 3 }), m: fc.integer({ min: 4, max: 5 }), two: fc.boolean() }),
      ({ n, m, two }) => ({
        inputs: [input([n, m], 'float32'), ...(two ? [input([m], 'float32')] : [])],
        call: (x, y) => np.corrcoef(x as Tensor, y === undefined ? {} : { y }),
      }),
    ),
    accuracy: summed(64),
    differentiable: true,
    refused: [
      notATensor('corrcoef', () => np.corrcoef(text)),
      refusal('three axes', 'ShapeError', ['corrcoef', '[1, 2, 3]'], () => np.corrcoef(np.ones([1, 2, 3]))),
    ],
  },
} satisfies Record<string, OpEntry>

export const statistics = {
  quantile: quantiles('quantile', np.quantile, 1, false),
  percentile: quantiles('percentile', np.percentile, 100, false),
  nanquantile: quantiles('nanquantile', np.nanquantile, 1, true),
  nanpercentile: quantiles('nanpercentile', np.nanpercentile, 100, true),
  median: medians('median', np.median, false),
  nanmedian: medians('nanmedian', np.nanmedian, true),
  partition: partitioning('partition', np.partition, true),
  argpartition: partitioning('argpartition', np.argpartition, 'positions'),
  ...searching,
  ...correlated,
} satisfies Record<string, OpEntry>
