/** Reductions that pass over NaN. Integers and booleans have none, and are reduced as they are. */
import { isFloat } from '../dtype.ts'
import { inNameOf } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { divide, subtract } from '../primitives/arithmetic.ts'
import { argmax, argmin, type ArgReduce } from '../primitives/argreduce.ts'
import { astype, inFloat32 } from '../primitives/cast.ts'
import { isnan, lessEqual } from '../primitives/comparison.ts'
import { cumprod, cumsum, type CumulativeOptions } from '../primitives/cumulative.ts'
import { sqrt, square } from '../primitives/exponential.ts'
import { kept, type MaskedReduce, type ReduceFrom, type Total } from '../primitives/masked.ts'
import { all, max, min, nonEmpty, prod, sum } from '../primitives/reduce.ts'
import { where } from '../primitives/select.ts'
import { normalizeAxis, withAxes } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { atNonZero } from './guards.ts'
import type { Mean, Variance } from './reduction.ts'
import { floatsOf } from './floatsOf.ts'

/** x with a number in place of each NaN. */
const replaced = (t: Tensor, by: number): Tensor => (isFloat(t.dtype) ? where(isnan(t), by, t) : t)

/** Sum of the elements that are not NaN. NumPy: `nansum`. */
export function nansum(x: TensorLike, options: Total = {}): Tensor {
  checkOptions('nansum', options, 'axis', 'keepdims', 'where', 'initial', 'dtype')
  const t = toTensor(x, 'nansum')
  return inNameOf('nansum', () => sum(replaced(t, 0), withAxes('nansum', t, options)))
}
/** Product of the elements that are not NaN; its gradient is right at zeros too. NumPy: `nanprod`. */
export function nanprod(x: TensorLike, options: Total = {}): Tensor {
  checkOptions('nanprod', options, 'axis', 'keepdims', 'where', 'initial', 'dtype')
  const t = toTensor(x, 'nanprod')
  return inNameOf('nanprod', () => prod(replaced(t, 1), withAxes('nanprod', t, options)))
}

const axisOf = (caller: string, t: Tensor, options: CumulativeOptions): CumulativeOptions =>
  options.axis === undefined ? options : { ...options, axis: normalizeAxis(caller, options.axis, t.ndim) }
/** Running sum of the elements that are not NaN, along an axis (default: of all elements in order). NumPy: `nancumsum`. */
export function nancumsum(x: TensorLike, options: CumulativeOptions = {}): Tensor {
  checkOptions('nancumsum', options, 'axis', 'reverse')
  const t = toTensor(x, 'nancumsum')
  return cumsum(replaced(t, 0), axisOf('nancumsum', t, options))
}
/** Running product of the elements that are not NaN, along an axis (default: of all elements in order). NumPy: `nancumprod`. */
export function nancumprod(x: TensorLike, options: CumulativeOptions = {}): Tensor {
  checkOptions('nancumprod', options, 'axis', 'reverse')
  const t = toTensor(x, 'nancumprod')
  return cumprod(replaced(t, 1), axisOf('nancumprod', t, options))
}

function extremum(caller: string, x: TensorLike, options: ReduceFrom, of: typeof max, identity: number): Tensor {
  const { where: _, initial, ...reduced } = options
  const t = initial === undefined ? nonEmpty(caller, x, options) : toTensor(x, caller)
  const out = inNameOf(caller, () => of(replaced(t, identity), withAxes(caller, t, options)))
  return isFloat(t.dtype) && initial === undefined ? where(all(isnan(t), withAxes(caller, t, reduced)), NaN, out) : out
}
/**
 * Largest element that is not NaN, along axes (default: all); NaN, or `initial` if it is given, where there is none. Ties share the gradient
 * equally. NumPy: `nanmax`.
 */
export function nanmax(x: TensorLike, options: ReduceFrom = {}): Tensor {
  checkOptions('nanmax', options, 'axis', 'keepdims', 'where', 'initial')
  return extremum('nanmax', x, options, max, -Infinity)
}
/**
 * Smallest element that is not NaN, along axes (default: all); NaN, or `initial` if it is given, where there is none. Ties share the gradient
 * equally. NumPy: `nanmin`.
 */
