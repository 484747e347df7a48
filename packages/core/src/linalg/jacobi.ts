/**
 * Sweeps of plane rotations on pairs of columns. The pairs of a round are disjoint, so that all rotate at once: R. Brent & F. Luk, "The solution of
 * singular-value and symmetric eigenvalue problems on multiprocessor arrays", 1985.
 */
import { remainder } from '../primitives/arithmetic.ts'
import { abs } from '../primitives/arithmetic.ts'
import { argmax } from '../primitives/argreduce.ts'
import { scalarOf } from '../primitives/cast.ts'
import { iota } from '../primitives/iota.ts'
import { sqrt } from '../primitives/exponential.ts'
import { max } from '../primitives/reduce.ts'
import { expandDims } from '../primitives/reshape.ts'
import { where } from '../primitives/select.ts'
import { take, takeAlongAxis } from '../numpy/indexing.ts'
import { logicalAnd } from '../numpy/logic.ts'
import type { Tensor } from '../tensor.ts'
import { scan, whileLoop } from '../transforms/loops.ts'

/** Sweeps converge quadratically and end when nothing is left to turn; this bounds them where rounding keeps a little. */
const MOST_SWEEPS = 24

/** Each number's partner in a round of a tournament of `n`: `[n]`, int32. With odd n one stays idle, and is its own partner. */
export function partnersIn(round: Tensor, n: number): Tensor {
  const own = iota([n]),
    cycle = n % 2 === 0 ? n - 1 : n
  const other = remainder(round.mul(scalarOf(2, 'int32')).sub(own).add(cycle), cycle)
  return n % 2 === 0 ? where(own.equal(cycle), round, where(own.equal(round), cycle, other)) : other
}
const roundsOf = (n: number): number => (n % 2 === 0 ? n - 1 : n)

/** Columns (or rows) in the order of `partners`. */
export const atPartners = (x: Tensor, partners: Tensor, axis: number): Tensor => take(x, partners, { axis, mode: 'clip' })

export interface Rotation {
  readonly cosine: Tensor
  readonly sine: Tensor
}

/**
 * The rotations that make [[own, product], [product, other]] diagonal, one a number and its partner, each as seen from its own side: x becomes
 * cosine x - sine x_partner. `[batch, n]`. Golub & Van Loan, Matrix Computations, 8.5.
 */
export function rotations(own: Tensor, other: Tensor, product: Tensor, partners: Tensor): Rotation {
  const n = own.shape[1] as number,
    number = iota([n])
  const idle = product.equal(0),
    isIdle = where(partners.equal(number), true, idle)
  const theta = other.sub(own).div(where(isIdle, 1, product).mul(2))
  // Of equal elements the two sides must turn in opposite directions.
  const sign = where(theta.equal(0), where(number.less(partners), 1, -1), where(theta.less(0), -1, 1))
  const size = abs(theta)
  const tangent = where(size.less(1e8), sign.div(size.add(sqrt(size.mul(size).add(1)))), theta.mul(2).pow(-1))
  const t = where(isIdle, 0, tangent)
  const cosine = t.mul(t).add(1).pow(-0.5)
  return { cosine, sine: t.mul(cosine) }
}

/** x with its columns rotated, `[batch, m, n]`. */
export function rotate(x: Tensor, { cosine, sine }: Rotation, partners: Tensor): Tensor {
  return expandDims(cosine, 1)
    .mul(x)
    .sub(expandDims(sine, 1).mul(atPartners(x, partners, 2)))
}

/**
 * Rounds in sweeps, until a sweep met nothing larger than `tolerance`. `round` gives the next state and how far from diagonal each pair was, `[batch,
 * n]` relative to its size.
 */
export function sweeps<S>(state: S, n: number, tolerance: number, round: (state: S, partners: Tensor) => readonly [S, Tensor]): S {
  if (n < 2) return state
  const rounds = iota([roundsOf(n)])
  const [last] = whileLoop<readonly [S, Tensor, Tensor]>(
    ([, left, sweep]) => logicalAnd(left.greater(tolerance), sweep.less(MOST_SWEEPS)),
    ([s, left, sweep]) => {
      const [next, seen] = scan<readonly [S, Tensor], Tensor, null>(
        ([inner, most], r) => {
          const [rotated, far] = round(inner, partnersIn(r, n))
          return [[rotated, where(max(far).greater(most), max(far), most)], null]
        },
        [s, left.mul(0)],
        rounds,
      )[0]
      return [next, seen, sweep.add(scalarOf(1, 'int32'))]
    },
    [state, scalarOf(1, 'float32'), scalarOf(0, 'int32')],
  )
  return last
}

/** Signs `[batch, 1, n]` that make the largest element of each column positive: the first of those that are about as large. */
export function columnSigns(x: Tensor): Tensor {
  const size = abs(x)
  const isLarge = max(size, { axis: 1, keepdims: true }).mul(0.999).less(size)
  const at = argmax(isLarge.astype('int32'), { axis: 1, keepdims: true })
  return where(takeAlongAxis(x, at, 1, { mode: 'clip' }).less(0), -1, 1)
}
