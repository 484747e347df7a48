/** The webgl backend: kernels as fragment shaders generated at run time, tensors as textures. */
import {
  type Backend,
  type Buffer,
  type Capabilities,
  type DType,
  type Executable,
  finish,
  hostArray,
  type KernelGraph,
  type MemoryStatistics,
  type Steps,
  type TypedArray,
} from '@cotangent/core/kernel'
import { noFloat64 } from './glsl/types.ts'
import { emitKernel } from './kernels/emit.ts'
import type { EmitKernel } from './pass.ts'
import { Device, type DeviceOptions } from './runtime/device.ts'
import { releaseResources, WebglExecutable } from './runtime/executable.ts'
import { Framebuffers } from './runtime/framebuffers.ts'
import { ProgramCache } from './runtime/programs.ts'
import { Runner } from './runtime/runner.ts'
import { notesOf } from './runtime/schedule.ts'
import { createStore, type Store, type WebglBuffer } from './runtime/store.ts'
import { TexturePool } from './runtime/textures.ts'
import { readAsync } from './runtime/transfer.ts'

/** What `webgl()` decided, and what tests vary. */
export interface Platform extends DeviceOptions {
  readonly memoryBudget: number
  readonly emit?: EmitKernel
}

/** What it says to core, and to the documentation. */
export const capabilities: Capabilities = {
  dtypes: ['float32', 'float16', 'bfloat16', 'int32', 'uint32', 'int8', 'uint8', 'bool'],
  kernels: ['loop', 'contraction', 'scatter', 'sort', 'cumulative', 'while', 'scan', 'branch'],
  contractions: ['float32', 'float16', 'bfloat16'],
  // A texel is a task, and a graphics processor has thousands of them at once.
  split: { points: 1 << 14, lanes: 4, enough: 256, tasks: 1024, block: 256, column: 128, far: 512 },
  subnormals: false,
}

export class WebglBackend implements Backend {
  readonly name = 'webgl'
  readonly capabilities: Capabilities = capabilities
  readonly device: Device
  readonly store: Store
  readonly pool: TexturePool
  readonly programs: ProgramCache
  private readonly framebuffers: Framebuffers
  private readonly runner: Runner
  private readonly emit: EmitKernel
  private readonly executables: FinalizationRegistry<WebglExecutable['resources']> = new FinalizationRegistry(releaseResources)

  constructor({ memoryBudget, emit = emitKernel, ...options }: Platform) {
    const device = new Device(options)
    this.device = device
    this.emit = emit
    this.framebuffers = new Framebuffers(device)
    this.programs = new ProgramCache(device)
    this.pool = new TexturePool(
      device,
      memoryBudget,
      bytes => this.store.makeRoom(bytes),
      texture => {
        this.framebuffers.forget(texture)
        this.runner.forget(texture)
      },
    )
    this.store = createStore(device, this.pool, this.framebuffers)
    this.runner = new Runner(device, this.pool, this.framebuffers, this.programs)
  }

  upload(data: TypedArray, dtype: DType): Buffer {
    return this.device.guard(() => this.store.handle(this.store.upload(data, dtype)))
  }

  async read(buffer: Buffer): Promise<TypedArray> {
    this.device.check()
    const { store, framebuffers, device } = this,
      cell = store.cellOf(buffer)
    if (cell.host !== undefined) return cell.host.slice()
    const { memory: texture } = cell
    return texture === undefined ? hostArray(cell.dtype, 0) : device.guard(() => readAsync(device, framebuffers, texture, cell.size))
  }

  readSync(buffer: Buffer): TypedArray {
    this.device.check()
    const cell = this.store.cellOf(buffer)
    return this.device.guard(() => this.store.read(cell))
  }

  free(buffer: Buffer): void {
    this.store.free(buffer as WebglBuffer)
  }

  compile(graph: KernelGraph): Executable {
    return this.device.guard(() => finish(this.compileInSteps(graph)))
  }

  *compileInSteps(graph: KernelGraph): Steps<Executable> {
    this.device.check()
    for (const { dtype } of graph.buffers) if (dtype === 'float64') noFloat64()
    const steps = WebglExecutable.compileInSteps(graph, this.emit, this.runner, this.store)
    try {
      for (;;) {
        const step = this.device.guard(() => steps.next())
        if (step.done === true) {
          this.executables.register(step.value, step.value.resources)
          return step.value
        }
        yield
      }
    } finally {
      steps.return(undefined as never)
    }
  }

  notes(graph: KernelGraph): readonly string[] {
    return notesOf(graph, this.device.limits, this.emit).map(({ kernel, way, why }) => `${kernel}: ${way}: ${why}`)
  }

  memory(): MemoryStatistics {
    return this.store.statistics()
  }

  async dispose(): Promise<void> {
    this.device.dispose()
  }
}
