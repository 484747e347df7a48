/** Random vectors and matrices. */
import { isHalf } from '../dtype.ts'
import { fail } from '../errors.ts'
import { eigh } from '../linalg/eigh.ts'
import { cholesky } from '../linalg/cholesky.ts'
import { qr } from '../linalg/qr.ts'
import { svd } from '../linalg/svd.ts'
import { diagonal } from '../numpy/creation.ts'
import { matmul } from '../numpy/linalg.ts'
import { checkOptions } from '../options.ts'
import { abs, add, divide, multiply, sign } from '../primitives/arithmetic.ts'
import { astype } from '../primitives/cast.ts'
import { power, sqrt } from '../primitives/exponential.ts'
import { sum } from '../primitives/reduce.ts'
import { expandDims, squeeze } from '../primitives/reshape.ts'
import { swapaxes } from '../primitives/transpose.ts'
import { broadcastShapes, sameShape, type Shape, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { checkDraw, type FloatOptions, floatDType } from './bits.ts'
import { exponential, normal } from './distributions.ts'
import { gamma } from './gamma.ts'
import { type Key, single, split } from './key.ts'
import { rademacher } from './symmetric.ts'

export interface MultivariateNormalOptions extends FloatOptions {
  /** How the covariance is factored: `cholesky` (default, positive definite), `eigh` or `svd` (also semi-definite). */
  readonly method?: 'cholesky' | 'eigh' | 'svd'
}

/** F with F F^T = covariance. */
function factor(covariance: Tensor, method: string): Tensor {
  switch (method) {
    case 'cholesky':
      return cholesky(covariance)
    case 'eigh': {
      const [values, vectors] = eigh(covariance)
      return multiply(vectors, expandDims(sqrt(values), -2))
    }
    case 'svd': {
      const [u, values] = svd(covariance)
      return multiply(u, expandDims(sqrt(values), -2))
    }
    default:
      return fail('ValueError', `random.multivariateNormal: method must be 'cholesky', 'eigh' or 'svd', got '${method}'.`)
  }
}

/**
 * Normal vectors `[...shape, n]` with `mean` `[..., n]` and covariance `cov` `[..., n, n]`, whose leading axes broadcast to `shape`; by default the shape they
 * broadcast to. Differentiable by both. JAX: `random.multivariate_normal`.
 */
export function multivariateNormal(
  key: Key,
  mean: TensorLike,
  cov: TensorLike,
  shape?: Shape,
  options: MultivariateNormalOptions = {},
): Tensor {
  checkOptions('multivariateNormal', options, 'dtype', 'method')
  single('multivariateNormal', key)
  const where = 'random.multivariateNormal',
    dtype = floatDType(where, options.dtype)
  if (isHalf(dtype)) return astype(multivariateNormal(key, mean, cov, shape, { ...options, dtype: 'float32' }), dtype)
  const m = astype(toTensor(mean, where), dtype),
    c = astype(toTensor(cov, where), dtype),
    n = m.shape.at(-1)
  if (n === undefined || c.ndim < 2 || c.shape.at(-1) !== n || c.shape.at(-2) !== n)
    fail('ShapeError', `${where}: needs a mean [..., n] and a cov [..., n, n], got ${showShape(m.shape)} and ${showShape(c.shape)}.`)
  const batch = broadcastShapes(where, m.shape.slice(0, -1), c.shape.slice(0, -2)),
    lead = shape ?? batch
  if (!sameShape(broadcastShapes(where, batch, lead), lead))
    fail(
      'ShapeError',
      `${where}: mean ${showShape(m.shape)} and cov ${showShape(c.shape)} do not broadcast to the shape ${showShape(lead)} of the draw.`,
    )
  checkDraw('multivariateNormal', key, lead)
  const noise = normal(key, [...lead, n], { dtype })
  return add(m, squeeze(matmul(factor(c, options.method ?? 'cholesky'), expandDims(noise, -1)), { axis: -1 }))
}

export interface OrthogonalOptions extends FloatOptions {
  /** Columns, if not n. */
  readonly m?: number
  /** Leading axes of the result. */
  readonly shape?: Shape
}

/**
 * Matrices `[...shape, n, m]` with orthonormal columns (rows, if m > n), uniform by the Haar measure: the factor Q of a normal matrix, with signs for which R
 * has a positive diagonal. JAX: `random.orthogonal`.
 */
export function orthogonal(key: Key, n: number, given: OrthogonalOptions = {}): Tensor {
  const { m = n, shape = [], ...options } = checkOptions('orthogonal', given, 'dtype', 'm', 'shape')
  const dtype = floatDType('random.orthogonal', options.dtype)
  if (isHalf(dtype)) return astype(orthogonal(key, n, { m, shape, dtype: 'float32' }), dtype)
  checkDraw('orthogonal', key, [...shape, n, m])
  const [q, r] = qr(normal(key, [...shape, Math.max(n, m), Math.min(n, m)], { dtype }))
  const x = multiply(q, expandDims(sign(diagonal(r)), -2))
  return n < m ? swapaxes(x, -1, -2) : x
}

export interface BallOptions extends FloatOptions {
  /** The norm of the ball: sum |x|^p <= 1. Default 2. */
  readonly p?: number
  /** Leading axes of the result. */
  readonly shape?: Shape
}

/** Points `[...shape, d]` uniform in the unit ball of the p-norm (F. Barthe et al., 2005). JAX: `random.ball`. */
export function ball(key: Key, d: number, given: BallOptions = {}): Tensor {
  const { p = 2, shape = [], ...options } = checkOptions('ball', given, 'dtype', 'p', 'shape')
  const dtype = floatDType('random.ball', options.dtype)
  if (isHalf(dtype)) return astype(ball(key, d, { p, shape, dtype: 'float32' }), dtype)
  checkDraw('ball', key, [...shape, d])
  if (!(p > 0)) fail('ValueError', `random.ball: p must be positive, got ${p}.`)
  const [forPoint, forRadius] = split(key),
    [forSize, forSign] = split(forPoint)
  const size = power(gamma(forSize, 1 / p, [...shape, d], { dtype }), 1 / p)
  const point = multiply(rademacher(forSign, [...shape, d], { dtype }), size)
  const total = add(sum(power(abs(point), p), { axis: -1 }), exponential(forRadius, shape, { dtype }))
  return divide(point, expandDims(power(total, 1 / p), -1))
}
