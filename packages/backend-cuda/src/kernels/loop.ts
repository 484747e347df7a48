/** A Loop to launches: the form that suits its accesses. */
import { collapse, dropUnitAxes, type Loop, sizeOf } from '@cotangent/core/kernel'
import type { Command, EmitContext } from '../command.ts'
import { fastAxis, loadsOf, neighbours, withLast } from './loop-axes.ts'
import { emitColumns } from './loop-columns.ts'
import { emitElementwise } from './loop-elementwise.ts'
import { emitRows } from './loop-rows.ts'
import { emitTiles, tilingOf } from './loop-tile.ts'

export function emitLoop(context: EmitContext, kernel: Loop): readonly Command[] {
  const loop = collapse(dropUnitAxes(kernel)) as Loop,
    { extents, parallel } = loop
  const points = parallel < extents.length && loop.stores.length === 0 ? sizeOf(extents) : sizeOf(extents.slice(0, parallel))
  if (points === 0) return []
  if (parallel < extents.length) return emitReduction(context, loop)
  const tiling = tilingOf(loop)
  return tiling === undefined ? emitElementwise(context, loop) : emitTiles(context, loop, tiling)
}

/** Results enough for a thread each. */
const MANY = 1 << 14

function emitReduction(context: EmitContext, loop: Loop): readonly Command[] {
  const { extents, parallel } = loop,
    axes = extents.map((_, k) => k)
  const all = [...loadsOf(loop.body).map(n => n.map), ...loop.bodyStores.map(s => s.map)],
    // What does not change along the reduced axes is read once.
    maps = all.filter(m => m.strides.slice(parallel).some(s => s !== 0))
  const along = fastAxis(maps, axes.slice(parallel), extents),
    across = fastAxis(maps, axes.slice(0, parallel), extents)
  const count = (axis: number | undefined): number => (axis === undefined ? 0 : neighbours(maps, axis))
  const [leading] = maps,
    many = sizeOf(extents.slice(0, parallel)) >= MANY
  const asRows = count(along) === count(across) ? !many : count(along) > count(across)
  const fast = asRows ? along : across
  const ordered = fast === undefined || leading === undefined ? loop : withLast(loop, fast, leading)
  return asRows ? emitRows(context, ordered) : emitColumns(context, ordered)
}
