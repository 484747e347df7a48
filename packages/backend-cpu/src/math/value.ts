/**
 * Values of four consecutive elements. float32, int32, uint32: one v128. bool: one v128 mask, all bits of a lane set for true (in memory 0
 * and 1). float64: two v128, elements 0-1 and 2-3.
 */
import { type ComputeDType, type DType, bytesOf } from '@cotangent/core/kernel'
import type { Expression, Ops } from './expression.ts'
import { type Local, V128 } from '../wasm/assembler.ts'

export type Value = readonly Local[]

export const halvesOf = (dtype: ComputeDType): number => (dtype === 'float64' ? 2 : 1)
export const newValue = (o: Ops, dtype: ComputeDType): Value => Array.from({ length: halvesOf(dtype) }, () => o.f.local(V128))
export const expressions = (o: Ops, v: Value): readonly Expression[] => v.map(l => o.get(l))
export const setValue = (o: Ops, v: Value, e: readonly Expression[]): void => v.forEach((l, i) => o.set(l, e[i] as Expression))

/** A constant in all lanes. */
export function constant(o: Ops, dtype: ComputeDType, x: number): readonly Expression[] {
  switch (dtype) {
    case 'float32':
      return [o.f32(x)]
    case 'float64':
      return [o.f64(x), o.f64(x)]
    case 'bool':
      return [o.i32(x !== 0 ? -1 : 0)]
    case 'int32':
    case 'uint32':
      return [o.i32(x | 0)]
  }
}

/** A mask of the first `lanes` lanes. */
export const laneMask = (o: Ops, lanes: number): Expression => o.lanes32([0, 1, 2, 3].map(l => (l < lanes ? -1 : 0)))
/** The masks of the 64-bit halves of a 32-bit mask. */
export const widen = (o: Ops, mask: Expression): readonly Expression[] => [
  o.v('i64x2.extend_low_i32x4_s', mask),
  o.v('i64x2.extend_high_i32x4_s', mask),
]
/** The 32-bit mask of two 64-bit masks. */
export const narrow = (o: Ops, low: Expression, high: Expression): Expression => o.shuffle32(low, high, [0, 2, 4, 6])
/** `mask ? a : b`, with a 32-bit mask for every dtype. */
export function choose(o: Ops, mask: Expression, a: readonly Expression[], b: readonly Expression[]): readonly Expression[] {
  const masks = a.length === 1 ? [mask] : widen(o, mask)
  return a.map((x, i) => o.select(masks[i] as Expression, x, b[i] as Expression))
}

/** Where one element of a value lives in its registers: which half, which lane. */
export const placeOf = (dtype: DType, lane: number): { readonly half: number; readonly lane: number } =>
  dtype === 'float64' ? { half: lane >> 1, lane: lane & 1 } : { half: 0, lane }
/** log2 of an element's bytes: the alignment immediate of its lane accesses. */
export const alignOf = (dtype: DType): number => Math.log2(bytesOf(dtype))
