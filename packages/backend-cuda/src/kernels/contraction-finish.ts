/** The work after a contraction's sums, as a Loop over them. */
import { type Contraction, type Load, type Loop, type Roles, sizeOf } from '@cotangent/core/kernel'
import type { MemoryId } from '../command.ts'

/** Sums stored as dense arrays in the order batch, rows, columns: the stride of each parallel axis. */
export function denseStrides({ contraction, batch, rows, columns }: Roles): readonly number[] {
  const strides = new Array<number>(contraction.parallel).fill(0)
  let step = 1
  for (const k of [...batch.axes, ...rows.axes, ...columns.axes].toReversed()) {
    strides[k] = step
    step *= contraction.extents[k] as number
  }
  return strides
}

/** The work after the sums, which are dense in `sums`; of `parts` arrays, one after the other, that add up to them. */
export const finishing = (roles: Roles, sums: MemoryId, parts: number): Loop =>
  afterSums(roles.contraction, denseStrides(roles), sums, parts)

/** The same, of sums that lie in any order: `strides` of each parallel axis. */
export function afterSums(contraction: Contraction, strides: readonly number[], sums: MemoryId, parts: number): Loop {
  const { extents, parallel, dtype, epilogue, stores } = contraction,
    outer = extents.slice(0, parallel)
  const load = (more: readonly number[]): Load => ({ op: 'load', buffer: sums, dtype, map: { offset: 0, strides: [...strides, ...more] } })
  const loop: Loop = { kind: 'loop', extents: outer, parallel, body: [], bodyStores: [], reductions: [], epilogue, stores }
  if (parts === 1) return { ...loop, epilogue: epilogue.map(n => (n.op === 'reduced' ? load([]) : n)) }
  return { ...loop, extents: [...outer, parts], body: [load([sizeOf(outer)])], reductions: [{ op: 'sum', dtype, value: 0 }] }
}
