/** What backends ask about the operands of a Contraction. */
import type { Affine, Guard, Load } from './kernel.ts'

export const strideAt = (map: Affine, axis: number): number => map.strides[axis] ?? 0

/** Does the load depend on the index of this axis? */
export const uses = (load: Load, axis: number): boolean =>
  strideAt(load.map, axis) !== 0 || (load.guards ?? []).some(g => strideAt(g.index, axis) !== 0)

/** The least and the greatest value of an affine index without dynamic terms. */
function rangeOf(index: Affine, extents: readonly number[]): readonly [low: number, high: number] {
  let low = index.offset
  let high = index.offset
  index.strides.forEach((s, i) => {
    const reach = s * ((extents[i] as number) - 1)
    low += Math.min(0, reach)
    high += Math.max(0, reach)
  })
  return [low, high]
}

const isConstant = (index: Affine): boolean => (index.dynamic ?? []).length === 0

function alwaysHolds(guard: Guard, extents: readonly number[]): boolean {
  const [low, high] = rangeOf(guard.index, extents)
  return isConstant(guard.index) && low >= 0 && high < guard.extent
}

/** The load without the guards that hold at every point. */
export function dropGuards(load: Load, extents: readonly number[]): Load {
  const { guards, ...rest } = load
  const kept = (guards ?? []).filter(g => !alwaysHolds(g, extents))
  return kept.length > 0 ? { ...rest, guards: kept } : rest
}
