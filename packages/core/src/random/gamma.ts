/** The gamma distribution and those made of it. Derivatives by the parameters are implicit: those of the draw at a fixed probability. */
import { type DType, isHalf } from '../dtype.ts'
import { fail, inNameOf } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { add, divide, maximum, multiply, negative, subtract } from '../primitives/arithmetic.ts'
import { bitwiseAnd, bitwiseOr } from '../primitives/bitwise.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { astype, scalarOf } from '../primitives/cast.ts'
import { equal, greaterEqual, lessEqual } from '../primitives/comparison.ts'
import { exp, log, sqrt } from '../primitives/exponential.ts'
import { max, sum } from '../primitives/reduce.ts'
import { ravel, reshape } from '../primitives/reshape.ts'
import { where } from '../primitives/select.ts'
import { stopGradient } from '../primitives/stopGradient.ts'
import { broadcastShapes, checkShape, sameShape, type Shape, showShape } from '../shape.ts'
import { logGammaVariableSlope } from '../special/incompleteGamma.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { customJvp } from '../transforms/custom.ts'
import { whileLoop } from '../transforms/loops.ts'
import { vmap } from '../transforms/vmap.ts'
import { checkDraw, type FloatOptions, floatDType, uniform } from './bits.ts'
import { exponential, normal } from './distributions.ts'
import { type Key, single, split, splitBatch } from './key.ts'

/** A parameter of a distribution as floats of the shape of the draw. */
export function parameter(where: string, name: string, x: TensorLike, shape: Shape, dtype: DType): Tensor {
  const t = astype(toTensor(x, where), dtype)
  if (!sameShape(broadcastShapes(where, t.shape, shape), shape))
    fail('ShapeError', `${where}: ${name} of shape ${showShape(t.shape)} does not broadcast to the shape ${showShape(shape)} of the draw.`)
  return broadcastTo(t, shape)
}
const shapeOf = (where: string, x: TensorLike): Shape => toTensor(x, where).shape

type Attempt = readonly [key: Key, square: Tensor, cube: Tensor, u: Tensor]

/**
 * The logarithm of one gamma variable of shape `a`. Rejection: G. Marsaglia & W. W. Tsang, "A simple method for generating gamma variables", 2000. Below 1
 * it is drawn for a + 1 and multiplied by u^(1 / a).
 */
function logGammaOne(key: Key, a: Tensor): Tensor {
  const { dtype } = a,
    number = (v: number): Tensor => scalarOf(v, dtype)
  const isLarge = greaterEqual(a, 1),
    d = subtract(where(isLarge, a, add(a, 1)), number(1 / 3)),
    c = divide(number(1 / 3), sqrt(d))
  const rejected = ([, square, cube, u]: Attempt): Tensor =>
    bitwiseAnd(
      greaterEqual(u, subtract(1, multiply(0.0331, multiply(square, square)))),
      greaterEqual(log(u), add(multiply(square, 0.5), multiply(d, add(subtract(1, cube), log(cube))))),
    )
  const attempt = ([key]: Attempt): Attempt => {
    const [next, forNormal, forUniform] = split(key, 3)
    const start: readonly [Key, Tensor, Tensor] = [forNormal, number(0), number(-1)]
    const [, x, v] = whileLoop(
      ([, , v]) => lessEqual(v, 0),
      ([k]) => {
        const [next, sub] = split(k),
          x = normal(sub, [], { dtype })
        return [next, x, add(1, multiply(x, c))] as const
      },
      start,
    )
    return [next, multiply(x, x), multiply(multiply(v, v), v), uniform(forUniform, [], { dtype })]
  }
  const [first, forBoost] = split(key)
  const init: Attempt = [first, number(0), number(1), number(2)]
  const [, , cube] = whileLoop(rejected, attempt, init)
  const logU = negative(exponential(forBoost, [], { dtype }))
  const boost = where(bitwiseOr(isLarge, equal(logU, 0)), 0, multiply(logU, divide(1, where(isLarge, 1, a))))
  return add(add(log(d), log(cube)), boost)
}

/** y, a draw for shape a, with its implicit derivative by a. The rule calls itself, since the slope depends on a by way of y too. */
const attached: (a: Tensor, y: Tensor) => Tensor = /* @__PURE__ */ customJvp(
  function logGammaVariable(_: Tensor, y: Tensor): Tensor {
    return y
  },
  ([a, y], [da, dy]) => {
    const z = attached(a, y)
    return [z, add(dy, multiply(da, logGammaVariableSlope(a, z)))]
  },
)

/** Logarithms of gamma variables for the shapes `a`, which has the shape of the draw. */
function logGammas(key: Key, a: Tensor): Tensor {
  const flat = ravel(stopGradient(a))
  const y = vmap(logGammaOne)(splitBatch(key, flat.size), flat)
  return attached(a, reshape(y, a.shape))
}

/**
 * Logarithms of gamma variables, finite where the variables underflow. `a`, the shape parameter, broadcasts to `shape`, which is its own by default. JAX:
 * `random.loggamma`.
 */