export function nanmin(x: TensorLike, options: ReduceFrom = {}): Tensor {
  checkOptions('nanmin', options, 'axis', 'keepdims', 'where', 'initial')
  return extremum('nanmin', x, options, min, Infinity)
}

function position(caller: string, x: TensorLike, options: ArgReduce, of: typeof argmax, identity: number): Tensor {
  const given = options.axis === undefined ? {} : { axis: options.axis }
  const t = nonEmpty(caller, x, given)
  if (!isFloat(t.dtype)) return of(t, options)
  const none = all(isnan(t), { ...given, ...(options.keepdims !== undefined && { keepdims: options.keepdims }) })
  return where(none, -1, of(replaced(t, identity), options))
}
/**
 * Position (int32) of the largest element that is not NaN, along an axis (default: in the flattened tensor); -1 where all are NaN, as JAX.
 * A NaN counts as -Infinity. NumPy: `nanargmax`.
 */
export function nanargmax(x: TensorLike, options: ArgReduce = {}): Tensor {
  checkOptions('nanargmax', options, 'axis', 'keepdims')
  return position('nanargmax', x, options, argmax, -Infinity)
}
/**
 * Position (int32) of the smallest element that is not NaN, along an axis (default: in the flattened tensor); -1 where all are NaN, as JAX.
 * A NaN counts as Infinity. NumPy: `nanargmin`.
 */
export function nanargmin(x: TensorLike, options: ArgReduce = {}): Tensor {
  checkOptions('nanargmin', options, 'axis', 'keepdims')
  return position('nanargmin', x, options, argmin, Infinity)
}

/** How many elements are not NaN, in the dtype of t. */
const countOf = (t: Tensor, options: MaskedReduce): Tensor => sum(where(isnan(t), 0, astype(1, t.dtype)), options)

/** Mean of the elements that are not NaN; NaN where there is none. Options as those of `mean`. NumPy: `nanmean`. */
export function nanmean(x: TensorLike, options: Mean = {}): Tensor {
  const { dtype, ...rest } = checkOptions('nanmean', options, 'axis', 'keepdims', 'where', 'dtype')
  const given = toTensor(x, 'nanmean'),
    axes = withAxes('nanmean', given, rest)
  return inFloat32(floatsOf('nanmean', given, dtype), t => inNameOf('nanmean', () => divide(sum(replaced(t, 0), axes), countOf(t, axes))))
}

function deviation(caller: string, x: TensorLike, { dtype, ...options }: Variance): Tensor {
  // Axes are refused before anything is computed.
  const given = toTensor(x, caller),
    axes = withAxes(caller, given, options)
  return inFloat32(floatsOf(caller, given, dtype), t => inNameOf(caller, () => meanSquare(caller, t, axes)))
}
function meanSquare(caller: string, t: Tensor, { ddof = 0, ...axes }: Variance): Tensor {
  const keepdims = { ...axes, keepdims: true }
  // What is left out must not reach the derivative either, where it is infinite.
  const known = kept(caller, replaced(t, 0), axes.where, 0)
  const count = countOf(t, keepdims)
  // The mean of no element: any number will do, since the result is NaN.
  const centred = subtract(known, divide(sum(known, keepdims), where(lessEqual(count, 0), 1, count)))
  const squares = sum(where(isnan(t), 0, square(centred)), axes)
  const divisor = subtract(countOf(t, axes), ddof),
    undetermined = lessEqual(divisor, 0)
  return where(undetermined, NaN, divide(squares, where(undetermined, 1, divisor)))
}
/** Variance of the elements that are not NaN; NaN where there are not more than `ddof`. NumPy: `nanvar`. */
export function nanvar(x: TensorLike, options: Variance = {}): Tensor {
  checkOptions('nanvar', options, 'axis', 'keepdims', 'where', 'dtype', 'ddof')
  return deviation('nanvar', x, options)
}
/** Square root of `nanvar`. Where all elements are equal its gradient is zero: the mathematical one does not exist. NumPy: `nanstd`. */
export function nanstd(x: TensorLike, options: Variance = {}): Tensor {
  checkOptions('nanstd', options, 'axis', 'keepdims', 'where', 'dtype', 'ddof')
  return atNonZero(deviation('nanstd', x, options), sqrt)
}
