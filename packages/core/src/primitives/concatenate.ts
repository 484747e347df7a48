/** Joins tensors along an existing axis. Linear in each; the transpose slices. */
import { type Aval, aval, showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import { type Index, indexShift } from '../lower/lowering.ts'
import { checkOptions, checkList } from '../options.ts'
import { bind1 } from '../program/bind.ts'
import { normalizeAxis, sameShape, type Shape, showShape } from '../shape.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { batchAll } from './broadcast.ts'
import { promoteOperands } from './cast.ts'
import { first } from './family.ts'
import { hostFrom, hostReader } from './host.ts'
import { isUnknown, type SimplePrimitive } from './primitive.ts'
import { sliceAxis } from './slice.ts'
import { instantiate } from './zeros.ts'

export interface ConcatenateParams {
  readonly axis: number
}

/** Where each operand starts along the axis, and the total. */
function offsetsOf(shapes: readonly Shape[], axis: number): number[] {
  const offsets = [0]
  for (const s of shapes) offsets.push((offsets.at(-1) as number) + (s[axis] as number))
  return offsets
}

export const concatenateP: SimplePrimitive<ConcatenateParams> = {
  name: 'concatenate',
  inputs: ['x'],
  abstractEval(avals, { axis }) {
    const a = first(avals)
    const without = (s: Shape): Shape => s.filter((_, k) => k !== axis)
    avals.forEach((b, i) => {
      if (b.dtype !== a.dtype)
        fail('DTypeError', `concatenate: operands have different dtypes: ${avals.map(showAval).join(', ')}. Convert with astype.`)
      if (b.shape.length !== a.shape.length || !sameShape(without(a.shape), without(b.shape)))
        fail(
          'ShapeError',
          `concatenate: operand ${i} has shape ${showShape(b.shape)}, operand 0 has ${showShape(a.shape)}: they may differ in axis ${axis} only. Use stack for a new axis, or broadcastTo first.`,
        )
    })
    const total = offsetsOf(
      avals.map(x => x.shape),
      axis,
    ).at(-1) as number
    return [
      aval(
        a.shape.map((n, k) => (k === axis ? total : n)),
        a.dtype,
        avals.every(x => x.weak),
      ),
    ]
  },
  jvp(primals, tangents, _, params) {
    if (tangents.every(t => t === null)) return [null]
    const parts = primals.map((x, i) => instantiate(tangents[i] ?? null, x.aval))
    return [bind1(concatenateP, parts, params)]
  },
  transpose([ct], inputs, { axis }) {
    const offsets = offsetsOf(
      inputs.map(x => x.aval.shape),
      axis,
    )
    return inputs.map((x, i) => (ct && isUnknown(x) ? sliceAxis(ct, offsets[i] as number, offsets[i + 1] as number, { axis }) : null))
  },
  batch: (tensors, axes, size, { axis }) => ({
    outputs: [bind1(concatenateP, batchAll(tensors, axes, size), { axis: axis + 1 })],
    axes: [0],
  }),
  lower(l, values, { axis }, outputs) {
    const out = first(outputs),
      buffer = l.allocate(out)
    const offsets = offsetsOf(
      values.map(v => v.aval.shape),
      axis,
    )
    values.forEach((v, i) => {
      if (v.aval.size > 0)
        l.store(v, buffer, out.shape, index => index.map((at: Index, k) => (k === axis ? indexShift(at, offsets[i] as number) : at)))
    })
    return [l.wrap(out, buffer)]
  },
  evaluate(arrays, { axis }, outputs) {
    const offsets = offsetsOf(
        arrays.map(x => x.aval.shape),
        axis,
      ),
      readers = arrays.map(hostReader)
    return [
      hostFrom(first(outputs) as Aval, index => {
        const at = index[axis] as number
        const i = offsets.findLastIndex((o, k) => o <= at && k < arrays.length && (offsets[k + 1] as number) > at)
        return (readers[i] as (index: readonly number[]) => number)(index.map((p, k) => (k === axis ? p - (offsets[i] as number) : p)))
      }),
    ]
  },
}

/** Tensors joined along an existing axis (default 0); their dtypes are promoted. NumPy: `concatenate`. */
export function concatenate(xs: readonly TensorLike[], options: { readonly axis?: number } = {}): Tensor {
  checkList('concatenate', xs)
  const { axis = 0 } = checkOptions('concatenate', options, 'axis')
  if (xs.length === 0) fail('ValueError', 'concatenate: needs at least one tensor.')
  const tensors = promoteOperands('concatenate', ...xs),
    x = first(tensors)
  if (x.ndim === 0) fail('ShapeError', 'concatenate: a scalar has no axis to join along. Use stack.')
  const k = normalizeAxis('concatenate', axis, x.ndim)
  return tensors.length === 1 ? x : bind1(concatenateP, tensors, { axis: k })
}
