/** Facts about a Loop's iteration space that all its forms need. */
import { type Affine, type Loop, type Node, readsOf, writesOf } from '@cotangent/core/kernel'
import type { EmitContext } from '../command.ts'
import { type IndexType, indexType } from '../language/address.ts'
import { loadsOf } from './loop-axes.ts'
import { patternAlong } from './points.ts'

/** Every map that a node has. */
export const mapsOf = (node: Node): readonly Affine[] => {
  switch (node.op) {
    case 'load':
      return [node.map, ...(node.guards ?? []).map(g => g.index)]
    case 'iota':
      return [node.map]
    case 'inside':
      return node.guards.map(g => g.index)
    default:
      return []
  }
}

/** The type of all addresses and indices of a Loop. */
export function indexTypeOf(loop: Loop, context: EmitContext): IndexType {
  const maps = [...[...loop.body, ...loop.epilogue].flatMap(mapsOf), ...[...loop.bodyStores, ...loop.stores].map(s => s.map)]
  const buffers = [...readsOf(loop), ...writesOf(loop)].map(id => context.spec(id))
  return indexType(maps, loop.extents, buffers)
}

/** Asks the compiler to put several rounds of a reduction side by side, so that their loads wait together, or to write out a short one. */
export function unrolled({ body }: Loop, rounds: number): readonly string[] {
  if (rounds < 2 || body.length > 40) return []
  if (rounds <= 16 && Number.isInteger(rounds)) return ['#pragma unroll']
  return [`#pragma unroll ${body.length > 12 ? 2 : 4}`]
}

/** Do four points of the body along an axis make accesses of 16 bytes: of some load, and of every store? */
export function takesFour({ body, bodyStores, extents }: Loop, axis: number): boolean {
  const isVector = (map: Affine): boolean => patternAlong(axis, map, extents) === 'vector'
  return loadsOf(body).some(n => isVector(n.map)) && bodyStores.every(s => isVector(s.map))
}
