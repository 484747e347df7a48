/** A compiled graph: binds buffers to its frame, runs it, and hands out the results. */
import { bytesOf, type Buffer, type DType, type Executable, fail, invariant, type KernelGraph } from '@cotangent/core/kernel'
import { blockSize } from './allocator.ts'
import type { Block, CpuBuffer } from './buffer.ts'
import type { Heap } from './heap.ts'
import { type Main, link } from './host.ts'
import { store } from './transfer.ts'
import type { Program } from './program.ts'
import type { Workspace } from './workspace.ts'

/** Runs `main` on one thread or several. */
export interface Runner {
  /** The most threads a run may get. */
  readonly threads: number
  run(job: Job): void
  /** The executable will not run again. */
  forget(job: Job): void
}

/** What a runner needs to know of one run. */
export interface Job {
  readonly module: WebAssembly.Module
  readonly main: Main
  /** Nanoseconds on one thread that can be shared. */
  readonly cost: number
  readonly frame: number
  scratch: number
  readonly scratchBytes: number
}

export interface Services {
  readonly heap: Heap
  readonly workspace: Workspace
  readonly runner: Runner
}

interface Output {
  readonly id: number
  readonly bytes: number
  /** The input whose memory it may take over, or -1. */
  readonly donor: number
}

interface Result {
  readonly dtype: DType
  readonly size: number
  readonly from: 'input' | 'output' | 'constant'
  /** Which of them. */
  readonly index: number
}

/** What an executable holds between its runs; given back on dispose or when the executable is collected. */
interface Resources {
  readonly services: Services
  readonly job: Job
  readonly frameBytes: number
  readonly constants: readonly Block[]
  released: boolean
}

export function releaseResources(r: Resources): void {
  if (r.released) return
  r.released = true
  const { heap, runner } = r.services
  runner.forget(r.job)
  heap.deallocate(r.job.frame, r.frameBytes)
  for (const block of r.constants) if (--block.references === 0) heap.drop(block)
}

export class CpuExecutable implements Executable {
  readonly resources: Resources
  private readonly services: Services
  private readonly job: Job
  private readonly graph: KernelGraph
  private readonly outputs: readonly Output[]
  private readonly results: readonly Result[]
  private readonly temporaries: readonly (readonly [id: number, offset: number])[]
  /** Arena and shared scratch; the threads' own scratch follows. */
  private readonly sharedBytes: number
  private readonly workspaceBytes: number
  /** Where the frame's temporaries point to. */
  private boundTo = -1
  private readonly inputBlocks: Block[] = []
  private readonly outputBlocks: Block[] = []

  constructor(graph: KernelGraph, program: Program, services: Services) {
    const { heap, runner } = services
    this.graph = graph
    this.services = services
    this.outputs = outputsOf(graph)
    this.temporaries = temporariesOf(graph, program)
    this.sharedBytes = Math.ceil(graph.arena / 64) * 64 + program.sharedBytes
    this.workspaceBytes = this.sharedBytes + program.scratchBytes * (program.sharedCost > 0 ? runner.threads : 1)
    const frameBytes = Math.max(64, 4 * (graph.buffers.length + program.sharedOffsets.length))
    const constants = uploadConstants(graph, heap)
    this.results = resultsOf(graph, this.outputs, constants)
    const frame = heap.allocate(frameBytes)
    for (const [id, block] of constants) heap.memory.words[(frame >>> 2) + id] = block.address
    const main = link(program.module, heap.memory.wasm)
    this.job = { module: program.module, main, cost: program.sharedCost, frame, scratch: 0, scratchBytes: program.scratchBytes }
    this.resources = { services, job: this.job, frameBytes, constants: [...constants.values()], released: false }
  }

  run(inputs: readonly Buffer[], donated?: readonly boolean[]): readonly Buffer[] {
    const { heap, workspace, runner } = this.services
    if (this.resources.released)
      fail('InternalError', 'cpu: an executable was run after dispose(). This is a fault in Cotangent: please report it.')
    invariant(
      inputs.length === this.graph.inputs.length,
      `cpu: a graph of ${this.graph.inputs.length} inputs was run with ${inputs.length}`,
    )
    heap.beginRun(inputs)
    try {
      this.bind(inputs as readonly CpuBuffer[], donated)
      runner.run(this.job)
      return this.hand(inputs as readonly CpuBuffer[], donated)
    } catch (error) {
      this.abandon()
      throw error
    } finally {
      this.inputBlocks.length = this.outputBlocks.length = 0
      workspace.release()
      heap.endRun()
    }
  }

  dispose(): void {
    releaseResources(this.resources)
  }

