/** The gamma function's logarithm and its derivatives, of real arguments of both signs. */
import { fail } from '../errors.ts'
import { abs, add, divide, minimum, multiply, negative, subtract } from '../primitives/arithmetic.ts'
import { bitwiseAnd } from '../primitives/bitwise.ts'
import { promoteElementwise, promoteFloats, toFloat } from '../primitives/cast.ts'
import { equal, isfinite, less } from '../primitives/comparison.ts'
import { log, log1p, power, reciprocal } from '../primitives/exponential.ts'
import { floor, round } from '../primitives/rounding.ts'
import { where } from '../primitives/select.ts'
import { sin, tan } from '../primitives/trigonometric.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { customJvp } from '../transforms/custom.ts'
import { jit } from '../transforms/jit.ts'
import { horner } from './polynomials.ts'

// C. Lanczos, "A precision approximation of the gamma function", 1964; coefficients of P. Godfrey for g = 7, as in XLA.
const G = 7
const lanczos = [
  676.520368121885098567009190444019, -1259.13921672240287047156078755283, 771.3234287776530788486528258894,
  -176.61502916214059906584551354, 12.507343278686904814458936853, -0.13857109526572011689554707, 9.984369578019570859563e-6,
  1.50563273514931155834e-7,
]

/** log Gamma(x) for x >= 1/2, and by reflection below. */
function lanczosLog(x: Tensor): Tensor {
  const mirrored = less(x, 0.5),
    z = where(mirrored, negative(x), subtract(x, 1))
  const series = lanczos.reduce<Tensor>(
    (sum, c, i) => add(sum, divide(c, add(z, i + 1))),
    multiply(add(multiply(z, 0), 1), 0.9999999999998099),
  )
  const t = add(z, G + 0.5),
    logT = add(log1p(divide(z, G + 0.5)), Math.log(G + 0.5))
  const right = add(add(multiply(subtract(add(z, 0.5), divide(t, logT)), logT), Math.log(2 * Math.PI) / 2), log(series))
  const size = abs(x),
    part = subtract(size, floor(size))
  const sine = log(sin(multiply(Math.PI, minimum(part, subtract(1, part)))))
  const left = where(isfinite(sine), subtract(subtract(Math.log(Math.PI), sine), right), negative(sine))
  return where(equal(size, Infinity), Infinity, where(mirrored, left, right))
}

const gammalnOf: (x: Tensor) => Tensor = /* @__PURE__ */ jit(
  /* @__PURE__ */ customJvp(
    function gammaln(x: Tensor): Tensor {
      return lanczosLog(x)
    },
    ([x], [t]) => [gammalnOf(x), multiply(t, polygammaOf(0)(x))],
  ),
)

/**
 * log |Gamma(x)|; infinite at 0, -1, -2, ... Near its zeros 1 and 2 the error is absolute, below a few units of 1. The derivative is `digamma`. SciPy:
 * `special.gammaln`.
 *
 * @example gammaln(5) // log 24
 */
export function gammaln(x: TensorLike): Tensor {
  return gammalnOf(toFloat('gammaln', x))
}

/** log |B(a, b)| = gammaln(a) + gammaln(b) - gammaln(a + b), and as exact as these. SciPy: `special.betaln`. */
export function betaln(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = promoteElementwise('betaln', ...promoteFloats('betaln', a, b))
  return subtract(add(gammaln(x), gammaln(y)), gammaln(add(x, y)))
}

/** B_2, B_4, ..., B_16. */
const bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510]
const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1))

/**
 * (-1)^(n+1) psi^(n)(y) for y >= 1/2: the sum of n! / (y + k)^(n+1) for k < shift, and the asymptotic series behind it. Abramowitz & Stegun 6.3.18,
 * 6.4.11.
 */
function shifted(n: number, y: Tensor): Tensor {
  const shift = 8 + n,
    z = add(y, shift),
    w = reciprocal(multiply(z, z))
  // sum_j B_2j (2j + n - 1)! / (2j)! / z^(2j + n): the highest power first.
  const series = bernoulli.map((b, i) => (b * factorial(2 * i + 1 + n)) / factorial(2 * i + 2)).reverse()
  const tail = multiply(horner([...series, 0], w), power(z, -n))
  const lead = n === 0 ? negative(log(z)) : multiply(factorial(n - 1), power(z, -n))
  const half = multiply(factorial(n) / 2, power(z, -n - 1))
  let sum = add(add(lead, half), tail)
  for (let k = shift - 1; k >= 0; k--) sum = add(sum, multiply(factorial(n), power(add(y, k), -n - 1)))
  return sum
}

/** The n-th derivative of cot(x), a polynomial in c = cot(x), since c' = -(1 + c^2): the highest power first. */
function cotangentDerivative(n: number): readonly number[] {
  let p: readonly number[] = [0, 1]
  for (let i = 0; i < n; i++) {
    const slope = p.slice(1).map((c, k) => c * (k + 1))
    p = Array.from({ length: slope.length + 2 }, (_, k) => -(slope[k] ?? 0) - (slope[k - 2] ?? 0))
  }
  return [...p].reverse()
}

/** psi^(n). Reflection: (-1)^n psi^(n)(1 - x) - psi^(n)(x) = pi times the n-th derivative of cot(pi x) (Abramowitz & Stegun 6.4.7). */
function polygammaValue(n: number, x: Tensor): Tensor {
  const mirrored = less(x, 0.5),
    right = multiply(n % 2 === 0 ? -1 : 1, shifted(n, where(mirrored, subtract(1, x), x)))
  const part = subtract(x, round(x)),
    cotangent = reciprocal(tan(multiply(Math.PI, part)))
  const poles = multiply(Math.PI ** (n + 1), n === 0 ? cotangent : horner(cotangentDerivative(n), cotangent))
  const left = subtract(n % 2 === 0 ? right : negative(right), poles)
  const value = where(mirrored, left, right)
  return n === 0 ? where(bitwiseAnd(less(x, 0), equal(part, 0)), NaN, value) : value
}

type Unary = (x: Tensor) => Tensor
const orders = /* @__PURE__ */ new Map<number, Unary>()

function polygammaOf(n: number): Unary {
  const known = orders.get(n)
  if (known !== undefined) return known
  const value = (x: Tensor): Tensor => polygammaValue(n, x)
  Object.defineProperty(value, 'name', { value: n === 0 ? 'digamma' : `polygamma${n}` })
  const f: Unary = jit(customJvp(value, ([x], [t]) => [f(x), multiply(t, polygammaOf(n + 1)(x))]))
  orders.set(n, f)
  return f
}

/** The derivative of `gammaln`. Minus infinity at 0, NaN at -1, -2, ... SciPy: `special.digamma`. */
export function digamma(x: TensorLike): Tensor {
  return polygammaOf(0)(toFloat('digamma', x))
}

const HIGHEST = 20

/**
 * The n-th derivative of `digamma`, n a plain number of 0 to 20. SciPy: `special.polygamma` (which takes tensors of orders, and positive x only).
 *
 * @example polygamma(1, 1) // pi^2 / 6
 */
export function polygamma(n: number, x: TensorLike): Tensor {
  if (!Number.isInteger(n) || n < 0 || n > HIGHEST)
    fail('ValueError', `polygamma: the order must be an integer of 0 to ${HIGHEST}, got ${String(n)}.`)
  return polygammaOf(n)(toFloat('polygamma', x))
}
