/** The Poisson distribution, by the two algorithms of JAX, NumPy and TensorFlow. */
import { fail } from '../errors.ts'
import { abs, add, divide, multiply, negative, subtract } from '../primitives/arithmetic.ts'
import { bitwiseAnd, bitwiseNot, bitwiseOr } from '../primitives/bitwise.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { astype, scalarOf } from '../primitives/cast.ts'
import { equal, greater, greaterEqual, isnan, less, lessEqual } from '../primitives/comparison.ts'
import { log, sqrt } from '../primitives/exponential.ts'
import { any } from '../primitives/reduce.ts'
import { floor } from '../primitives/rounding.ts'
import { where } from '../primitives/select.ts'
import { stopGradient } from '../primitives/stopGradient.ts'
import type { Shape } from '../shape.ts'
import { gammaln } from '../special/gamma.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { whileLoop } from '../transforms/loops.ts'
import { checkDraw, uniform } from './bits.ts'
import { parameter } from './gamma.ts'
import { type Key, single, split } from './key.ts'

/** From here on rejection is used. */
const LARGE = 10
/** Rates beyond have draws that are no int32. */
const BOUND = 2 ** 30

/** Uniform numbers are multiplied until the product is below exp(-rate) (D. Knuth, The Art of Computer Programming 2, 3.4.1). */
function byProducts(key: Key, rate: Tensor): Tensor {
  const floor = negative(rate),
    zeros = multiply(rate, 0)
  const init: readonly [Key, Tensor, Tensor] = [key, astype(zeros, 'int32'), zeros]
  const [, count] = whileLoop(
    ([, , logProduct]) => any(greater(logProduct, floor)),
    ([key, count, logProduct]) => {
      const [next, sub] = split(key)
      const counted = add(count, astype(greater(logProduct, floor), 'int32'))
      return [next, counted, add(logProduct, log(uniform(sub, rate.shape)))] as const
    },
    init,
  )
  return subtract(count, 1)
}

/** Transformed rejection: W. Hormann, "The transformed rejection method for generating Poisson random variables", 1993 (PTRS). */
function byRejection(key: Key, rate: Tensor): Tensor {
  const b = add(0.931, multiply(2.53, sqrt(rate))),
    a = add(-0.059, multiply(0.02483, b))
  const inverseAlpha = add(1.1239, divide(1.1328, subtract(b, 3.4))),
    squeeze = subtract(0.9277, divide(3.6224, subtract(b, 2))),
    logRate = log(rate)
  const shape = rate.shape
  const init: readonly [Key, Tensor, Tensor] = [key, broadcastTo(scalarOf(-1, 'float32'), shape), broadcastTo(scalarOf(0, 'bool'), shape)]
  const [, out] = whileLoop(
    ([, , accepted]) => any(bitwiseNot(accepted)),
    ([key, out, accepted]) => {
      const [next, forU, forV] = split(key, 3)
      const u = subtract(uniform(forU, shape), 0.5),
        v = uniform(forV, shape),
        shifted = subtract(0.5, abs(u))
      const k = floor(add(add(multiply(add(divide(multiply(2, a), shifted), b), u), rate), 0.43))
      const s = log(divide(multiply(v, inverseAlpha), add(divide(a, multiply(shifted, shifted)), b)))
      const t = subtract(subtract(multiply(k, logRate), rate), gammaln(add(k, 1)))
      const atOnce = bitwiseAnd(greaterEqual(shifted, 0.07), lessEqual(v, squeeze))
      const outside = bitwiseOr(less(k, 0), bitwiseAnd(less(shifted, 0.013), greater(v, shifted)))
      const accept = bitwiseOr(atOnce, bitwiseAnd(bitwiseNot(outside), lessEqual(s, t)))
      return [next, where(accept, k, out), bitwiseOr(accepted, accept)] as const
    },
    init,
  )
  return astype(out, 'int32')
}

/**
 * Poisson counts (int32) with the rates `lam`, which broadcast to `shape`, their own by default. -1 for rates that are negative, NaN or above 2^30. JAX:
 * `random.poisson`.
 */
export function poisson(key: Key, lam: TensorLike, shape?: Shape): Tensor {
  single('poisson', key)
  const given = toTensor(lam, 'random.poisson')
  if (given.dtype === 'bool') fail('DTypeError', 'random.poisson: lam must be numbers, got bool.')
  const drawn = shape ?? given.shape
  checkDraw('poisson', key, drawn)
  const rate = stopGradient(parameter('random.poisson', 'lam', given, drawn, 'float32'))
  const isSmall = bitwiseOr(isnan(rate), less(rate, LARGE)),
    isLarge = bitwiseAnd(greaterEqual(rate, LARGE), lessEqual(rate, BOUND))
  const small = byProducts(key, where(isSmall, rate, 0)),
    large = byRejection(key, where(isLarge, rate, 1e5))
  const counts = where(isSmall, small, where(isLarge, large, scalarOf(-1, 'int32')))
  return where(equal(rate, 0), scalarOf(0, 'int32'), counts)
}
