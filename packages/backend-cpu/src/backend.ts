/** The cpu backend: WebAssembly SIMD kernels generated at run time, on one memory and as many threads as there are cores. */
import {
  bytesOf,
  dtypes,
  fail,
  type Backend,
  type Buffer,
  type Capabilities,
  type DType,
  type KernelGraph,
  type MemoryStatistics,
  type TypedArray,
} from '@cotangent/core/kernel'
import type { CpuBuffer } from './runtime/buffer.ts'
import { controlBytes } from './runtime/control.ts'
import { CpuExecutable, releaseResources, type Runner } from './runtime/executable.ts'
import { Heap } from './runtime/heap.ts'
import type { Liveness } from './runtime/liveness.ts'
import { Memory } from './runtime/memory.ts'
import { compileProgram, type EmitKernel } from './runtime/program.ts'
import { load, store } from './runtime/transfer.ts'
import { Workspace } from './runtime/workspace.ts'
import { contraction } from './tuning.ts'

/** What `cpu()` decided about the engine, and what tests vary. */
export interface Platform {
  readonly memory: Memory
  readonly fma: boolean
  readonly wide?: boolean
  readonly memoryBudget: number
  readonly liveness: Liveness | undefined
  readonly emit: EmitKernel
  /** Runs on several threads where that pays. */
  readonly runner: Runner & { dispose(): Promise<void> }
}

/** What it says to core, and to the documentation. */
export const capabilities: Capabilities = {
  dtypes,
  kernels: ['loop', 'contraction', 'scatter', 'sort', 'cumulative', 'while', 'scan', 'branch'],
  contractions: ['float32'],
  winograd: contraction.winograd,
}

export class CpuBackend implements Backend {
  readonly name = 'cpu'
  readonly capabilities: Capabilities = capabilities
  readonly heap: Heap
  private readonly platform: Platform
  private readonly workspace: Workspace
  private readonly executables: FinalizationRegistry<CpuExecutable['resources']> = new FinalizationRegistry(releaseResources)
  private disposed = false

  constructor(platform: Platform) {
    this.platform = platform
    const { memory, liveness, memoryBudget } = platform
    this.heap = new Heap({ memory, liveness, budget: memoryBudget, reserved: controlBytes })
    this.workspace = new Workspace(this.heap)
  }

  upload(data: TypedArray, dtype: DType): Buffer {
    this.check()
    const { heap } = this
    heap.beginRun([])
    const block = heap.block(data.length * bytesOf(dtype))
    store(heap.memory, block.address, data, dtype, data.length)
    return heap.adopt(block, dtype, data.length)
  }

  async read(buffer: Buffer): Promise<TypedArray> {
    return this.readSync(buffer)
  }

  readSync(buffer: Buffer): TypedArray {
    this.check()
    this.heap.beginRun([])
    const { address } = this.heap.resident(buffer as CpuBuffer)
    return load(this.heap.memory, address, buffer.dtype, buffer.size)
  }

  free(buffer: Buffer): void {
    if (!this.disposed) this.heap.free(buffer as CpuBuffer)
  }

  compile(graph: KernelGraph): CpuExecutable {
    return this.make(graph)
  }

  compileTimed(graph: KernelGraph, ended: (kernel: number) => void): CpuExecutable {
    return this.make(graph, ended)
  }

  private make(graph: KernelGraph, mark?: (kernel: number) => void): CpuExecutable {
    this.check()
    const { emit, fma, wide = false, memory, runner } = this.platform
    const program = compileProgram(graph, {
      emit,
      fma,
      wide,
      memory,
      share: memory.shared && runner.threads > 1,
      marks: mark !== undefined,
    })
    const executable = new CpuExecutable(graph, program, { heap: this.heap, workspace: this.workspace, runner }, mark)
    this.executables.register(executable, executable.resources)
    return executable
  }

  memory(): MemoryStatistics {
    return this.heap.statistics()
  }

  async dispose(): Promise<void> {
    if (this.disposed) return
    this.disposed = true
    await this.platform.runner.dispose()
  }

  private check(): void {
    if (this.disposed) fail('BackendError', 'cpu: the backend was disposed. Call init() again to get a new one.')
  }
}
