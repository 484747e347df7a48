/** Loops without reduced axes: 256 threads a block, several points a thread where that makes accesses of 16 bytes, a stride of the whole grid. */
import { type Affine, type Loop, sizeOf } from '@cotangent/core/kernel'
import type { Command, EmitContext } from '../command.ts'
import { fastAxis, loadsOf, withLast } from './loop-axes.ts'
import { LANES, type Lanes, lanesFor } from './lanes.ts'
import { Nodes, type Points } from './nodes.ts'
import { severalAlong, severalInOrder, indicesOf, onePoint, patternAlong, patternInOrder } from './points.ts'
import { indexTypeOf } from './space.ts'
import { Writer, writtenBy } from './writer.ts'

export const THREADS = 256
/** Blocks of 256 threads that a multiprocessor holds at once if a thread has 32 registers, or 64. More would run in a second, shorter turn. */
const RESIDENT = { light: 8, heavy: 4 } as const

const residentOf = ({ epilogue, stores }: Loop): number =>
  epilogue.length <= 24 && loadsOf(epilogue).length + stores.length <= 4 ? RESIDENT.light : RESIDENT.heavy

export function emitElementwise(context: EmitContext, given: Loop): readonly Command[] {
  const loop = ordered(given),
    { extents } = loop,
    points = sizeOf(extents)
  const writer = new Writer(context, indexTypeOf(loop, context), writtenBy(given, context))
  const lanes = lanesOf(loop, context),
    // Along one axis the text does not depend on the size, and serves all.
    n = extents.length <= 1 ? writer.size('n', points) : String(points)
  const blocks = Math.min(Math.ceil(points / (THREADS * lanes)), residentOf(loop) * context.target.multiprocessors)
  const { type } = writer,
    thread = type === 'int' ? '(int)(blockIdx.x * 256u + threadIdx.x)' : '((long long)blockIdx.x * 256 + threadIdx.x)'
  const stride = type === 'int' ? `(int)(gridDim.x * ${THREADS * lanes}u)` : `(long long)gridDim.x * ${THREADS * lanes}`
  const start = lanes === 1 ? thread : `${thread} * ${lanes}`
  const statements = [
    `for (${type} p = ${start}; p < ${n}; p += ${stride}) {`,
    ...(lanes === 1 ? scalar(loop, writer, 'p') : vector(loop, writer, n, lanes)),
    '}',
  ]
  return [writer.launch(nameOf(loop), statements, [blocks, 1, 1], [THREADS, 1, 1])]
}

export const nameOf = ({ extents, parallel }: Loop): string =>
  `loop_${extents.slice(0, parallel).join('x') || '1'}${parallel < extents.length ? `_by_${extents.slice(parallel).join('x')}` : ''}`

/** The axis along which stores, and then most loads, are contiguous comes last. */
function ordered(loop: Loop): Loop {
  const stores = loop.stores.map(s => s.map),
    axes = loop.extents.map((_, k) => k),
    [leading] = stores
  // A store that is scattered costs more than a load that is, since caches keep what loads bring.
  const fast = fastAxis([...stores, ...stores, ...stores, ...loadsOf(loop.epilogue).map(n => n.map)], axes, loop.extents)
  return fast === undefined || leading === undefined ? loop : withLast(loop, fast, leading)
}

/** Can all points of a group have their indices from the first one's? */
const inOneRow = ({ extents }: Loop, lanes: Lanes): boolean => extents.length === 1 || (extents.at(-1) ?? 1) % lanes === 0

function lanesOf(loop: Loop, context: EmitContext): Lanes {
  const { extents, epilogue, stores } = loop,
    last = extents.length - 1
  if (extents.length === 0) return 1
  const isVector = (map: Affine, lanes: Lanes): boolean =>
    (inOneRow(loop, lanes) ? patternAlong(last, map, extents, lanes) : patternInOrder(map, extents, lanes)) === 'vector'
  // Elements stored one by one would be writes of parts of the same sectors; loads of parts come from the cache.
  if (!stores.every(s => isVector(s.map, LANES))) return 1
  const lanes = lanesFor([...loadsOf(epilogue), ...stores], context, isVector)
  return sizeOf(extents) >= THREADS * lanes * context.target.multiprocessors ? lanes : LANES
}

function evaluate(loop: Loop, writer: Writer, points: Points): readonly string[] {
  const nodes = new Nodes(loop.epilogue, writer, points, 'v')
  for (const store of loop.stores) nodes.store(store)
  return nodes.statements
}

function scalar(loop: Loop, writer: Writer, point: string): readonly string[] {
  const { statements, indices } = indicesOf(point, loop.extents, writer.type, 'i')
  return [...statements, ...evaluate(loop, writer, onePoint(indices))]
}

function vector(loop: Loop, writer: Writer, n: string, lanes: Lanes): readonly string[] {
  const { extents } = loop
  const tail = extents.length === 1 || sizeOf(extents) % lanes !== 0
  const { statements, indices } = inOneRow(loop, lanes) ? indicesOf('p', extents, writer.type, 'i') : { statements: [], indices: [] }
  const points = inOneRow(loop, lanes)
    ? severalAlong(extents.length - 1, indices, extents, writer, lanes)
    : severalInOrder('p', extents, writer, lanes)
  const all = [...statements, ...evaluate(loop, writer, points)]
  if (!tail) return all
  return [
    `if (p + ${lanes} <= ${n}) {`,
    ...all,
    '} else {',
    `for (${writer.type} e = p; e < ${n}; e++) {`,
    ...scalar(loop, writer, 'e'),
    '}',
    '}',
  ]
}
