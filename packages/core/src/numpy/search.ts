/** Sorted tables and bins: where values belong, how many fall where. */
import { isFloat } from '../dtype.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { add, divide, multiply, subtract } from '../primitives/arithmetic.ts'
import { bitwiseAnd, bitwiseNot, bitwiseOr } from '../primitives/bitwise.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { astype, promoteOperands, scalarOf } from '../primitives/cast.ts'
import { equal, greaterEqual, isnan, less, lessEqual } from '../primitives/comparison.ts'
import { gatherP, toIndices } from '../primitives/gather.ts'
import { all, max, min, sum } from '../primitives/reduce.ts'
import { ravel } from '../primitives/reshape.ts'
import { flip } from '../primitives/reverse.ts'
import { scatterAdd } from '../primitives/scatter.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { bind1 } from '../program/bind.ts'
import { showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { linspace, zeros } from './creation.ts'
import { take } from './indexing.ts'
import { diff } from './math.ts'
import { checkStaticSize, staticSize } from './staticSize.ts'

function vector(caller: string, what: string, x: TensorLike): Tensor {
  const t = toTensor(x, caller)
  return t.ndim === 1 ? t : fail('ShapeError', `${caller}: ${what} must be a vector, got shape ${showShape(t.shape)}.`)
}

export interface SearchOptions {
  /** Where values equal an element: before it (`left`, default) or behind it. */
  readonly side?: 'left' | 'right'
  /** Positions that sort the table, as `argsort` gives them. Default: it is sorted. */
  readonly sorter?: TensorLike
}

/**
 * For each value the position (int32, in the shape of `values`) at which it keeps a sorted vector sorted. NaN counts as larger than all. About
 * log2(n) steps for all values at once. NumPy: `searchsorted`.
 *
 * @example searchsorted(array([1, 2, 2, 3]), 2, { side: 'right' }) // 3
 */
export function searchsorted(sorted: TensorLike, values: TensorLike, options: SearchOptions = {}): Tensor {
  const { side = 'left', sorter } = checkOptions('searchsorted', options, 'side', 'sorter')
  const given = vector('searchsorted', 'the sorted table', sorted)
  checkSide('searchsorted', side)
  const table = sorter === undefined ? given : take(given, toIndices('searchsorted', sorter))
  return countBefore(...promoteOperands('searchsorted', table, values), side)
}

function checkSide(caller: string, side: string): void {
  if (side !== 'left' && side !== 'right') fail('ValueError', `${caller}: side must be 'left' or 'right', got '${side}'.`)
}

/** How many elements of the sorted table come before each value: found bit by bit, from the largest power of two down. */
export function countBefore(table: Tensor, values: Tensor, side: 'left' | 'right'): Tensor {
  const n = table.size,
    before = side === 'left' ? precedes : (a: Tensor, b: Tensor) => bitwiseNot(precedes(b, a))
  let count = broadcastTo(scalarOf(0, 'int32'), values.shape)
  for (let step = n === 0 ? 0 : 2 ** Math.floor(Math.log2(n)); step >= 1; step /= 2) {
    const next = add(count, step),
      element = bind1(gatherP, [table, subtract(next, 1)], { axes: [0], paired: [], mode: 'clip', negative: false, fillValue: 0 })
    count = where(bitwiseAnd(lessEqual(next, n), before(element, values)), next, count)
  }
  return count
}

/** a < b in the order of `sort`: NaN last. */
const precedes = (a: Tensor, b: Tensor): Tensor =>
  isFloat(a.dtype) ? bitwiseOr(less(a, b), bitwiseAnd(isnan(b), bitwiseNot(isnan(a)))) : less(a, b)

/**
 * The number of the bin (int32) that holds each value: i where `bins[i - 1] <= x < bins[i]`, with `right` where `bins[i - 1] < x <= bins[i]`. `bins`
 * is a vector of ascending or descending edges. NumPy: `digitize`.
 */
export function digitize(x: TensorLike, bins: TensorLike, options: { readonly right?: boolean } = {}): Tensor {
  const { right = false } = checkOptions('digitize', options, 'right')
  const [values, edges] = promoteOperands('digitize', x, vector('digitize', 'bins', bins))
  const side = right ? 'left' : 'right',
    up = countBefore(edges, values, side)
  if (edges.size < 2) return up
  const down = subtract(edges.size, countBefore(flip(edges), values, side))
  const ends = sliceAxis(edges, 0, undefined, { stride: edges.size - 1 })
  return where(all(greaterEqual(diff(ends), 0)), up, down)
}

export interface BincountOptions {
  /** What each element counts for; of the shape of x. Default: 1, counted in int32. */
  readonly weights?: TensorLike
  /** The least length of the result. Default 0. */
  readonly minlength?: number
  /** The length of the result; elements outside of 0 to length - 1 are not counted. Needed under jit. Default: as many as there are values. */
  readonly length?: number
}

/** How often each of 0, 1, 2, ... occurs among integers: int32, or the sums of their weights. NumPy: `bincount`. */
export function bincount(x: TensorLike, options: BincountOptions = {}): Tensor {
  const { weights, minlength = 0, length } = checkOptions('bincount', options, 'weights', 'minlength', 'length')
  const given = toTensor(x, 'bincount'),
    t = ravel(toIndices('bincount', given.dtype === 'bool' ? astype(given, 'int32') : given))
  checkStaticSize('bincount', 'minlength', minlength)
  if (length !== undefined) checkStaticSize('bincount', 'length', length)
  else if (t.size > 0 && staticSize('bincount', undefined, () => min(t), 'length') < 0)
    fail('ValueError', 'bincount: negative integers cannot be counted. Give length to leave them out.')
  const size = length ?? (t.size === 0 ? 0 : staticSize('bincount', undefined, () => add(max(t), 1), 'length'))
  return countInto('bincount', t, length ?? Math.max(size, minlength), weights)
}

/** Counts or weights added up at places of 0 to size - 1; other places are passed over. */
function countInto(caller: string, places: Tensor, size: number, weights: TensorLike | undefined): Tensor {
  const w = weights === undefined ? scalarOf(1, 'int32') : ravel(weights)
  if (w.ndim === 1 && w.size !== places.size)
    fail('ShapeError', `${caller}: ${w.size} weights for ${places.size} elements. They pair up one to one.`)
  const numbers = w.dtype === 'bool' ? astype(w, 'int32') : w
  // A negative index is out of bounds, and so is not written.
  return scatterAdd(zeros([size], { dtype: numbers.dtype }), [places], numbers, { mode: 'fill' })
}

export interface HistogramOptions {
  /** Number of bins of equal width, or a vector of their ascending edges. Default 10. */
  readonly bins?: number | Tensor
  /** Lower and upper end of equal bins. Default: the smallest and largest element. */
  readonly range?: readonly [TensorLike, TensorLike]
  /** What each element counts for; of the shape of x. Default: 1, counted in int32. */
  readonly weights?: TensorLike
  /** Divide by the total and the bins' widths, so that the integral is 1. Default false. */
  readonly density?: boolean
}

/**
 * How many elements fall into each bin, and the bins' edges. A bin holds its lower edge, the last one the upper edge too; elements outside and NaN
 * are not counted. Counts are int32 (JAX: float32). NumPy: `histogram`.
 *
 * @example const [counts, edges] = histogram(x, { bins: 20 })
 */
export function histogram(x: TensorLike, options: HistogramOptions = {}): readonly [counts: Tensor, edges: Tensor] {
  const { bins = 10, range, weights, density = false } = checkOptions('histogram', options, 'bins', 'range', 'weights', 'density')
  const t = ravel(toTensor(x, 'histogram'))
  const edges = typeof bins === 'number' ? equalEdges(t, bins, range) : vector('histogram', 'bins', bins)
  if (edges.size < 2) fail('ShapeError', `histogram: bins need at least two edges, got ${edges.size}.`)
  const [values, ends] = promoteOperands('histogram', t, edges)
  const n = ends.size - 1,
    isTop = equal(values, sliceAxis(ends, n))
  // NaN is found behind the last edge; the upper edge belongs to the last bin.
  const place = where(isTop, n - 1, subtract(countBefore(ends, values, 'right'), 1))
  const counts = countInto('histogram', place, n, weights)
  return [density ? divide(divide(counts, diff(edges)), sum(counts)) : counts, edges]
}

function equalEdges(t: Tensor, bins: number, range: HistogramOptions['range']): Tensor {
  if (!Number.isInteger(bins) || bins < 1)
    fail('ValueError', `histogram: bins must be a positive integer or a vector of edges, got ${bins}.`)
  const [low, high] = (range ?? (t.size === 0 ? [0, 1] : [min(t), max(t)])).map(end => toTensor(end, 'histogram')) as [Tensor, Tensor]
  const half = multiply(0.5, astype(equal(low, high), 'float32'))
  return linspace(subtract(low, half), add(high, half), { count: bins + 1, dtype: t.dtype === 'float64' ? 'float64' : 'float32' })
}
