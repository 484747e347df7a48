/** A compiled graph: binds buffers to its frame, runs it, and hands out the results. */
import { bytesOf, type Buffer, type Executable, fail, type KernelGraph } from '@cotangent/core/kernel'
import { aligned } from './allocator.ts'
import { Binding, type Layout, type Output, type Result } from './binding.ts'
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
  /**
   * Runs `main` with another frame and scratch without blocking the calling thread; `run` works meanwhile. Only one such run at a time.
   * Rejects with a BackendError when a kernel fails, a thread ends, or the runner is disposed of before the run has ended.
   */
  runAsync(job: Job, frame: number, scratch: number): Promise<void>
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

/** What an executable holds between its runs; given back on dispose or when the executable is collected. */
interface Resources {
  readonly services: Services
  readonly job: Job
  readonly frameBytes: number
  readonly constants: readonly Block[]
  /** Asynchronous runs that have not ended. */
  inFlight: number
  released: boolean
}

export function releaseResources(r: Resources): void {
  if (r.released) return
  r.released = true
  if (r.inFlight === 0) giveBack(r)
}

function giveBack(r: Resources): void {
  const { heap, runner } = r.services
  runner.forget(r.job)
  heap.deallocate(r.job.frame, r.frameBytes)
  for (const block of r.constants) if (--block.references === 0) heap.drop(block)
}

export class CpuExecutable implements Executable {
  readonly resources: Resources
  private readonly services: Services
  private readonly job: Job
  private readonly layout: Layout
  /** Of synchronous runs, which do not overlap. */
  private readonly binding: Binding
  /** Arena and shared scratch; the threads' own scratch follows. */
  private readonly sharedBytes: number
  private readonly workspaceBytes: number

  constructor(graph: KernelGraph, program: Program, services: Services, mark?: (kernel: number) => void) {
    const { heap, runner } = services
    this.services = services
    this.sharedBytes = aligned(graph.arena) + program.sharedBytes
    this.workspaceBytes = this.sharedBytes + program.scratchBytes * (program.sharedCost > 0 ? runner.threads : 1)
    const frameBytes = 64 * Math.max(1, Math.ceil((graph.buffers.length + program.sharedOffsets.length) / 16))
    const constants = uploadConstants(graph, heap),
      outputs = outputsOf(graph)
    this.layout = {
      inputs: graph.inputs,
      outputs,
      results: resultsOf(graph, outputs, constants),
      temporaries: temporariesOf(graph, program),
      constants,
    }
    const frame = heap.allocate(frameBytes)
    this.binding = new Binding(this.layout, heap, frame)
    const main = link(program.module, heap.memory.wasm, mark)
    this.job = { module: program.module, main, cost: program.sharedCost, frame, scratch: 0, scratchBytes: program.scratchBytes }
    this.resources = { services, job: this.job, frameBytes, constants: [...constants.values()], inFlight: 0, released: false }
  }

  run(inputs: readonly Buffer[], donated?: readonly boolean[]): readonly Buffer[] {
    const { heap, workspace, runner } = this.services,
      { binding } = this
    this.check()
    heap.beginRun(inputs)
    try {
      binding.locate(inputs as readonly CpuBuffer[], donated)
      const base = this.workspaceBytes > 0 ? workspace.acquire(this.workspaceBytes) : 0
      if (binding.write(base)) this.job.scratch = base + this.sharedBytes
      runner.run(this.job)
      binding.takeOver(inputs as readonly CpuBuffer[])
      return binding.hand(inputs as readonly CpuBuffer[], donated)
    } catch (error) {
      binding.abandon()
      throw error
    } finally {
      binding.clear()
      workspace.release()
      heap.endRun()
    }
  }

  /** With a frame and a workspace of its own, which synchronous runs do not touch. */
  async runAsync(inputs: readonly Buffer[], donated?: readonly boolean[]): Promise<readonly Buffer[]> {
    const { resources, workspaceBytes } = this,
      { heap, runner } = this.services
    this.check()
    const bytes = resources.frameBytes + workspaceBytes,
      memory = heap.allocate(bytes),
      base = memory + resources.frameBytes,
      binding = new Binding(this.layout, heap, memory)
    let release: (() => void) | undefined
    resources.inFlight++
    try {
      release = this.hold(binding, base, inputs as readonly CpuBuffer[], donated)
      await runner.runAsync(this.job, memory, base + this.sharedBytes)
      return binding.hand(inputs as readonly CpuBuffer[], donated)
    } catch (error) {
      binding.abandon()
      throw error
    } finally {
      release?.()
      heap.deallocate(memory, bytes)
      if (--resources.inFlight === 0 && resources.released) giveBack(resources)
    }
  }

  /** Binds what an asynchronous run needs, and keeps it in place until the returned function is called. */
  private hold(binding: Binding, base: number, inputs: readonly CpuBuffer[], donated: readonly boolean[] | undefined): () => void {
    const { heap } = this.services
    heap.beginRun(inputs)
    try {
      binding.locate(inputs, donated)
      binding.write(base)
      binding.takeOver(inputs)
      return binding.retain()
    } finally {
      heap.endRun()
    }
  }

  dispose(): void {
    releaseResources(this.resources)
  }

  private check(): void {
    if (this.resources.released)
      fail('InternalError', 'cpu: an executable was run after dispose(). This is a fault in Cotangent: please report it.')
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
  const arena = aligned(graph.arena)
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
