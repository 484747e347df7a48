/**
 * The native addon as TypeScript sees it: native/*.cpp implements this. It opens the NVIDIA libraries at run time and executes command buffers;
 * it knows nothing of graphs and kernels. Device addresses are numbers (below 2^53); functions, products, graphs and modules
 * are handles that it checks.
 *
 * Errors thrown have `code: 'ERR_CUDA'`, `call` (the function of the driver, of NVRTC, cuBLASLt or cuDNN), `status` (its number, in that library's
 * numbering: 2 of a function of the driver, `cu` and a capital, is out of memory) and a message `call: NAME (number) text`, then on lines of
 * their own the compiler's log or the kernel; those of `execute` have `ordered`, how many commands had been ordered before. Arguments that are wrong, handles that are none and addresses outside of live allocations are
 * TypeErrors, and nothing has happened. A closed device throws `status` 709.
 */

/** Names or paths to try in order, for each library. */
export interface Libraries {
  readonly cuda: readonly string[]
  readonly nvrtc: readonly string[]
  readonly cublasLt: readonly string[]
  readonly cudnn: readonly string[]
}

export interface LibraryReport {
  /** The one that was opened. */
  readonly library?: string
  readonly tried: readonly { readonly library: string; readonly error: string }[]
  /** Symbols that it lacks. */
  readonly missing: readonly string[]
}

export interface DeviceProperties {
  readonly name: string
  /** 90 for 9.0. */
  readonly capability: number
  readonly multiprocessors: number
  /** In bytes. */
  readonly memory: number
  readonly l2: number
  /** 12040 for 12.4. */
  readonly driverVersion: number
  /** [12, 4]; the compiler's. */
  readonly compilerVersion: readonly [major: number, minor: number]
}

/** Why a device cannot be opened, in one line for users (library, symbol, version or device), or the device. Never throws, never exits. */
export type Opened = {
  readonly cuda: LibraryReport
  readonly nvrtc: LibraryReport
  readonly cublasLt: LibraryReport
  readonly cudnn: LibraryReport
} & ({ readonly reason: string; readonly device?: undefined } | { readonly reason?: undefined; readonly device: Device })

/** One GPU with one stream, of one thread of Node. Its state belongs to the environment that opened it. */
export interface Device {
  readonly properties: DeviceProperties
  /** Were the symbols of cuBLASLt found? It starts with the first `product`. */
  readonly products: boolean
  /** Were the symbols of cuDNN found? It starts with the first `convolution`. */
  readonly convolutions: boolean

  /** CUDA C to a cubin for this device. Throws with the compiler's log. */
  compile(source: string, options: readonly string[]): Uint8Array
  /** The same in another thread. Rejects where `compile` throws. */
  compileAsync(source: string, options: readonly string[]): Promise<Uint8Array>
  /** A cubin's module. */
  load(cubin: Uint8Array): number
  unload(module: number): void
  /**
   * A function and the arguments that it takes, a word and a letter each: `p` an address of device memory, which must be 0 or inside of a live
   * allocation, `w` anything else. At most 512.
   */
  function(module: number, name: string, parameters: string): number
  /** Registers, bytes of local memory (spills) and of static shared memory a thread or block. */
  attributes(handle: number): { readonly registers: number; readonly local: number; readonly shared: number }

  /** Device memory, one byte or more; throws status 2 where there is not enough. */
  allocate(bytes: number): number
  /** Waits for the stream first, since commands in it may use the memory. */
  release(address: number): void
  memory(): { readonly free: number; readonly total: number }

  /** A cuBLASLt plan: see `ProductPlan`. */
  product(plan: ProductPlan): PlannedProduct
  releaseProduct(handle: number): void

  /** A cuDNN plan: see `ConvolutionPlan`. Undefined where cuDNN does not support it, or only with a workspace of more than 1 GiB. */
  convolution(plan: ConvolutionPlan): PlannedConvolution | undefined
  releaseConvolution(handle: number): void

  /** Checks `words` words of the command buffer, then orders them on the stream. Refused buffers (TypeError) execute nothing. */
  execute(buffer: ArrayBuffer, words: number): void
  /** The same, recorded as a CUDA graph. Returns a handle for `Operation.graph`. */
  capture(buffer: ArrayBuffer, words: number): number
  releaseGraph(handle: number): void

