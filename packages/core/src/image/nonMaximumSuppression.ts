/** One box for each object that a detector has seen several times. */
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { add, divide, maximum, minimum, multiply, subtract } from '../primitives/arithmetic.ts'
import { argmax } from '../primitives/argreduce.ts'
import { astype, scalarOf, toFloat } from '../primitives/cast.ts'
import { equal, greater, notEqual } from '../primitives/comparison.ts'
import { bitwiseAnd, bitwiseOr } from '../primitives/bitwise.ts'
import { iota } from '../primitives/iota.ts'
import { max, sum } from '../primitives/reduce.ts'
import { squeeze } from '../primitives/reshape.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { stopGradient } from '../primitives/stopGradient.ts'
import { take } from '../numpy/indexing.ts'
import { showShape } from '../shape.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { scan } from '../transforms/loops.ts'

export interface NonMaximumSuppressionOptions {
  /** Boxes that overlap a chosen one by more than this share of their union are dropped. Default 0.5. */
  readonly iouThreshold?: number
  /** Boxes with a score up to this are dropped. Default: none. */
  readonly scoreThreshold?: number
}

/**
 * Boxes by descending score without those that overlap a better one. `boxes` is `[n, 4]`, two opposite corners y1, x1, y2, x2; `scores` is `[n]`. The result has a
 * static size: positions, int32 `[maxOutputSize]`, -1 behind the last one, and how many there are. TensorFlow: `image.non_max_suppression_padded`.
 */
export function nonMaximumSuppression(
  boxes: TensorLike,
  scores: TensorLike,
  maxOutputSize: number,
  options: NonMaximumSuppressionOptions = {},
): readonly [positions: Tensor, count: Tensor] {
  const { iouThreshold = 0.5, scoreThreshold = -Infinity } = checkOptions(
    'nonMaximumSuppression',
    options,
    'iouThreshold',
    'scoreThreshold',
  )
  const corners = stopGradient(toFloat('nonMaximumSuppression', boxes)),
    value = stopGradient(toFloat('nonMaximumSuppression', scores)),
    n = corners.shape[0] ?? 0
  if (corners.ndim !== 2 || corners.shape[1] !== 4 || value.ndim !== 1 || value.size !== n || n === 0)
    fail(
      'ShapeError',
      `nonMaximumSuppression: needs boxes [n, 4] and scores [n], got ${showShape(corners.shape)} and ${showShape(value.shape)}.`,
    )
  if (!Number.isInteger(maxOutputSize) || maxOutputSize < 0)
    fail('ValueError', `nonMaximumSuppression: maxOutputSize must be a non-negative integer, got ${maxOutputSize}.`)
  if (!(iouThreshold >= 0 && iouThreshold <= 1))
    fail('ValueError', `nonMaximumSuppression: iouThreshold must be of 0 to 1, got ${iouThreshold}.`)
  const side = (k: number): Tensor => squeeze(sliceAxis(corners, k, k + 1, { axis: 1 }), { axis: 1 })
  const top = minimum(side(0), side(2)),
    bottom = maximum(side(0), side(2)),
    left = minimum(side(1), side(3)),
    right = maximum(side(1), side(3))
  const area = multiply(subtract(bottom, top), subtract(right, left)),
    order = iota([n]),
    none = scalarOf(-Infinity, value.dtype)
  const step = (alive: Tensor): readonly [Tensor, Tensor] => {
    const best = argmax(alive),
      isAny = greater(max(alive), none)
    const of = (x: Tensor): Tensor => take(x, best, { mode: 'clip' })
    const height = maximum(0, subtract(minimum(bottom, of(bottom)), maximum(top, of(top)))),
      width = maximum(0, subtract(minimum(right, of(right)), maximum(left, of(left))))
    const common = multiply(height, width),
      union = subtract(add(area, of(area)), common)
    const overlap = where(greater(union, 0), divide(common, where(greater(union, 0), union, 1)), 0)
    const dropped = bitwiseAnd(isAny, bitwiseOr(greater(overlap, iouThreshold), equal(order, best)))
    return [where(dropped, none, alive), where(isAny, best, scalarOf(-1, 'int32'))]
  }
  const start = where(greater(value, scoreThreshold), value, none)
  const [, positions] = scan((alive: Tensor) => step(alive), start, null, { length: maxOutputSize }) as readonly [Tensor, Tensor]
  return [positions, sum(astype(notEqual(positions, scalarOf(-1, 'int32')), 'int32'))]
}
