/**
 * The incomplete gamma functions by quadrature of
 *
 *     P(a, x) = D(a, x) I,  I = int_0^oo exp(-a s + x (1 - exp(-s))) ds     (t = x exp(-s) in int_0^x t^(a-1) exp(-t) dt / Gamma(a))
 *     Q(a, x) = D(a, x) J,  J = int_0^oo (1 + v)^(a-1) exp(-x v) dv         (t = x (1 + v))
 *
 * with D = x^a exp(-x) / Gamma(a). Where P is the smaller part I is used, at a + 1 and by the recurrence P(a) = P(a + 1) + D / a, elsewhere J: so both
 * integrands fall from 1 to 0, and the double exponential rule of H. Takahasi & M. Mori, 1974, s = L exp(u - exp(-u)), takes 40 nodes for 12 digits.
 * A fixed sum is smooth in a and x, so derivatives by both, of any order and in both modes, are those of the sum.
 */
import { abs, add, divide, maximum, multiply, negative, subtract } from '../primitives/arithmetic.ts'
import { bitwiseAnd, bitwiseOr } from '../primitives/bitwise.ts'
import { promoteElementwise, promoteFloats, scalarOf } from '../primitives/cast.ts'
import { equal, greater, greaterEqual, less, lessEqual } from '../primitives/comparison.ts'
import { exp, expm1, log, log1p, reciprocal, sqrt } from '../primitives/exponential.ts'
import { iota } from '../primitives/iota.ts'
import { sum } from '../primitives/reduce.ts'
import { expandDims } from '../primitives/reshape.ts'
import { where } from '../primitives/select.ts'
import { stopGradient } from '../primitives/stopGradient.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { jit } from '../transforms/jit.ts'
import { digamma, gammaln } from './gamma.ts'

const NODES = 40,
  FIRST = -3.1,
  LAST = 4

/** Nodes and weights for the scale 1, `[40]`. */
function rule(dtype: Tensor['dtype']): readonly [nodes: Tensor, weights: Tensor] {
  const step = (LAST - FIRST) / (NODES - 1)
  const u = add(multiply(iota([NODES], { dtype }), scalarOf(step, dtype)), scalarOf(FIRST, dtype)),
    decay = exp(negative(u))
  const nodes = exp(subtract(u, decay))
  return [nodes, multiply(multiply(nodes, add(decay, 1)), step)]
}

interface Integrals {
  /** Is x below a (or below 1)? Then `value` is I, else J. */
  readonly isLow: Tensor
  readonly value: Tensor
  /** Of the integral at a + 1 (low) or a (high), minus or plus its derivative by a. */
  readonly slope: Tensor
}

/** For a, x > 0, both finite. */
function integrals(a: Tensor, x: Tensor): Integrals {
  const isLow = lessEqual(x, maximum(a, 1)),
    order = where(isLow, add(a, 1), a)
  // The sum does not depend on the scale but for its error.
  const scale = stopGradient(reciprocal(add(abs(subtract(order, x)), sqrt(x))))
  const [nodes, weights] = rule(a.dtype),
    column = (t: Tensor): Tensor => expandDims(t, -1)
  const s = multiply(column(scale), nodes),
    grown = log1p(s)
  const low = subtract(multiply(negative(column(order)), s), multiply(column(x), expm1(negative(s)))),
    high = subtract(multiply(subtract(column(order), 1), grown), multiply(column(x), s))
  const terms = multiply(exp(where(column(isLow), low, high)), weights)
  const total = multiply(scale, sum(terms, { axis: -1 }))
  return {
    isLow,
    value: where(isLow, divide(add(1, multiply(x, total)), a), total),
    slope: multiply(scale, sum(multiply(terms, where(column(isLow), s, grown)), { axis: -1 })),
  }
}

/** Terms of the asymptotic series of log Gamma(a) - ((a - 1/2) log a - a + log(2 pi) / 2). */
const stirling = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188]
const LARGE = 12

