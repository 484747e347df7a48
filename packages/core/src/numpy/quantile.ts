/** Order statistics: medians and quantiles, from sorted lines. */
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { add, divide, maximum, multiply, subtract } from '../primitives/arithmetic.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { astype, promoteFloats } from '../primitives/cast.ts'
import { any, nonEmpty, sum } from '../primitives/reduce.ts'
import { equal, isnan } from '../primitives/comparison.ts'
import { expandDims, reshape } from '../primitives/reshape.ts'
import { ceil, floor, round } from '../primitives/rounding.ts'
import { where } from '../primitives/select.ts'
import { sort } from '../primitives/sort.ts'
import { moveaxis, transpose } from '../primitives/transpose.ts'
import { normalizeAxes, showShape } from '../shape.ts'
import { type Reduce, type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { takeAlongAxis } from './indexing.ts'

/**
 * What a quantile between two elements is: a weighted mean of both (`linear`), the smaller, the larger, the mean of both, or the nearer
 * one (half way: the one at an even position).
 */
export type QuantileMethod = 'linear' | 'lower' | 'higher' | 'midpoint' | 'nearest'
const methods: readonly QuantileMethod[] = ['linear', 'lower', 'higher', 'midpoint', 'nearest']

export interface QuantileOptions extends Reduce {
  /** Default `linear`. */
  readonly method?: QuantileMethod
}

/**
 * The value below which a fraction q of the elements lies, along axes (default: of all elements). `q` is a number in [0, 1] or a vector
 * of them, whose axis comes first in the result: `[m]` and x of shape `[a, b]` with axis 0 give `[m, b]`. NaN where an element is NaN. Integers
 * give float32. The gradient goes to the elements that were taken, and to q. NumPy: `quantile`.
 *
 * @example quantile(array([1, 2, 4]), 0.25) // 1.5
 */
export function quantile(x: TensorLike, q: TensorLike, options: QuantileOptions = {}): Tensor {
  checkOptions('quantile', options, 'axis', 'keepdims', 'method')
  return quantileOf('quantile', x, q, 1, options, false)
}
/** `quantile` with q in percent. NumPy: `percentile`. */
export function percentile(x: TensorLike, q: TensorLike, options: QuantileOptions = {}): Tensor {
  checkOptions('percentile', options, 'axis', 'keepdims', 'method')
  return quantileOf('percentile', x, q, 100, options, false)
}
/** The middle element, or the mean of the two middle ones, along axes (default: of all elements); NaN where one is NaN. NumPy: `median`. */
export function median(x: TensorLike, options: Reduce = {}): Tensor {
  checkOptions('median', options, 'axis', 'keepdims')
  return quantileOf('median', x, 0.5, 1, { ...options, method: 'midpoint' }, false)
}
/** `quantile` of the elements that are not NaN; NaN where there is none. NumPy: `nanquantile`. */
export function nanquantile(x: TensorLike, q: TensorLike, options: QuantileOptions = {}): Tensor {
  checkOptions('nanquantile', options, 'axis', 'keepdims', 'method')
  return quantileOf('nanquantile', x, q, 1, options, true)
}
/** `percentile` of the elements that are not NaN; NaN where there is none. NumPy: `nanpercentile`. */
export function nanpercentile(x: TensorLike, q: TensorLike, options: QuantileOptions = {}): Tensor {
  checkOptions('nanpercentile', options, 'axis', 'keepdims', 'method')
  return quantileOf('nanpercentile', x, q, 100, options, true)
}
/** `median` of the elements that are not NaN; NaN where there is none. NumPy: `nanmedian`. */
export function nanmedian(x: TensorLike, options: Reduce = {}): Tensor {
  checkOptions('nanmedian', options, 'axis', 'keepdims')
  return quantileOf('nanmedian', x, 0.5, 1, { ...options, method: 'midpoint' }, true)
}

function checkQuantile(caller: string, q: TensorLike, whole: number, method: QuantileMethod): void {
  if (!methods.includes(method)) fail('ValueError', `${caller}: unknown method '${String(method)}'. Use ${methods.join(', ')}.`)
  if (typeof q === 'number' && !(q >= 0 && q <= whole)) fail('ValueError', `${caller}: q must be a number from 0 to ${whole}, got ${q}.`)
  const { ndim, shape } = toTensor(q, caller)
  if (ndim > 1) fail('ShapeError', `${caller}: q must be a number or a vector, got shape ${showShape(shape)}. Flatten it with ravel.`)
}

function quantileOf(
  caller: string,
  x: TensorLike,
  q: TensorLike,
  whole: number,
  { axis, keepdims = false, method = 'linear' }: QuantileOptions,
  skipNaN: boolean,
): Tensor {
  checkQuantile(caller, q, whole, method)
  const [t, given] = promoteFloats(caller, nonEmpty(caller, x, axis === undefined ? {} : { axis }), q)
  const axes = normalizeAxes(caller, axis, t.ndim)
  const { lines, kept } = linesOf(t, axes)
  const share = whole === 1 ? given : divide(given, whole)
  const values = atShares(lines, reshape(share, [share.size]), method, skipNaN)
  const out = reshape(values, [...(keepdims ? t.shape.map((n, k) => (axes.includes(k) ? 1 : n)) : kept), share.size])
  return given.ndim === 0 ? reshape(out, out.shape.slice(0, -1)) : moveaxis(out, -1, 0)
}

/** The reduced axes as one last axis. */
function linesOf(t: Tensor, axes: readonly number[]): { readonly lines: Tensor; readonly kept: readonly number[] } {
  const others = t.shape.map((_, k) => k).filter(k => !axes.includes(k))
  const kept = others.map(k => t.shape[k] as number)
  const length = axes.reduce((n, k) => n * (t.shape[k] as number), 1)
  return { lines: reshape(transpose(t, [...others, ...axes]), [...kept, length]), kept }
}

/** `[..., n]` lines and `[m]` shares give `[..., m]`. */
function atShares(lines: Tensor, shares: Tensor, method: QuantileMethod, skipNaN: boolean): Tensor {
  const missing = isnan(lines)
  const last = skipNaN
    ? maximum(subtract(sum(where(missing, 0, astype(1, lines.dtype)), { axis: -1, keepdims: true }), 1), 0)
    : (lines.shape.at(-1) as number) - 1
  const position = broadcastTo(multiply(shares, last), [...lines.shape.slice(0, -1), shares.size])
  // NaN come last in sorted lines.
  const sorted = sort(lines)
  const at = (i: Tensor): Tensor => takeAlongAxis(sorted, astype(i, 'int32'), -1, { mode: 'clip' })
  const out = interpolated(at, position, method)
  return skipNaN ? out : where(expandDims(any(missing, { axis: -1 }), -1), NaN, out)
}

function interpolated(at: (i: Tensor) => Tensor, position: Tensor, method: QuantileMethod): Tensor {
  const below = floor(position),
    low = at(below)
  switch (method) {
    case 'lower':
      return low
    case 'higher':
      return at(ceil(position))
    case 'nearest':
      return at(round(position))
    case 'midpoint':
      return add(multiply(0.5, low), multiply(0.5, at(ceil(position))))
    case 'linear': {
      const weight = subtract(position, below)
      // Without weight, an infinite element would count as 0 times infinity.
      const high = at(ceil(position))
      const mean = add(multiply(low, subtract(1, weight)), multiply(high, weight))
      return where(equal(weight, 0), low, mean)
    }
  }
}
