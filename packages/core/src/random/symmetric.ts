/** Distributions that are one function of one uniform number, made as in JAX. */
import { type DType, isHalf } from '../dtype.ts'
import { checkOptions } from '../options.ts'
import { abs, multiply, negative, sign, subtract } from '../primitives/arithmetic.ts'
import { astype, scalarOf } from '../primitives/cast.ts'
import { log, log1p } from '../primitives/exponential.ts'
import { tan } from '../primitives/trigonometric.ts'
import type { Shape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { checkDraw, type FloatOptions, floatDType, uniform } from './bits.ts'
import { aboveMinusOne, bernoulli, smallestNormal } from './distributions.ts'
import type { Key } from './key.ts'

/** Laplace floats, of density exp(-|x|) / 2: sign(u) log(1 - |u|), u uniform in (-1, 1). JAX: `random.laplace`. */
export function laplace(key: Key, shape: Shape = [], options: FloatOptions = {}): Tensor {
  checkOptions('laplace', options, 'dtype')
  checkDraw('laplace', key, shape)
  const dtype = floatDType('random.laplace', options.dtype)
  if (isHalf(dtype)) return astype(laplace(key, shape, { dtype: 'float32' }), dtype)
  const u = uniform(key, shape, { minval: aboveMinusOne(dtype), maxval: 1, dtype })
  return multiply(sign(u), log1p(negative(abs(u))))
}

/** Logistic floats: log(u / (1 - u)). JAX: `random.logistic`. */
export function logistic(key: Key, shape: Shape = [], options: FloatOptions = {}): Tensor {
  checkOptions('logistic', options, 'dtype')
  checkDraw('logistic', key, shape)
  const dtype = floatDType('random.logistic', options.dtype)
  if (isHalf(dtype)) return astype(logistic(key, shape, { dtype: 'float32' }), dtype)
  const u = uniform(key, shape, { minval: smallestNormal(dtype), maxval: 1, dtype })
  return subtract(log(u), log1p(negative(u)))
}

/** Cauchy floats: tan(pi (u - 1/2)). They have no mean. JAX: `random.cauchy`. */
export function cauchy(key: Key, shape: Shape = [], options: FloatOptions = {}): Tensor {
  checkOptions('cauchy', options, 'dtype')
  checkDraw('cauchy', key, shape)
  const dtype = floatDType('random.cauchy', options.dtype)
  if (isHalf(dtype)) return astype(cauchy(key, shape, { dtype: 'float32' }), dtype)
  const u = uniform(key, shape, { minval: dtype === 'float64' ? 2 ** -52 : 2 ** -23, maxval: 1, dtype })
  return tan(multiply(Math.PI, subtract(u, 0.5)))
}

/** -1 or 1 with equal chances, int32 unless another dtype is given. JAX: `random.rademacher`. */
export function rademacher(key: Key, shape: Shape = [], options: { readonly dtype?: DType } = {}): Tensor {
  const { dtype = 'int32' } = checkOptions('rademacher', options, 'dtype')
  checkDraw('rademacher', key, shape)
  const signed = dtype === 'int32' ? dtype : floatDType('random.rademacher', dtype)
  return subtract(multiply(astype(bernoulli(key, 0.5, shape), signed), scalarOf(2, signed)), scalarOf(1, signed))
}
