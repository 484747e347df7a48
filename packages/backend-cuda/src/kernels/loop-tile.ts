/**
 * Elementwise Loops that load along one axis and store along another, such as transposes: a block takes a tile of 32 x 32 points, reads the
 * loads that run across its stores into shared memory, along their own axis, and evaluates the points along the stores' axis. Rows of a tile
 * have 33 elements, so that reading them across touches every bank once.
 */
import { type Affine, type Load, type Loop, type NodeId, sizeOf } from '@cotangent/core/kernel'
import type { Command, EmitContext } from '../command.ts'
import type { IndexType } from '../language/address.ts'
import { valueType } from '../language/types.ts'
import { loadsOf } from './loop-axes.ts'
import { nameOf } from './loop-elementwise.ts'
import { Nodes, type Value } from './nodes.ts'
import { type Indices, indicesOf, onePoint } from './points.ts'
import { indexTypeOf } from './space.ts'
import { Writer, writtenBy } from './writer.ts'

const SIDE = 32
const PITCH = SIDE + 1
const ROWS = 8
/** Shorter axes would leave most of a tile empty, and lie in few cache lines anyway. */
const SHORTEST = 16
/** Tiles of a block, in bytes of shared memory: so many blocks of 256 threads still fit a multiprocessor. */
const SHARED_BYTES = 25_000

export interface Tiling {
  /** Along which stores are contiguous. */
  readonly along: number
  /** Along which the tiled loads are. */
  readonly across: number
  /** Loads that go through shared memory. */
  readonly loads: readonly NodeId[]
}

const step = (map: Affine, axis: number): number => Math.abs(map.strides[axis] ?? 0)

/** Undefined where no load runs across the stores, or too few points do. */
export function tilingOf(loop: Loop, smallest: number = SIDE * SIDE * 4): Tiling | undefined {
  const { extents, epilogue, stores } = loop
  if (sizeOf(extents) < smallest) return undefined
  const long = extents.flatMap((n, k) => (n >= SHORTEST ? [k] : []))
  const along = long.find(k => stores.length > 0 && stores.every(s => step(s.map, k) === 1))
  if (along === undefined) return undefined
  const runsAcross = (load: Load, k: number): boolean =>
    (load.indirect ?? []).length === 0 && step(load.map, k) === 1 && step(load.map, along) >= SHORTEST
  const count = (k: number): number => loadsOf(epilogue).filter(l => runsAcross(l, k)).length
  const across = long.filter(k => k !== along && count(k) > 0).toSorted((a, b) => count(b) - count(a))[0]
  if (across === undefined) return undefined
  const ids = epilogue.flatMap((n, id) => (n.op === 'load' && runsAcross(n, across) ? [id] : []))
  const bytes = (id: NodeId): number => SIDE * PITCH * (epilogue[id]?.dtype === 'float64' ? 8 : 4)
  let left = SHARED_BYTES
  return { along, across, loads: ids.filter(id => (left -= bytes(id)) >= 0) }
}

export function emitTiles(context: EmitContext, loop: Loop, tiling: Tiling): readonly Command[] {
  const { extents } = loop,
    { along, across } = tiling
  const writer = new Writer(context, indexTypeOf(loop, context), writtenBy(loop, context)),
    { type } = writer
  const { statements, indices, blocks } = placeOf(extents, tiling, type)
  const points = indices.map((i, k) => (k === along ? 'ia' : k === across ? 'ib' : i))
  const inside = `if (ia < ${extents[along]} && ib < ${extents[across]}) {`
  const text = [
    `const ${type} block = (${type})blockIdx.x;`,
    ...statements,
    `const ${type} a0 = ${indices[along]} * ${SIDE}, b0 = ${indices[across]} * ${SIDE};`,
    ...fill(loop, writer, tiling, points, inside),
    'BARRIER();',
    '#pragma unroll',
    `for (int k = (int)threadIdx.y; k < ${SIDE}; k += ${ROWS}) {`,
    `const ${type} ia = a0 + (${type})threadIdx.x, ib = b0 + k;`,
    inside,
    ...evaluate(loop, writer, tiling, points),
    '}',
    '}',
  ]
  return [writer.launch(`tiles_${nameOf(loop)}`, text, [blocks, 1, 1], [SIDE, ROWS, 1])]
}

/** Which tile a block takes: blocks next to each other store next to each other. */
function placeOf(extents: readonly number[], { along, across }: Tiling, type: IndexType): Indices & { readonly blocks: number } {
  const tiles = extents.map((n, k) => (k === along || k === across ? Math.ceil(n / SIDE) : n))
  const order = [...[...extents.keys()].filter(k => k !== along && k !== across), across, along]
  const ordered = order.map(k => tiles[k] as number)
  const { statements, indices } = indicesOf('block', ordered, type, 'b')
  return { statements, indices: extents.map((_, k) => indices[order.indexOf(k)] as string), blocks: sizeOf(tiles) }
}

const tileName = (id: NodeId): string => `t${id}`

/** Reads the tiled loads: threads along their axis. */
function fill(loop: Loop, writer: Writer, { loads }: Tiling, indices: readonly string[], inside: string): readonly string[] {
  const nodes = new Nodes(loop.epilogue, writer, onePoint(indices), 'v')
  const stored = loads.map(id => `${tileName(id)}[k * ${PITCH} + threadIdx.x] = ${nodes.value(id).text};`)
  return [
    ...loads.map(id => `SHARED(${valueType(nodes.dtypeOf(id))}, ${tileName(id)}, ${SIDE * PITCH});`),
    '#pragma unroll',
    `for (int k = (int)threadIdx.y; k < ${SIDE}; k += ${ROWS}) {`,
    `const ${writer.type} ia = a0 + k, ib = b0 + (${writer.type})threadIdx.x;`,
    inside,
    ...nodes.statements,
    ...stored,
    '}',
    '}',
  ]
}

function evaluate(loop: Loop, writer: Writer, { loads }: Tiling, indices: readonly string[]): readonly string[] {
  const known = new Map(loads.map((id): [NodeId, Value] => [id, { text: `${tileName(id)}[threadIdx.x * ${PITCH} + k]`, varies: false }]))
  const nodes = new Nodes(loop.epilogue, writer, onePoint(indices), 'v', [], known)
  for (const store of loop.stores) nodes.store(store)
  return nodes.statements
}
