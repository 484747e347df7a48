/** Reductions that are composed: mean, variance, counting, log-sum-exp. */
import type { DType } from '../dtype.ts'
import { fail, inNameOf } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { add, divide, maximum, multiply, subtract } from '../primitives/arithmetic.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { astype, inFloat32, promoteElementwise, promoteFloats, toBool, toFloat } from '../primitives/cast.ts'
import { equal, isfinite } from '../primitives/comparison.ts'
import { exp, log, sqrt, square } from '../primitives/exponential.ts'
import { kept, maskOf, type MaskedReduce } from '../primitives/masked.ts'
import { max, min, nonEmpty, sum } from '../primitives/reduce.ts'
import { reshape, squeeze } from '../primitives/reshape.ts'
import { where } from '../primitives/select.ts'
import { constantOf } from '../primitives/stopGradient.ts'
import { normalizeAxes, sameShape, showShape, withAxes } from '../shape.ts'
import { type Reduce, type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { floatsOf } from './floatsOf.ts'
import { atNonZero } from './guards.ts'

/** How many elements are reduced into one. */
const countOf = (where: string, t: Tensor, { axis }: Reduce): number =>
  normalizeAxes(where, axis, t.ndim).reduce((n, k) => n * (t.shape[k] as number), 1)

/** How many elements make up each result: a number, or a tensor where a mask leaves some out. */
function counted(where: string, t: Tensor, { where: mask, ...options }: MaskedReduce): Tensor | number {
  return mask === undefined ? countOf(where, t, options) : sum(astype(maskOf(where, mask, t), t.dtype), options)
}

export interface Mean extends MaskedReduce {
  /** The float dtype of the result. Default: that of x, float32 for integers. */
  readonly dtype?: DType
}

/**
 * Arithmetic mean over axes (default: all) of the elements that `where` keeps; integers give float32, no elements NaN. NumPy: `mean`.
 *
 * @example mean(losses, { where: mask }) // of the positions that are no padding
 */
export function mean(x: TensorLike, options: Mean = {}): Tensor {
  const { dtype, ...rest } = checkOptions('mean', options, 'axis', 'keepdims', 'where', 'dtype')
  return meanOf('mean', floatsOf('mean', x, dtype), rest)
}
const meanOf = (where: string, t: Tensor, options: MaskedReduce): Tensor =>
  inFloat32(t, x => inNameOf(where, () => divide(sum(x, options), counted(where, x, options))))

export interface Variance extends Mean {
  /** The divisor is the number of elements less this. Default 0; 1 estimates the variance of a population from a sample. */
  readonly ddof?: number
}

/** Mean squared deviation from the mean, over axes (default: all), of the elements that `where` keeps. NumPy: `var`. */
export function variance(x: TensorLike, options: Variance = {}): Tensor {
  checkOptions('variance', options, 'axis', 'keepdims', 'where', 'dtype', 'ddof')
  return deviation('variance', x, options)
}
function deviation(caller: string, x: TensorLike, { ddof = 0, dtype, ...options }: Variance): Tensor {
  return inFloat32(floatsOf(caller, x, dtype), given => {
    // What is left out must not reach the derivative either, where it is NaN.
    const t = kept(caller, given, options.where, 0)
    const centred = subtract(t, meanOf(caller, t, { ...options, keepdims: true })),
      n = counted(caller, t, options)
    return divide(sum(square(centred), options), typeof n === 'number' ? Math.max(0, n - ddof) : maximum(subtract(n, ddof), 0))
  })
}
/**
 * Square root of the variance, with its options. Where all elements are equal its gradient is zero: the mathematical one does not exist.
 * NumPy: `std`.
 */
export function std(x: TensorLike, options: Variance = {}): Tensor {
  checkOptions('std', options, 'axis', 'keepdims', 'where', 'dtype', 'ddof')
  return atNonZero(deviation('std', x, options), sqrt)
}

export interface Average extends Reduce {
  /** Of the shape of x, or a vector along the one `axis`. Default: equal. */
  readonly weights?: TensorLike
}

/** Weighted mean: sum(w x) / sum(w); with `returned` also the sum of the weights, for each mean. NumPy: `average`. */
export function average(x: TensorLike, options: Average & { readonly returned: true }): [average: Tensor, weights: Tensor]
export function average(x: TensorLike, options?: Average): Tensor
export function average(x: TensorLike, all: Average & { readonly returned?: boolean } = {}): Tensor | [Tensor, Tensor] {
  const { weights, returned = false, ...options } = checkOptions('average', all, 'axis', 'keepdims', 'weights', 'returned')
  const given = toTensor(x, 'average')
  normalizeAxes('average', options.axis, given.ndim)
  const [t, w] = promoteFloats('average', x, weights ?? 1)
  if (weights === undefined && !returned) return mean(t, options)
  const full = sameShape(t.shape, w.shape) || weights === undefined ? broadcastTo(w, t.shape) : alongAxis(t, w, options.axis)
  const total = sum(full, options),
    result = divide(sum(multiply(t, full), options), total)
  return returned ? [result, total] : result
}

function alongAxis(t: Tensor, w: Tensor, axis: Reduce['axis']): Tensor {
  const axes = normalizeAxes('average', axis, t.ndim),
    k = axes[0]
  if (axis === undefined || axes.length !== 1 || w.ndim !== 1 || w.size !== t.shape[k as number])
    fail(
      'ShapeError',
      `average: weights of shape ${showShape(w.shape)} fit neither x of shape ${showShape(t.shape)} nor one axis of it. Give them the shape of x, or a vector and its axis.`,
    )
  return broadcastTo(
    reshape(
      w,
      t.shape.map((n, i) => (i === k ? n : 1)),
    ),
    t.shape,
  )
}

/** Number of elements that are not zero: int32. NumPy: `count_nonzero`. */
export function countNonzero(x: TensorLike, options: Reduce = {}): Tensor {
  checkOptions('countNonzero', options, 'axis', 'keepdims')
  const t = toBool('countNonzero', x)
  return sum(t, withAxes('countNonzero', t, options))
}

export interface Logsumexp extends MaskedReduce {
  /** What each exponential is multiplied by; broadcasts against x. A sum that is negative has no logarithm: NaN. */
  readonly b?: TensorLike
}

/**
 * log(sum(b exp(x))) over axes (default: all), without overflow: the maximum is taken out first. SciPy, JAX: `logsumexp`. The slope is zero
 * where all elements are -Infinity.
 */
export function logsumexp(x: TensorLike, given: Logsumexp = {}): Tensor {
  const { b, where: mask, ...options } = checkOptions('logsumexp', given, 'axis', 'keepdims', 'b', 'where')
  const [t, factors] = b === undefined ? [toFloat('logsumexp', x)] : promoteElementwise('logsumexp', ...promoteFloats('logsumexp', x, b))
  return inFloat32(kept('logsumexp', t as Tensor, mask, -Infinity), u => logOfSum(u, factors && astype(factors, u.dtype), options))
}
function logOfSum(x: Tensor, factors: Tensor | undefined, options: Reduce): Tensor {
  // An infinite term that does not count must not be the maximum.
  const t = factors === undefined ? x : where(equal(factors, 0), -Infinity, x)
  const axes = normalizeAxes('logsumexp', options.axis, t.ndim)
  if (axes.some(k => t.shape[k] === 0)) return log(sum(exp(t), options))
  const top = constantOf(max(t, { ...options, keepdims: true }))
  // The maximum may be infinite, and Infinity - Infinity is NaN.
  const shift = where(isfinite(top), top, 0)
  // The sum is zero only where all elements are -Infinity. The logarithm of a safe number there keeps the slopes at zero, not NaN.
  const shifted = exp(subtract(t, shift))
  const terms = sum(factors === undefined ? shifted : multiply(factors, shifted), options),
    isNone = equal(terms, 0)
  const total = where(isNone, -Infinity, log(where(isNone, 1, terms)))
  return add(total, options.keepdims === true ? shift : squeeze(shift, { axis: axes }))
}

/** Largest less smallest element along axes (default: all). NumPy: `ptp`. */
export function ptp(x: TensorLike, options: Reduce = {}): Tensor {
  return inNameOf('ptp', () => {
    checkOptions('ptp', options, 'axis', 'keepdims')
    const t = nonEmpty('ptp', x, options),
      axes = withAxes('ptp', t, options)
    return subtract(max(t, axes), min(t, axes))
  })
}
