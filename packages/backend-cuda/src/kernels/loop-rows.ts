/**
 * Reductions along axes that are contiguous in memory. A row is a result; a group of neighbouring lanes, a warp or a block takes one, by its
 * length, so that neighbouring threads read neighbouring elements.
 */
import { type Loop, sizeOf } from '@cotangent/core/kernel'
import type { Command, Dimensions, EmitContext } from '../command.ts'
import type { IndexType } from '../language/address.ts'
import { nameOf, THREADS } from './loop-elementwise.ts'
import { LANES, type Lanes, lanesFor } from './lanes.ts'
import { loadsOf } from './loop-axes.ts'
import { Nodes, type Points } from './nodes.ts'
import { indicesOf, onePoint, patternAlong, severalAlong } from './points.ts'
import { accumulators, type Accumulator, acrossLanes, acrossWarps, declare, feed, resultsOf } from './reductions.ts'
import { indexTypeOf, takesFour, unrolled } from './space.ts'
import { Writer, writtenBy } from './writer.ts'

export const WARP = 32
/** Longer rows get a block, and these 512 threads. */
const LONG = 2048
const VERY_LONG = 16384
/** Rows that keep a large GPU busy by a warp each; where there are fewer, a row gets a block that has four elements a thread or more. */
const MANY = 4096

/** Threads of a row: a power of two up to a warp, or a whole block. */
function widthOf(rows: number, length: number, lanes: Lanes): number {
  if (length >= VERY_LONG) return 512
  return length > LONG || (rows < MANY && length >= LANES * THREADS) ? THREADS : shortWidth(length, lanes)
}

/** Of a row that a warp takes at most. */
export const shortWidth = (length: number, lanes: Lanes): number => Math.min(WARP, 2 ** Math.ceil(Math.log2(Math.max(1, length / lanes))))

export function emitRows(context: EmitContext, loop: Loop): readonly Command[] {
  const { extents, parallel } = loop,
    rows = sizeOf(extents.slice(0, parallel)),
    grid = gridOf(rows, widthOf(rows, sizeOf(extents.slice(parallel)), lanesOf(loop, context)))
  const writer = new Writer(context, indexTypeOf(loop, context), writtenBy(loop, context))
  return [writer.launch(nameOf(loop), [...grid.begin(writer.type), ...rowsOf(loop, writer, grid)], grid.blocks, grid.threads)]
}

/** How rows are given to threads. */
export interface Grid {
  readonly rows: number
  /** Threads of a row. */
  readonly width: number
  readonly blocks: Dimensions
  readonly threads: Dimensions
  /** Declares `row`, and `g`, the thread's number in it. */
  begin(type: IndexType): readonly string[]
}

/** `width`: see `widthOf`. */
export function gridOf(rows: number, width: number): Grid {
  const isBlock = width > WARP,
    threads = isBlock ? width : THREADS,
    perBlock = threads / width
  const begin = (type: IndexType): readonly string[] => [
    `const ${type} row = ${isBlock ? `(${type})blockIdx.x` : `(${type})blockIdx.x * ${perBlock} + (${type})(threadIdx.x / ${width}u)`};`,
    `const int g = (int)(threadIdx.x % ${width}u);`,
  ]
  return { rows, width, blocks: [Math.ceil(rows / perBlock), 1, 1], threads: [threads, 1, 1], begin }
}

/** The reduction of all rows, or of no reductions the stores of their points. Every thread of a block comes to its end. */
export function rowsOf(loop: Loop, writer: Writer, { rows, width, threads: [threads] }: Grid): readonly string[] {
  const { extents, parallel } = loop,
    all = accumulators(loop.reductions, loop.body)
  const { statements, indices } = indicesOf('row', extents.slice(0, parallel), writer.type, 'i')
  const walk = walkRow(loop, writer, all, { lanes: lanesOf(loop, writer.context), width, indices })
  const epilogue = new Nodes(loop.epilogue, writer, onePoint(indices), 'w', resultsOf(all, 1))
  for (const store of loop.stores) epilogue.store(store)
  const inside = rows % (threads / width) === 0 ? '' : `row < ${rows} && `
  return [
    ...statements,
    ...declare(all, 1),
    ...(inside === '' ? walk : [`if (row < ${rows}) {`, ...walk, '}']),
    ...(width > WARP ? acrossWarps(all, width / WARP) : acrossLanes(all, width)),
    ...(epilogue.statements.length === 0 ? [] : [`if (${inside}g == 0) {`, ...epilogue.statements, '}']),
  ]
}

/** Neighbours of a row at a time where loads are aligned: the last axis is the only one of the row or has a multiple of as many points. */
export function lanesOf(loop: Loop, context: Pick<EmitContext, 'spec'>): Lanes {
  const { extents, parallel, body, bodyStores } = loop,
    last = extents.length - 1
  const divides = (lanes: Lanes): boolean => last === parallel || (extents[last] as number) % lanes === 0
  if (!divides(LANES) || !takesFour(loop, last)) return 1
  return lanesFor(
    [...loadsOf(body), ...bodyStores],
    context,
    (map, lanes) => divides(lanes) && patternAlong(last, map, extents, lanes) === 'vector',
  )
}

interface Walk {
  readonly lanes: Lanes
  readonly width: number
  /** Of the row. */
  readonly indices: readonly string[]
}

/** All points of a row that are this thread's. */
function walkRow(loop: Loop, writer: Writer, all: readonly Accumulator[], { lanes, width, indices }: Walk): readonly string[] {
  const { extents, parallel } = loop,
    inner = extents.slice(parallel),
    length = sizeOf(inner),
    { type } = writer
  const reduced = indicesOf('r', inner, type, 'j')
  const at = [...indices, ...reduced.indices]
  const visit = (points: Points): readonly string[] => [...reduced.statements, ...pointOf(loop, writer, all, points)]
  const whole = length - (length % lanes),
    step = width * lanes
  const main =
    whole === 0
      ? []
      : [
          ...unrolled(loop, whole / step),
          `for (${type} r = g${lanes === 1 ? '' : ` * ${lanes}`}; r < ${whole}; r += ${step}) {`,
          ...visit(lanes === 1 ? onePoint(at) : severalAlong(extents.length - 1, at, extents, writer, lanes)),
          '}',
        ]
  if (whole === length) return main
  return [...main, `for (${type} r = ${whole} + g; r < ${length}; r += ${width}) {`, ...visit(onePoint(at)), '}']
}

function pointOf(loop: Loop, writer: Writer, all: readonly Accumulator[], points: Points): readonly string[] {
  const nodes = new Nodes(loop.body, writer, points, 'v')
  for (const store of loop.bodyStores) nodes.store(store)
  feed(all, nodes, false)
  return nodes.statements
}
