/** Continuous and categorical distributions, made of uniform draws as in JAX. */
import { type DType, isHalf } from '../dtype.ts'
import { fail, inNameOf } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { add, divide, maximum, minimum, multiply, negative } from '../primitives/arithmetic.ts'
import { argmax } from '../primitives/argreduce.ts'
import { astype } from '../primitives/cast.ts'
import { less } from '../primitives/comparison.ts'
import { erfInv } from '../primitives/erfInv.ts'
import { log, log1p } from '../primitives/exponential.ts'
import { erf } from '../primitives/special.ts'
import { broadcastShapes, checkShape, normalizeAxis, sameShape, type Shape, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { checkDraw, type FloatOptions, floatDType, uniform } from './bits.ts'
import { type Key, single } from './key.ts'

/** The float next to -1 towards 0: erfInv is infinite at -1. */
export const aboveMinusOne = (dtype: DType): number => (dtype === 'float64' ? -1 + 2 ** -53 : -1 + 2 ** -24)
export const smallestNormal = (dtype: DType): number => (dtype === 'float64' ? 2 ** -1022 : 2 ** -126)

/** Standard normal floats: sqrt(2) erfInv(u), u uniform in (-1, 1). JAX: `random.normal`. */
export function normal(key: Key, shape: Shape = [], options: FloatOptions = {}): Tensor {
  checkOptions('normal', options, 'dtype')
  checkDraw('normal', key, shape)
  const dtype = floatDType('random.normal', options.dtype)
  if (isHalf(dtype)) return astype(normal(key, shape, { dtype: 'float32' }), dtype)
  return multiply(Math.SQRT2, erfInv(uniform(key, shape, { minval: aboveMinusOne(dtype), maxval: 1, dtype })))
}

/**
 * Standard normal floats between `lower` and `upper` (which broadcast against the shape). JAX: `random.truncated_normal`.
 *
 * @example truncatedNormal(key(0), -2, 2, [64, 10])
 */
export function truncatedNormal(key: Key, lower: TensorLike, upper: TensorLike, shape?: Shape, options: FloatOptions = {}): Tensor {
  return inNameOf('random.truncatedNormal', () => {
    checkOptions('truncatedNormal', options, 'dtype')
    single('truncatedNormal', key)
    const dtype = floatDType('random.truncatedNormal', options.dtype)
    if (isHalf(dtype)) return astype(truncatedNormal(key, lower, upper, shape, { dtype: 'float32' }), dtype)
    if (shape !== undefined) checkShape('random.truncatedNormal', shape)
    const low = astype(toTensor(lower, 'random.truncatedNormal'), dtype),
      high = astype(toTensor(upper, 'random.truncatedNormal'), dtype)
    const minval = erf(divide(low, Math.SQRT2)),
      maxval = erf(divide(high, Math.SQRT2))
    const u = uniform(key, shape ?? broadcastShapes('random.truncatedNormal', low.shape, high.shape), { minval, maxval, dtype })
    return minimum(maximum(multiply(Math.SQRT2, erfInv(u)), low), high)
  })
}

/** true with probability `p` (default 1/2; its shape is the default shape). JAX: `random.bernoulli`. */
export function bernoulli(key: Key, p: TensorLike = 0.5, shape?: Shape): Tensor {
  single('bernoulli', key)
  const probability = toTensor(p, 'random.bernoulli')
  return less(uniform(key, shape ?? probability.shape, { dtype: probability.dtype === 'float64' ? 'float64' : 'float32' }), probability)
}

/** Exponential floats with rate 1: -log(1 - u). JAX: `random.exponential`. */
export function exponential(key: Key, shape: Shape = [], options: FloatOptions = {}): Tensor {
  checkOptions('exponential', options, 'dtype')
  checkDraw('exponential', key, shape)
  const dtype = floatDType('random.exponential', options.dtype)
  if (isHalf(dtype)) return astype(exponential(key, shape, { dtype: 'float32' }), dtype)
  return negative(log1p(negative(uniform(key, shape, options))))
}

/** Standard Gumbel floats: -log(-log(u)). JAX: `random.gumbel`. */
export function gumbel(key: Key, shape: Shape = [], options: FloatOptions = {}): Tensor {
  checkOptions('gumbel', options, 'dtype')
  checkDraw('gumbel', key, shape)
  const dtype = floatDType('random.gumbel', options.dtype)
  if (isHalf(dtype)) return astype(gumbel(key, shape, { dtype: 'float32' }), dtype)
  return negative(log(negative(log(uniform(key, shape, { minval: smallestNormal(dtype), maxval: 1, dtype })))))
}

export interface CategoricalOptions {
  /** The axis of the categories. Default: the last. */
  readonly axis?: number
  /** Shape of the draw; ends with the shape of `logits` without `axis`, which is the default. */
  readonly shape?: Shape
}

/** Draws categories with probabilities softmax(logits), as int32. JAX: `random.categorical` (Gumbel's argmax). */
export function categorical(key: Key, logits: Tensor, options: CategoricalOptions = {}): Tensor {
  return inNameOf('random.categorical', () => {
    const { axis = -1, shape } = checkOptions('categorical', options, 'axis', 'shape')
    single('categorical', key)
    toTensor(logits, 'random.categorical')
    const k = normalizeAxis('random.categorical', axis, logits.ndim)
    const batch = logits.shape.filter((_, i) => i !== k),
      drawn = shape ?? batch
    const lead = drawn.slice(0, drawn.length - batch.length)
    if (!sameShape(drawn.slice(lead.length), batch))
      fail(
        'ShapeError',
        `random.categorical: shape ${showShape(drawn)} must end with ${showShape(batch)}, the shape of logits ${showShape(logits.shape)} without axis ${k}.`,
      )
    const noise = gumbel(key, [...lead, ...logits.shape], { dtype: logits.dtype === 'float64' ? 'float64' : 'float32' })
    return argmax(add(noise, logits), { axis: lead.length + k })
  })
}