  /** Copies host data in, ordered after all before; `data` may change when it returns. */
  write(address: number, data: ArrayBufferView): void
  /** Copies out, waiting. */
  readSync(address: number, into: ArrayBufferView): void
  /** Copies out through pinned memory without blocking the thread. The promise keeps the process alive. A RangeError where the host has no memory. */
  read(address: number, bytes: number): Promise<ArrayBuffer>
  /** Waits for the stream; throws what failed on it. */
  synchronize(): void
  /** Milliseconds of device time that `words` words take, by events, best of `repetitions`. */
  time(buffer: ArrayBuffer, words: number, repetitions: number): number
  /** Frees all; later calls throw. Reads that have not settled reject. */
  close(): void
}

/** Row-major matrices as cuBLASLt (column-major) sees them: the caller has swapped the operands. Leading dimensions and strides in elements. */
export interface ProductPlan {
  /** cudaDataType of the operands. */
  readonly type: number
  /** Of the result and of the bias: `type` where absent, which it must be unless that is of 16 bits and this float32. */
  readonly resultType?: number
  /** cublasComputeType_t. */
  readonly compute: number
  readonly rows: number
  readonly columns: number
  readonly sum: number
  readonly batch: number
  readonly transposeA: boolean
  readonly transposeB: boolean
  readonly leadingA: number
  readonly leadingB: number
  readonly leadingResult: number
  readonly strideA: number
  readonly strideB: number
  readonly strideResult: number
  /** cublasLtEpilogue_t: 1 none, 2 relu, 4 bias, 6 both. */
  readonly epilogue: number
  /** A power of two that divides all addresses, 16 where absent. */
  readonly alignment?: number
  /** How many of the algorithms that cuBLASLt proposes to time once, on memory allocated for that: 1, which times none, where absent. At most 8. */
  readonly candidates?: number
  /** The proposal to take without timing: the `choice` of an earlier plan. */
  readonly choice?: number
}

export interface PlannedProduct {
  readonly handle: number
  /** Bytes of device memory that the command must bring. */
  readonly workspace: number
  /** Index of the algorithm among cuBLASLt's proposals. */
  readonly choice: number
}

/** A convolution in two dimensions without flipping, of dense float32 tensors. */
export interface ConvolutionPlan {
  /** 0: the result from image and filter. 1: the gradient of the filter from image and the result's cotangent. */
  readonly direction: number
  /** 0: the sums. Forward also 1: a bias is added, 2: and a relu follows. */
  readonly epilogue: number
  /** cudnnConvolutionFwdAlgo_t or cudnnConvolutionBwdFilterAlgo_t: see `convolutions.ts` for what each promises. */
  readonly algorithm: number
  /** NHWC and filters [filters, height, width, channels / groups]; or NCHW and [filters, channels / groups, height, width]. */
  readonly channelsLast: boolean
  /** May operands be rounded to TF32? */
  readonly tensorCores: boolean
  readonly batch: number
  readonly channels: number
  readonly height: number
  readonly width: number
  readonly filters: number
  readonly kernelHeight: number
  readonly kernelWidth: number
  readonly groups: number
  /** As the paddings, which are the same at both ends, the strides and the dilations make it. */
  readonly resultHeight: number
  readonly resultWidth: number
  readonly padHeight: number
  readonly padWidth: number
  readonly strideHeight: number
  readonly strideWidth: number
  readonly dilationHeight: number
  readonly dilationWidth: number
}

export interface PlannedConvolution {
  readonly handle: number
  /** Bytes of device memory that the command must bring. */
  readonly workspace: number
}

export interface Addon {
  /** Devices of the driver: 0 where there is none. */
  open(libraries: Libraries, device: number): Opened
}

/**
 * The command buffer: 8-byte little-endian words. The first word of a command is `operation + words * 2^32`, `words` counting itself and all that
 * belongs to it. Two numbers in a word: low half, high half.
 *
 * - launch:  [head, function, grid x | y, grid z | block x, block y | z, counters, argument...]: bit j of `counters`: argument j is the number
 *            of an enclosing loop (0 the outermost), whose index it becomes
 * - copy:    [head, to, from, bytes], which do not overlap
 * - fill:    [head, address, value of a byte, bytes]
 * - product: [head, handle, a, b, result, bias or 0, workspace or 0]
 * - convolution: [head, handle, image, filter or cotangent, result, bias or 0, workspace or 0], aligned to 16 bytes, the workspace to 256
 * - graph:   [head, handle], not in a buffer that is captured
 * - loop:    [head, count | reverse, address or 0, body...]: the body `count` times, index 0, 1, ... or count - 1 down to 0; at each
 *            start the index is stored as int32 at the address, if any. Loops nest up to 8 deep; all of them together order at most 2^31
 *            commands.
 */
export const Operation = { launch: 1, copy: 2, fill: 3, product: 4, graph: 5, loop: 6, convolution: 7 } as const
