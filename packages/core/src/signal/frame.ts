/** Sequences in overlapping pieces, and back. */
import { fail } from '../errors.ts'
import { take } from '../numpy/indexing.ts'
import { pad } from '../numpy/padding.ts'
import { add, multiply } from '../primitives/arithmetic.ts'
import { scalarOf } from '../primitives/cast.ts'
import { iota } from '../primitives/iota.ts'
import { expandDims, reshape, squeeze } from '../primitives/reshape.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'

export function checkFrames(name: string, length: number, step: number): void {
  if (!Number.isInteger(length) || length < 1)
    fail('ValueError', `${name}: the length of frames must be a positive integer, got ${length}.`)
  if (!Number.isInteger(step) || step < 1) fail('ValueError', `${name}: the step must be a positive integer, got ${step}.`)
}

/**
 * Overlapping pieces of the last axis: `[..., n]` gives `[..., frames, length]`, each piece `step` after the one before. What does not fill a piece is left out.
 * TensorFlow: `signal.frame`.
 *
 * @example signal.frame(arange(5), 3, 2) // [[0, 1, 2], [2, 3, 4]]
 */
export function frame(x: TensorLike, length: number, step: number): Tensor {
  const t = toTensor(x, 'frame'),
    n = t.shape.at(-1)
  checkFrames('frame', length, step)
  if (n === undefined || n < length)
    fail('ShapeError', `frame: the last axis of shape ${showShape(t.shape)} is shorter than a frame of ${length}.`)
  const count = Math.floor((n - length) / step) + 1
  const starts = multiply(iota([count]), scalarOf(step, 'int32'))
  return take(t, add(expandDims(starts, 1), iota([length])), { axis: -1, mode: 'clip' })
}

/**
 * The sum of pieces, each `step` after the one before: `[..., frames, length]` gives `[..., (frames - 1) step + length]`. The transpose of `frame`. TensorFlow:
 * `signal.overlap_and_add`.
 */
export function overlapAndAdd(x: TensorLike, step: number): Tensor {
  const t = toTensor(x, 'overlapAndAdd')
  if (t.ndim < 2) fail('ShapeError', `overlapAndAdd: needs [..., frames, length], got shape ${showShape(t.shape)}.`)
  const lead = t.shape.slice(0, -2),
    [count, length] = t.shape.slice(-2) as [number, number]
  checkFrames('overlapAndAdd', length, step)
  // Pieces are cut into parts of `step`; the k-th parts of all pieces do not overlap.
  const parts = Math.ceil(length / step),
    none = lead.map(() => [0, 0] as const)
  const cut = reshape(pad(t, [...none, [0, 0], [0, parts * step - length]]), [...lead, count, parts, step])
  const total = Array.from({ length: parts }, (_, k) => {
    const part = reshape(squeeze(sliceAxis(cut, k, k + 1, { axis: -2 }), { axis: -2 }), [...lead, count * step])
    return pad(part, [...none, [k * step, (parts - 1 - k) * step]])
  }).reduce((a, b) => add(a, b))
  return sliceAxis(total, 0, (count - 1) * step + length, { axis: -1 })
}
