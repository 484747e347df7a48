/**
 * Sweeps of plane rotations on pairs of columns. The pairs of a round are disjoint, so that all rotate at once: R. Brent & F. Luk, "The solution of
 * singular-value and symmetric eigenvalue problems on multiprocessor arrays", 1985. Column i of the first half meets column i of the second; between
 * rounds the columns move on by one place, as at a tournament, so that all access is to contiguous halves. After a sweep each is back in its place.
 */
import { abs } from '../primitives/arithmetic.ts'
import { argmax } from '../primitives/argreduce.ts'
import { scalarOf } from '../primitives/cast.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { sqrt } from '../primitives/exponential.ts'
import { max } from '../primitives/reduce.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { takeAlongAxis } from '../numpy/indexing.ts'
import { logicalAnd } from '../numpy/logic.ts'
import type { Tensor } from '../tensor.ts'
import { scan, whileLoop } from '../transforms/loops.ts'

/** Sweeps converge quadratically and end when nothing is left to turn; this bounds them where rounding keeps a little. */
const MOST_SWEEPS = 24

/** The two halves of an axis of even length. */
export function halves(x: Tensor, axis: number): readonly [Tensor, Tensor] {
  const n = x.shape[axis] as number
  return [sliceAxis(x, 0, n / 2, { axis }), sliceAxis(x, n / 2, n, { axis })]
}

/** By the sine s and the tangent of half of the angle, tau: x - s (y + tau x) keeps lengths better than c x - s y. */
export interface Rotation {
  readonly sine: Tensor
  readonly tau: Tensor
}

/**
 * The rotations (x, y) -> (c x - s y, s x + c y) that make the symmetric matrices [[first, product], [product, second]] diagonal. H. Rutishauser, "The
 * Jacobi method for real symmetric matrices", 1966.
 */
export function rotations(first: Tensor, second: Tensor, product: Tensor): Rotation {
  const idle = product.equal(0)
  const theta = second.sub(first).div(where(idle, 1, product).mul(2)),
    size = abs(theta)
  // Beyond 1e8 the square may overflow, and the 1 has no part in the sum.
  const root = where(size.less(1e8), size.add(sqrt(size.mul(size).add(1))), size.mul(2))
  const t = where(idle, 0, where(theta.less(0), -1, 1).div(root))
  const secant = sqrt(t.mul(t).add(1))
  return { sine: t.div(secant), tau: t.div(secant.add(1)) }
}

/** x with pairs along `axis` rotated, and moved on by one place. Sines broadcast to a half. */
export function rotate(x: Tensor, { sine, tau }: Rotation, axis: number): Tensor {
  const [first, second] = halves(x, axis),
    h = first.shape[axis] as number
  const top = first.sub(sine.mul(second.add(tau.mul(first)))),
    bottom = second.add(sine.mul(first.sub(tau.mul(second))))
  const part = (y: Tensor, from: number, to: number): Tensor => sliceAxis(y, from, to, { axis })
  if (h === 1) return concatenate([top, bottom], { axis })
  return concatenate([part(top, 0, 1), part(bottom, 0, 1), part(top, 1, h - 1), part(bottom, 1, h), part(top, h - 1, h)], { axis })
}

/**
 * Rounds in sweeps, over pairs of `n` (even), until a sweep met nothing larger than `tolerance`. `round` gives the next state and how far from diagonal
 * each pair was, relative to its size.
 */
export function sweeps<S>(state: S, n: number, tolerance: number, round: (state: S) => readonly [S, Tensor]): S {
  const [last] = whileLoop<readonly [S, Tensor, Tensor]>(
    ([, left, sweep]) => logicalAnd(left.greater(tolerance), sweep.less(MOST_SWEEPS)),
    ([s, left, sweep]) => {
      const [next] = scan<readonly [S, Tensor], null, null>(
        ([inner, most]) => {
          const [rotated, far] = round(inner),
            worst = max(far)
          return [[rotated, where(worst.greater(most), worst, most)], null]
        },
        [s, left.mul(0)],
        null,
        { length: n - 1 },
      )
      return [...next, sweep.add(scalarOf(1, 'int32'))]
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