export function loggamma(key: Key, a: TensorLike, shape?: Shape, options: FloatOptions = {}): Tensor {
  checkOptions('loggamma', options, 'dtype')
  return drawLog('loggamma', key, 'a', a, shape, options, x => x)
}

function drawLog(
  name: string,
  key: Key,
  label: string,
  a: TensorLike,
  shape: Shape | undefined,
  options: FloatOptions,
  of: (log: Tensor) => Tensor,
): Tensor {
  single(name, key)
  const dtype = floatDType(`random.${name}`, options.dtype),
    drawn = shape ?? shapeOf(`random.${name}`, a)
  checkDraw(name, key, drawn)
  const wide = isHalf(dtype) ? 'float32' : dtype
  return astype(of(logGammas(key, parameter(`random.${name}`, label, a, drawn, wide))), dtype)
}

/**
 * Gamma variables of shape parameter `a` and scale 1; multiply them by a scale. `a` broadcasts to `shape`, which is its own by default. The derivative by `a`
 * is implicit, so that gradients of expectations can be estimated. JAX: `random.gamma`.
 *
 * @example grad(a => gamma(key(0), a, [1000]).mean())(2) // about 1, since the mean is a
 */
export function gamma(key: Key, a: TensorLike, shape?: Shape, options: FloatOptions = {}): Tensor {
  checkOptions('gamma', options, 'dtype')
  return drawLog('gamma', key, 'a', a, shape, options, exp)
}

/** Chi-squared variables with `df` degrees of freedom, which broadcasts to `shape`, its own by default. JAX: `random.chisquare`. */
export function chisquare(key: Key, df: TensorLike, shape?: Shape, options: FloatOptions = {}): Tensor {
  checkOptions('chisquare', options, 'dtype')
  if (shape !== undefined) checkShape('random.chisquare', shape)
  const half = divide(toTensor(df, 'random.chisquare'), 2)
  return drawLog('chisquare', key, 'df', half, shape, options, log => multiply(2, exp(log)))
}

/** Variables of Student's distribution with `df` degrees of freedom, which broadcasts to `shape`, its own by default. JAX: `random.t`. */
export function t(key: Key, df: TensorLike, shape?: Shape, options: FloatOptions = {}): Tensor {
  checkOptions('t', options, 'dtype')
  single('t', key)
  const dtype = floatDType('random.t', options.dtype),
    drawn = shape ?? shapeOf('random.t', df)
  checkDraw('t', key, drawn)
  if (isHalf(dtype)) return astype(t(key, df, drawn, { dtype: 'float32' }), dtype)
  const half = divide(parameter('random.t', 'df', df, drawn, dtype), 2),
    [forNormal, forGamma] = split(key)
  return multiply(normal(forNormal, drawn, { dtype }), sqrt(divide(half, exp(logGammas(forGamma, half)))))
}

/**
 * Beta variables: X / (X + Y) of gamma variables with shapes `a` and `b`, which broadcast to `shape`; by default the shape they broadcast to. JAX:
 * `random.beta`.
 */
export function beta(key: Key, a: TensorLike, b: TensorLike, shape?: Shape, options: FloatOptions = {}): Tensor {
  checkOptions('beta', options, 'dtype')
  single('beta', key)
  const where = 'random.beta',
    dtype = floatDType(where, options.dtype)
  const drawn = shape ?? broadcastShapes(where, shapeOf(where, a), shapeOf(where, b))
  checkDraw('beta', key, drawn)
  if (isHalf(dtype)) return astype(beta(key, a, b, drawn, { dtype: 'float32' }), dtype)
  const [forA, forB] = split(key)
  const x = logGammas(forA, parameter(where, 'a', a, drawn, dtype)),
    y = logGammas(forB, parameter(where, 'b', b, drawn, dtype))
  const top = stopGradient(maximum(x, y)),
    numerator = exp(subtract(x, top))
  return divide(numerator, add(numerator, exp(subtract(y, top))))
}

/**
 * Probabilities from the Dirichlet distribution with concentrations `alpha`, `[..., n]`: `[...shape, n]`, where `shape` is by default that of `alpha` without
 * its last axis. JAX: `random.dirichlet`.
 */
export function dirichlet(key: Key, alpha: TensorLike, shape?: Shape, options: FloatOptions = {}): Tensor {
  return inNameOf('random.dirichlet', () => {
    checkOptions('dirichlet', options, 'dtype')
    single('dirichlet', key)
    const where = 'random.dirichlet',
      dtype = floatDType(where, options.dtype),
      sizes = shapeOf(where, alpha)
    if (sizes.length === 0) fail('ShapeError', `${where}: alpha needs an axis of categories, got shape [].`)
    const drawn = [...(shape ?? sizes.slice(0, -1)), sizes.at(-1) as number]
    checkDraw('dirichlet', key, drawn)
    if (isHalf(dtype)) return astype(dirichlet(key, alpha, drawn.slice(0, -1), { dtype: 'float32' }), dtype)
    const logs = logGammas(key, parameter(where, 'alpha', alpha, drawn, dtype))
    const parts = exp(subtract(logs, stopGradient(max(logs, { axis: -1, keepdims: true }))))
    return divide(parts, sum(parts, { axis: -1, keepdims: true }))
  })
}
