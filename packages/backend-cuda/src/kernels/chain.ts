/**
 * Chains: Loops that follow each other and walk the same rows become one launch. A softmax is three Loops (maximum, exponentials and their sum,
 * quotients); a block or some lanes of a warp do all of it for a row, which they read from memory once and from the cache afterwards. What one
 * stage stores the next one loads, after a barrier of those threads. So every buffer that a stage writes may be touched, in all of the
 * chain, by no other row: each access is of the row's own element, or of its own elements.
 */
import {
  accessOf,
  type BufferId,
  type BufferSpec,
  collapse,
  dropUnitAxes,
  type Kernel,
  type KernelGraph,
  type Loop,
  withNested,
} from '@cotangent/core/kernel'
import type { Command, EmitContext, LeafKernel, MemoryId } from '../command.ts'
import { bytesOnDevice, storedType } from '../language/types.ts'
import { type Access, accessesOf, elementwiseStage, goesAlongRows, reductionStage, sharing, type Stage } from './chain-accesses.ts'
import { nameOf, THREADS } from './loop-elementwise.ts'
import { type Grid, gridOf, lanesOf, rowsOf, shortWidth, WARP } from './loop-rows.ts'
import type { Lanes } from './lanes.ts'
import { indexTypeOf } from './space.ts'
import { Writer, writtenBy } from './writer.ts'

/** Rows of more elements do not stay in the cache, all those that are under way together. */
const LONG = 4096
/** Rows of more steps, each of as many elements as a thread takes at once, get a block, which keeps fewer rows under way. */
const SHORT = 128
/** Rows that keep a GPU as busy as all their elements would. */
const MANY = 256
/** Elements of which a launch takes longer than the work. */
const FEW = 1 << 14
/** Nodes of all stages: a function should stay short. */
const NODES = 160

/** The kernels of a list in groups that are compiled together, in order. What is no chain is a group of its own. */
export function chainsOf(graph: KernelGraph, kernels: readonly Kernel[]): readonly (readonly Kernel[])[] {
  const shares = sharing(graph),
    groups: Kernel[][] = []
  let chain: Chain | undefined
  for (const kernel of kernels) {
    const longer: Chain | undefined = chain && append(chain, kernel, shares)
    if (longer === undefined) groups.push([kernel])
    else groups.at(-1)?.push(kernel)
    chain = longer ?? begin(kernel)
  }
  return groups
}

interface Chain {
  readonly rows: number
  readonly length: number
  readonly accesses: readonly Access[]
  readonly nodes: number
}

const normal = (kernel: Kernel): Loop | undefined => (kernel.kind === 'loop' ? (collapse(dropUnitAxes(kernel)) as Loop) : undefined)
const nodesOf = ({ loop: { body, epilogue } }: Stage): number => body.length + epilogue.length

function begin(kernel: Kernel): Chain | undefined {
  const loop = normal(kernel)
  if (loop === undefined || loop.parallel === loop.extents.length) return undefined
  const stage = reductionStage(loop),
    { rows, length } = stage
  if (length < 2 || length > LONG || rows === 0 || (rows < MANY && rows * length > FEW) || !goesAlongRows(stage)) return undefined
  return { rows, length, accesses: accessesOf(stage), nodes: nodesOf(stage) }
}

/** With one more stage, where that may be and is worth it: it reads or writes rows that the chain has read or written. */
function append({ rows, length, accesses, nodes }: Chain, kernel: Kernel, shares: ReturnType<typeof sharing>): Chain | undefined {
  const stage = stageOf(kernel, rows, length)
  if (stage === undefined || nodes + nodesOf(stage) > NODES) return undefined
  const own = accessesOf(stage),
    isShared = own.some(a => a.kind === 'row' && accesses.some(b => b.kind === 'row' && shares(a.buffer, b.buffer) === 'whole'))
  const isSafe = own.every(a =>
    accesses.every(b => {
      const share = a.stores || b.stores ? shares(a.buffer, b.buffer) : 'no'
      return share === 'no' || (share === 'whole' && a.kind === b.kind && a.kind !== 'other')
    }),
  )
  return isShared && isSafe ? { rows, length, accesses: [...accesses, ...own], nodes: nodes + nodesOf(stage) } : undefined
}

function stageOf(kernel: Kernel, rows: number, length: number): Stage | undefined {
  const loop = normal(kernel)
  if (loop === undefined) return undefined
  const stage = loop.parallel < loop.extents.length ? reductionStage(loop) : elementwiseStage(loop, rows, length)
  return stage?.rows === rows && stage.length === length && goesAlongRows(stage) ? stage : undefined
}

