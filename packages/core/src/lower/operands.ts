/** What passes and backends ask about loads, such as the operands of a Contraction. */
import { alwaysHolds } from './body.ts'
import type { Affine, Load } from './kernel.ts'

/** Elements from one index of an axis to the next; maps of an epilogue have none of the reduced axes. */
export const strideAt = (map: Affine, axis: number): number => map.strides[axis] ?? 0

/** Does the load depend on the index of this axis? */
export const uses = (load: Load, axis: number): boolean =>
  strideAt(load.map, axis) !== 0 || (load.guards ?? []).some(g => strideAt(g.index, axis) !== 0)

/** The load without the guards that hold at every point. */
export function dropGuards(load: Load, extents: readonly number[]): Load {
  const { guards, ...rest } = load
  const kept = (guards ?? []).filter(g => !alwaysHolds(g, extents))
  return kept.length > 0 ? { ...rest, guards: kept } : rest
}
