/** What a backend is. It sees kernels and buffers, never primitives. */
import type { DType, TypedArray } from '../dtype.ts'
import type { KernelGraph, KernelKind } from '../lower/kernel.ts'

/**
 * Memory of one tensor on a backend. Opaque to core, which only passes it back. The backend frees the memory when `free` is called or when
 * the Buffer object is garbage-collected, whichever comes first (DESIGN section 6: also inside one synchronous task, when memory runs short).
 */
export interface Buffer {
  readonly dtype: DType
  /** In elements. */
  readonly size: number
}

/** Which reductions become two Loops, and of how many blocks: lower/split.ts. */
export interface SplitLimits {
  /** Loops of fewer points stay as they are. */
  readonly points: number
  /** Results that one task computes at a time, as lanes of vectors. */
  readonly lanes: number
  /** The same where rows are reduced, not columns whose results are neighbours. Default: `lanes`. */
  readonly rowLanes?: number
  /** Loops of so many tasks stay as they are. */
  readonly enough: number
  /** The others get about this many. */
  readonly tasks: number
  /** Fewest points of a block. */
  readonly block: number
  /** Elements of a column whose neighbours are at least `far` elements apart that are reduced at a time. */
  readonly column: number
  readonly far: number
}

export interface Capabilities {
  /** Dtypes that buffers and kernels may have; others are refused with an error that names the backend. */
  readonly dtypes: readonly DType[]
  /** Kernel kinds it runs itself; core decomposes a Contraction that is not here (or of another dtype) into a Loop, and refuses the others. */
  readonly kernels: readonly KernelKind[]
  /** Dtypes of Contractions it runs itself. */
  readonly contractions: readonly DType[]
  /**
   * Large convolutions with small windows come in Winograd's form, in blocks whose intermediate values are at most so many elements (a cache's
   * worth). Absent: convolutions are single Contractions.
   */
  readonly winograd?: number
  /** Default: what suits the threads of a processor. */
  readonly split?: SplitLimits
  /** False: float arithmetic may take subnormal numbers (below 2^-126 in float32) for zeros, as graphics processors do. */
  readonly subnormals?: boolean
}

export interface MemoryStatistics {
  /** Bytes of live buffers. */
  readonly live: number
  readonly peak: number
  readonly buffers: number
}

export interface Executable {
  /**
   * Runs the graph. `inputs[i]` belongs to graph.inputs[i]. `donated[i]` says that the caller gives buffer i up: if graph.donations[i] >= 0
   * the output takes its memory over, otherwise the backend frees it after the run. A buffer that is passed for several inputs is not taken
   * over: its other uses would see the result. Returns one buffer a result; a result that
   * is an input or constant of the graph is returned as a new Buffer that shares or copies its memory, to be freed on its own.
   */
  run(inputs: readonly Buffer[], donated?: readonly boolean[]): readonly Buffer[]
  /**
   * The same without blocking the calling thread. `run`, of this executable too, and everything else may be called before the promise
   * settles; core calls `runAsync` of one backend again only after that. Core keeps the inputs alive meanwhile. Donated ones are given up by
   * the call, also if the promise rejects. Absent: core calls `run` in a later task.
   */
  runAsync?(inputs: readonly Buffer[], donated?: readonly boolean[]): Promise<readonly Buffer[]>
  /** Resolves when no run has to wait for a compiler any more, without blocking meanwhile. Absent: `compile` has done all of that. */
  ready?(): Promise<void>
  dispose(): void
}

/** Work that pauses at each `yield`, so that a caller can let others have the thread. `return()` gives it up. */
export type Steps<T> = Generator<void, T>

/** Without `milliseconds` the kernel took the time since the call before it; a device that has a clock gives what it measured. */
export type KernelEnded = (kernel: number, milliseconds?: number) => void

export interface Backend {
  readonly name: string
  readonly capabilities: Capabilities
  /** Copies host data in. `data.length === size`; bool comes as bytes 0/1. */
  upload(data: TypedArray, dtype: DType): Buffer
  /** Copies a buffer out. Rejects with a BackendError when the device failed. */
  read(buffer: Buffer): Promise<TypedArray>
  /** The same, waiting. */
  readSync(buffer: Buffer): TypedArray
  /** Frees a buffer at once. Idempotent. Using it later is an error of core. */
  free(buffer: Buffer): void
  compile(graph: KernelGraph): Executable
  /** The same with pauses, for backends that take long: `f.compile` and first asynchronous calls keep no task much longer than a step. */
  compileInSteps?(graph: KernelGraph): Steps<Executable>
  /**
   * For `profile`: as `compile`, but a synchronous run calls `ended(-1)` before the first kernel, and `ended(i)` when kernel `i` of the graph's list has
   * ended, in their order. Absent: the times of kernels are not measured.
   */
  compileTimed?(graph: KernelGraph, ended: KernelEnded): Executable
  /**
   * For `explain`: kernels that run in another way than their text suggests (a fallback, parts), one line each that begins with the kernel's
   * number. Absent: there are none.
   */
  notes?(graph: KernelGraph): readonly string[]
  memory(): MemoryStatistics
  /** Ends workers and frees everything. Runs that have not settled reject with a BackendError, or end first. */
  dispose(): Promise<void>
}