/** One launch for a group of several kernels. */
export function emitChain(context: EmitContext, graph: KernelGraph, kernels: readonly LeafKernel[]): readonly Command[] {
  const { rows, length } = reductionStage(normal(kernels[0] as Kernel) as Loop),
    stages = kernels.map(k => stageOf(k, rows, length) as Stage),
    loops = stages.map(s => s.loop)
  const lanes = Math.max(...loops.map(loop => lanesOf(loop, context))) as Lanes,
    grid = gridOf(rows, length > SHORT * lanes ? THREADS : shortWidth(length, lanes)),
    isLong = loops.some(loop => indexTypeOf(loop, context) !== 'int'),
    writer = new Writer(context, isLong ? 'long long' : 'int', touchedByStores(context, graph, stages))
  const perBlock = length * rowsPerBlock(grid),
    kept = keptRows(graph, kernels, stages, perBlock).flatMap((id, i) => keep(writer, graph, grid, perBlock, length, id, `t${i}`))
  const barrier = grid.width > WARP ? ['BARRIER();'] : grid.width > 1 ? ['WARP_BARRIER();'] : []
  const text = loops.flatMap((loop, i) => [...(i > 0 ? barrier : []), '{', ...rowsOf(loop, writer, grid), '}'])
  const name = `${nameOf(loops[0] as Loop).replace('loop', 'rows')}_in_${loops.length}`
  return [writer.launch(name, [...grid.begin(writer.type), ...kept, ...text], grid.blocks, grid.threads)]
}

/** Bytes of shared memory that a block spends on rows: a multiprocessor should hold eight blocks. */
const SHARED = 16384

const rowsPerBlock = ({ width }: Grid): number => (width > WARP ? 1 : THREADS / width)

/**
 * Temporaries that only the chain touches, and that it writes before it reads them: their rows stay in shared memory. Those that fit, if a block has
 * `perBlock` elements of each.
 */
function keptRows(graph: KernelGraph, kernels: readonly LeafKernel[], stages: readonly Stage[], perBlock: number): readonly BufferId[] {
  const others = new Set<BufferId>()
  for (const kernel of graph.kernels.flatMap(withNested)) {
    if (kernels.includes(kernel as LeafKernel)) continue
    const { reads, writes } = accessOf(kernel, graph.buffers)
    for (const id of [...reads, ...writes]) others.add(id)
  }
  const accesses = stages.flatMap((stage, i) => accessesOf(stage).map(a => ({ ...a, i })))
  const isKept = (id: BufferId): boolean => {
    const own = accesses.filter(a => a.buffer === id),
      stored = own.findIndex(a => a.stores)
    const isLater = own.every((a, k) => k === stored || (!a.stores && a.i > (own[stored]?.i ?? Infinity)))
    return graph.buffers[id]?.place.kind === 'temporary' && !others.has(id) && isLater && own.every(a => a.kind === 'row')
  }
  let left = SHARED
  return [...new Set(accesses.filter(a => a.stores).map(a => a.buffer))].filter(isKept).filter(id => {
    const bytes = perBlock * bytesOnDevice((graph.buffers[id] as BufferSpec).dtype)
    if (bytes > left) return false
    left -= bytes
    return true
  })
}

/** Shared memory for a buffer's rows of this block, under a name that takes the buffer's own addresses. */
function keep(
  writer: Writer,
  graph: KernelGraph,
  { width }: Grid,
  perBlock: number,
  length: number,
  id: BufferId,
  name: string,
): readonly string[] {
  const type = storedType((graph.buffers[id] as BufferSpec).dtype)
  writer.declare(id, name)
  return [
    `SHARED(${type}, ${name}s, ${perBlock});`,
    `${type} *const ${name} = ${name}s + ((${writer.type})(threadIdx.x / ${width}u) - row) * ${length};`,
  ]
}

/** Memories that no stage may take for read-only: what any stage writes, and what shares memory with it. */
function touchedByStores(context: EmitContext, graph: KernelGraph, stages: readonly Stage[]): ReadonlySet<MemoryId> {
  const shares = sharing(graph),
    accesses = stages.flatMap(accessesOf),
    written = accesses.filter(a => a.stores).map(a => a.buffer)
  const touched = accesses.map(a => a.buffer).filter(b => written.some(w => shares(b, w) !== 'no'))
  return new Set([...stages.flatMap(({ loop }) => [...writtenBy(loop, context)]), ...touched])
}