/** log D(a, x). For large a without the difference of large terms: with m = (x - a) / a, a (log1p(m) - m) + log(a / 2 pi) / 2 - series. */
function logPrefactor(a: Tensor, x: Tensor): Tensor {
  const isLarge = greater(a, LARGE),
    large = where(isLarge, a, LARGE),
    small = where(isLarge, LARGE, a)
  const inverse = reciprocal(large),
    square = multiply(inverse, inverse)
  const series = multiply(
    inverse,
    [...stirling].reverse().reduce<Tensor>((sum, c) => add(multiply(sum, square), c), multiply(square, 0)),
  )
  const m = divide(subtract(x, large), large)
  const forLarge = subtract(add(multiply(large, subtract(log1p(m), m)), multiply(0.5, log(divide(large, 2 * Math.PI)))), series)
  return where(isLarge, forLarge, subtract(subtract(multiply(small, log(x)), x), gammaln(small)))
}

const smallerPart = /* @__PURE__ */ jit(function incompleteGamma(a: Tensor, x: Tensor): readonly [isLow: Tensor, part: Tensor] {
  const { isLow, value } = integrals(a, x)
  return [isLow, multiply(exp(logPrefactor(a, x)), value)]
})

/** P (`lower`) or Q for all a and x: at the ends of the domain the limits, outside NaN. */
function regularized(where_: string, a0: TensorLike, x0: TensorLike, lower: boolean): Tensor {
  const [a, x] = promoteElementwise(where_, ...promoteFloats(where_, a0, x0))
  const inside = bitwiseAnd(bitwiseAnd(greater(a, 0), less(a, Infinity)), bitwiseAnd(greater(x, 0), less(x, Infinity)))
  const [isLow, part] = smallerPart(where(inside, a, 1), where(inside, x, 1))
  const rest = subtract(1, part)
  const value = lower ? where(isLow, part, rest) : where(isLow, rest, part)
  // P is 0 at x = 0 and for infinite a, 1 at a = 0 and for infinite x; NaN where both.
  const zero = bitwiseAnd(bitwiseOr(equal(x, 0), equal(a, Infinity)), bitwiseAnd(greater(a, 0), less(x, Infinity)))
  const one = bitwiseAnd(
    bitwiseOr(equal(a, 0), equal(x, Infinity)),
    bitwiseAnd(bitwiseAnd(greaterEqual(a, 0), less(a, Infinity)), greater(x, 0)),
  )
  return where(inside, value, where(zero, lower ? 0 : 1, where(one, lower ? 1 : 0, NaN)))
}

/**
 * The regularised lower incomplete gamma function P(a, x), the distribution function of the gamma distribution. Differentiable by both. At x = 0 its
 * derivatives are taken as 0. SciPy: `special.gammainc`.
 *
 * @example gammainc(1, x) // 1 - exp(-x)
 */
export function gammainc(a: TensorLike, x: TensorLike): Tensor {
  return regularized('gammainc', a, x, true)
}
/** The regularised upper incomplete gamma function Q(a, x) = 1 - P(a, x). SciPy: `special.gammaincc`. */
export function gammaincc(a: TensorLike, x: TensorLike): Tensor {
  return regularized('gammaincc', a, x, false)
}

/**
 * How the logarithm y of a gamma variable moves with its shape a at a fixed probability, dy/da = -(dP/da) / (x dP/dx) (M. Figurnov, S. Mohamed & A. Mnih,
 * "Implicit reparameterization gradients", 2018). All terms are positive, and finite where x = exp(y) underflows.
 */
export const logGammaVariableSlope: (a: Tensor, y: Tensor) => Tensor = /* @__PURE__ */ jit(function logGammaVariableSlope(
  a: Tensor,
  y: Tensor,
): Tensor {
  const x = exp(y),
    { isLow, value, slope } = integrals(a, x)
  const low = add(multiply(subtract(digamma(add(a, 1)), y), value), multiply(divide(x, a), slope))
  return where(isLow, low, add(multiply(subtract(y, digamma(a)), value), slope))
})