  /** Puts every buffer's address into the frame. */
  private bind(inputs: readonly CpuBuffer[], donated: readonly boolean[] | undefined): void {
    const { heap, workspace } = this.services
    const repeated = this.locateInputs(inputs)
    for (const output of this.outputs) this.outputBlocks.push(this.donorOf(output, donated, repeated) ?? heap.block(output.bytes))
    const base = this.workspaceBytes > 0 ? workspace.acquire(this.workspaceBytes) : 0
    const words = heap.memory.words,
      frame = this.job.frame >>> 2
    const ids = this.graph.inputs
    for (let i = 0; i < ids.length; i++) words[frame + (ids[i] as number)] = (this.inputBlocks[i] as Block).address
    for (let i = 0; i < this.outputs.length; i++) words[frame + (this.outputs[i] as Output).id] = (this.outputBlocks[i] as Block).address
    if (base === this.boundTo) return
    for (const [id, offset] of this.temporaries) words[frame + id] = base + offset
    this.job.scratch = base + this.sharedBytes
    this.boundTo = base
  }

  /** Collects the inputs' blocks; returns those that stand for several inputs, which nothing may take over. */
  private locateInputs(inputs: readonly CpuBuffer[]): Set<Block> | undefined {
    const { heap } = this.services
    let repeated: Set<Block> | undefined
    for (let i = 0; i < inputs.length; i++) {
      const block = heap.resident(inputs[i] as CpuBuffer)
      if (block.stamp === heap.run) (repeated ??= new Set()).add(block)
      block.stamp = heap.run
      this.inputBlocks.push(block)
    }
    return repeated
  }

  /** The donated block that an output takes over, if it is whole, alone, and large enough. */
  private donorOf(output: Output, donated: readonly boolean[] | undefined, repeated: Set<Block> | undefined): Block | undefined {
    if (output.donor < 0 || donated?.[output.donor] !== true) return undefined
    const block = this.inputBlocks[output.donor] as Block
    return block.references === 1 && repeated?.has(block) !== true && block.size >= blockSize(output.bytes) ? block : undefined
  }

  /** Makes the results' handles and ends the donated ones. */
  private hand(inputs: readonly CpuBuffer[], donated: readonly boolean[] | undefined): readonly Buffer[] {
    const { heap } = this.services
    for (let i = 0; i < this.outputs.length; i++) {
      const donor = (this.outputs[i] as Output).donor
      if (donor >= 0 && this.outputBlocks[i] === this.inputBlocks[donor]) heap.take(inputs[donor] as CpuBuffer)
    }
    const handles = this.results.map(r => heap.adopt(this.blockOf(r), r.dtype, r.size))
    if (donated !== undefined) for (let i = 0; i < inputs.length; i++) if (donated[i] === true) heap.free(inputs[i] as CpuBuffer)
    return handles
  }

  private blockOf(result: Result): Block {
    const blocks = result.from === 'output' ? this.outputBlocks : result.from === 'input' ? this.inputBlocks : this.resources.constants
    return blocks[result.index] as Block
  }

  /** After a failure: nothing owns the new outputs. */
  private abandon(): void {
    for (const block of this.outputBlocks) if (block.references === 0) this.services.heap.drop(block)
  }
}

function outputsOf(graph: KernelGraph): readonly Output[] {
  return graph.buffers.flatMap((b, id) => {
    if (b.place.kind !== 'output') return []
    return [{ id, bytes: b.size * bytesOf(b.dtype), donor: graph.donations.indexOf(b.place.index) }]
  })
}

function resultsOf(graph: KernelGraph, outputs: readonly Output[], constants: ReadonlyMap<number, Block>): readonly Result[] {
  const constantIds = [...constants.keys()]
  return graph.outputs.map(id => {
    const { dtype, size, place } = graph.buffers[id] as KernelGraph['buffers'][number]
    switch (place.kind) {
      case 'output':
        return { dtype, size, from: 'output', index: outputs.findIndex(o => o.id === id) }
      case 'input':
        return { dtype, size, from: 'input', index: graph.inputs.indexOf(id) }
      case 'constant':
        return { dtype, size, from: 'constant', index: constantIds.indexOf(id) }
      case 'temporary':
        return fail('InternalError', `cpu: buffer ${id} is both a temporary and a result. Please report it.`)
    }
  })
}

/** Buffers in the workspace: temporaries in its arena, then shared scratch. */
function temporariesOf(graph: KernelGraph, program: Program): (readonly [number, number])[] {
  const arena = Math.ceil(graph.arena / 64) * 64
  return [
    ...graph.buffers.flatMap((b, id): (readonly [number, number])[] => (b.place.kind === 'temporary' ? [[id, b.place.offset]] : [])),
    ...program.sharedOffsets.map((offset, k) => [graph.buffers.length + k, arena + offset] as const),
  ]
}

/** Each constant's block, by buffer id; the executable holds one reference. */
function uploadConstants(graph: KernelGraph, heap: Heap): Map<number, Block> {
  const blocks = new Map<number, Block>()
  graph.buffers.forEach((b, id) => {
    if (b.place.kind !== 'constant') return
    const block = heap.block(b.size * bytesOf(b.dtype))
    block.references = 1
    store(heap.memory, block.address, b.place.data, b.dtype, b.size)
    blocks.set(id, block)
  })
  return blocks
}
