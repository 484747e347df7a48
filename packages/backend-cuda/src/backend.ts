/** The cuda backend: kernels as CUDA C generated at run time, tensors in device memory. */
import {
  type Backend,
  type Buffer,
  type Capabilities,
  type DType,
  type Executable,
  type KernelEnded,
  type KernelGraph,
  type MemoryStatistics,
  type TypedArray,
} from '@cotangent/core/kernel'
import type { EmitKernel, Precision, Target } from './command.ts'
import { emitKernel } from './kernels/emit.ts'
import { splitLimits } from './kernels/split.ts'
import type { Device } from './runtime/addon.ts'
import { Convolutions } from './runtime/convolutions.ts'
import { CudaExecutable, releaseResources, type Services } from './runtime/executable.ts'
import { DeviceMemory } from './runtime/memory.ts'
import { Modules } from './runtime/modules.ts'
import { Plans } from './runtime/plans.ts'
import { Products } from './runtime/products.ts'
import { Session } from './runtime/session.ts'
import { createStore, type CudaBuffer, describeLargest, readCell, type Store } from './runtime/store.ts'
import { Workspace } from './runtime/workspace.ts'

/** What `cuda()` decided, and what tests vary. */
export interface Platform {
  readonly device: Device
  readonly precision: Precision
  /** Bytes. */
  readonly memoryBudget: number
  readonly debug: boolean
  /** Of compiled programs; undefined: none is kept on disk. */
  readonly cache: string | undefined
  /** Names the compiler among others of its version. */
  readonly compiler: string
  readonly emit?: EmitKernel
  /** An allocation of the driver's for each tensor. */
  readonly separate?: boolean
}

/** What it says to core, and to the documentation. */
export const capabilities: Capabilities = {
  dtypes: ['float32', 'float64', 'float16', 'bfloat16', 'int32', 'uint32', 'int8', 'uint8', 'bool'],
  kernels: ['loop', 'contraction', 'scatter', 'sort', 'cumulative', 'while', 'scan', 'branch'],
  contractions: ['float32', 'float64', 'float16', 'bfloat16'],
  split: splitLimits,
}

export class CudaBackend implements Backend {
  readonly name = 'cuda'
  readonly capabilities: Capabilities = capabilities
  readonly session: Session
  readonly store: Store
  readonly memoryPool: DeviceMemory
  readonly services: Services
  private readonly executables: FinalizationRegistry<CudaExecutable['resources']> = new FinalizationRegistry(resources => {
    try {
      releaseResources(resources)
    } catch {
      // Nobody called: a device that is lost says so in the next call.
    }
  })

  constructor({ device, precision, memoryBudget, debug, cache, compiler, emit = emitKernel, separate = false }: Platform) {
    const session = new Session(device),
      { multiprocessors, capability } = device.properties,
      target: Target = { multiprocessors, capability, precision, products: device.products },
      pool = (): DeviceMemory => memory,
      store = createStore(session, pool),
      workspace = new Workspace(pool)
    const memory = new DeviceMemory(
      session,
      { budget: memoryBudget, separate },
      {
        dropIdle: () => workspace.drop(),
        makeRoom: bytes => store.makeRoom(bytes),
        describe: () => describeLargest(store.cells()),
      },
    )
    session.relieve = () => memory.releaseUnused(Infinity) > 0
    this.session = session
    this.store = store
    this.memoryPool = memory
    this.services = {
      session,
      target,
      emit,
      debug,
      memory,
      store,
      workspace,
      modules: new Modules(session, cache, compiler),
      plans: new Plans(new Products(session, precision), new Convolutions(session, precision)),
    }
  }

  upload(data: TypedArray, dtype: DType): Buffer {
    this.session.check()
    return this.store.handle(this.store.upload(data, dtype))
  }

  async read(buffer: Buffer): Promise<TypedArray> {
    this.session.check()
    return readCell(this.session, this.store.cellOf(buffer))
  }

  readSync(buffer: Buffer): TypedArray {
    this.session.check()
    return this.session.call(() => this.store.read(this.store.cellOf(buffer)))
  }

  free(buffer: Buffer): void {
    this.store.free(buffer as CudaBuffer)
  }

  compile(graph: KernelGraph): Executable {
    return this.make(graph)
  }

  compileTimed(graph: KernelGraph, ended: KernelEnded): Executable {
    return this.make(graph, ended)
  }

  private make(graph: KernelGraph, ended?: KernelEnded): Executable {
    this.session.check()
    const executable = new CudaExecutable(graph, this.services, ended)
    this.executables.register(executable, executable.resources)
    return executable
  }

  memory(): MemoryStatistics {
    return this.store.statistics()
  }

  async dispose(): Promise<void> {
    this.session.dispose()
  }
}
