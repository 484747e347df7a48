/** What functions that join tensors, and those that split them, have in common. */
import { described, fail } from '../errors.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { checkIntegers, normalizeAxis, showShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'

/** A tensor whose first axis is the new one, with it at `axis`. */
export const newAxisAt = (t: Tensor, axis = 0): Tensor => (axis === 0 ? t : moveaxis(t, 0, axis))

/** Joins along an axis; the other axes must agree. */
export function join(where: string, tensors: readonly Tensor[], options: { readonly axis: number }): Tensor {
  const { axis } = options
  const [x] = tensors
  if (x === undefined) return fail('ValueError', `${where}: needs at least one tensor.`)
  for (const t of tensors)
    if (t.ndim !== x.ndim || t.shape.some((n, k) => k !== axis && n !== x.shape[k]))
      fail('ShapeError', `${where}: shapes ${tensors.map(y => showShape(y.shape)).join(', ')} differ in another axis than the joined one.`)
  return concatenate(tensors, options)
}

const sizeAlong = (where: string, t: Tensor, axis: number): number => t.shape[normalizeAxis(where, axis, t.ndim)] as number
/** Parts of an axis: so many, which may differ by one, or those that end before each of the given positions. */
export function splitAt(where: string, t: Tensor, sections: number | readonly number[], axis: number): Tensor[] {
  const n = sizeAlong(where, t, axis),
    ends = typeof sections === 'number' ? evenEnds(where, n, sections) : [...checkIntegers(where, 'sections', sections), n]
  return ends.map((end, i) => sliceAxis(t, i === 0 ? 0 : (ends[i - 1] as number), end, { axis }))
}
function evenEnds(where: string, n: number, parts: number): number[] {
  if (!Number.isInteger(parts) || parts < 1) fail('ValueError', `${where}: needs at least one part, got ${described(parts)}.`)
  const short = Math.floor(n / parts),
    longer = n % parts
  return Array.from({ length: parts }, (_, i) => (i + 1) * short + Math.min(i + 1, longer))
}

/** The same, but a number of parts must divide the axis. */
export function splitEvenly(where: string, t: Tensor, sections: number | readonly number[], axis: number): Tensor[] {
  const n = sizeAlong(where, t, axis)
  if (typeof sections === 'number' && sections > 0 && n % sections !== 0)
    fail(
      'ShapeError',
      `${where}: axis ${axis} of shape ${showShape(t.shape)} has size ${n}, which ${sections} equal parts do not divide. Use arraySplit.`,
    )
  return splitAt(where, t, sections, axis)
}

export const checkTimes = (where: string, n: number): void => {
  if (!Number.isInteger(n) || n < 0)
    fail('ValueError', `${where}: the number of repetitions must be a non-negative integer, got ${described(n)}.`)
}
