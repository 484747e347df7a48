/**
 * Reductions whose results are neighbours in memory: threads along the results, and where there are few results several rows of threads,
 * which take turns along the reduced axes and combine through shared memory.
 */
import { type Loop, sizeOf } from '@cotangent/core/kernel'
import type { Command, EmitContext } from '../command.ts'
import { nameOf, THREADS } from './loop-elementwise.ts'
import { LANES, type Lanes } from './lanes.ts'
import { Nodes, type Points } from './nodes.ts'
import { indicesOf, onePoint, severalAlong } from './points.ts'
import { type Accumulator, accumulators, acrossRows, declare, feed, partsOf, resultsOf } from './reductions.ts'
import { indexTypeOf, takesFour, unrolled } from './space.ts'
import { Writer, writtenBy } from './writer.ts'

/** Threads that a large GPU keeps busy: fewer results than that get several threads each. */
const MANY = 1 << 17
const WIDTH = 32

/** A kernel may have 48 KiB of shared memory without asking for more, and a third of that lets blocks share a multiprocessor. */
const SHARED_BYTES = 16384

/** Threads that share a result: as many as make threads many and as shared memory has room for. `bytes`: of the accumulators of a result. */
function groupsOf(results: number, length: number, bytes: number): number {
  if (results >= MANY || length < 16) return 1
  let groups = results * 8 < MANY && length >= 256 ? 16 : 8
  while (groups > 1 && groups * WIDTH * bytes > SHARED_BYTES) groups /= 2
  return groups
}

export function emitColumns(context: EmitContext, loop: Loop): readonly Command[] {
  const { extents, parallel } = loop,
    results = sizeOf(extents.slice(0, parallel))
  const writer = new Writer(context, indexTypeOf(loop, context), writtenBy(loop, context)),
    { type } = writer
  const all = accumulators(loop.reductions, loop.body),
    block = blockOf(loop, all),
    { groups, lanes, width } = block
  const { statements, indices } = indicesOf('c', extents.slice(0, parallel), type, 'i')
  const over = (full: readonly string[]): Points => (lanes === 1 ? onePoint(full) : severalAlong(parallel - 1, full, extents, writer))
  const epilogue = new Nodes(loop.epilogue, writer, over(indices), 'w', resultsOf(all, lanes))
  for (const store of loop.stores) epilogue.store(store)
  const text = [
    `const ${type} c = ((${type})blockIdx.x * ${width} + (${type})threadIdx.x)${lanes === 1 ? '' : ` * ${LANES}`};`,
    ...statements,
    ...declare(all, lanes),
    `if (c < ${results}) {`,
    ...walkColumn(loop, writer, all, block, points => over([...indices, ...points])),
    '}',
    ...acrossRows(all, groups, width, lanes),
    ...(epilogue.statements.length === 0
      ? []
      : [`if (c < ${results}${groups === 1 ? '' : ' && threadIdx.y == 0'}) {`, ...epilogue.statements, '}']),
  ]
  return [writer.launch(nameOf(loop), text, [Math.ceil(results / (width * lanes)), 1, 1], [width, groups, 1])]
}

interface Block {
  /** Threads that share a result. */
  readonly groups: number
  /** Results of a thread. */
  readonly lanes: Lanes
  /** Threads side by side. */
  readonly width: number
}

function blockOf(loop: Loop, all: readonly Accumulator[]): Block {
  const { extents, parallel } = loop,
    bytes = partsOf(all).reduce((sum, p) => sum + (p.dtype === 'float64' ? 8 : 4), 0)
  const groups = groupsOf(sizeOf(extents.slice(0, parallel)), sizeOf(extents.slice(parallel)), bytes)
  return { groups, lanes: lanesOf(loop, groups, bytes), width: groups === 1 ? THREADS : WIDTH }
}

/** Four results a thread, if threads are left to be many. */
function lanesOf(loop: Loop, groups: number, bytes: number): Lanes {
  const { extents, parallel } = loop,
    last = parallel - 1
  if (parallel === 0 || (extents[last] as number) % LANES !== 0) return 1
  if ((sizeOf(extents.slice(0, parallel)) * groups) / LANES < MANY / 2) return 1
  if (groups > 1 && groups * WIDTH * LANES * bytes > SHARED_BYTES) return 1
  return takesFour(loop, last) ? LANES : 1
}

/** All points of a column that are this thread's; `over` gives the points of an index of the reduced axes. */
function walkColumn(
  loop: Loop,
  writer: Writer,
  all: readonly Accumulator[],
  { groups, lanes }: Block,
  over: (reduced: readonly string[]) => Points,
): readonly string[] {
  const inner = loop.extents.slice(loop.parallel),
    length = sizeOf(inner),
    { type } = writer
  const reduced = indicesOf('r', inner, type, 'j')
  const nodes = new Nodes(loop.body, writer, over(reduced.indices), 'v')
  for (const store of loop.bodyStores) nodes.store(store)
  feed(all, nodes, lanes !== 1)
  const start = groups === 1 ? '0' : `(${type})threadIdx.y`
  return [
    ...unrolled(loop, length / groups),
    `for (${type} r = ${start}; r < ${length}; r += ${groups}) {`,
    ...reduced.statements,
    ...nodes.statements,
    '}',
  ]
}
