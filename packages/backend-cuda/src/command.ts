/**
 * The contract between kernels and the runtime. A kernel compiles to Commands, run in order on one stream; a Launch is one grid of one
 * function, whose text is CUDA C that is also C11 (`language/prelude.ts` says how). The runtime joins the functions of an
 * executable to one program, gives buffers and temporaries addresses, and writes the command buffer.
 *
 * Buffers are dense arrays, aligned to 16 bytes or more: float32, int32, uint32 in 4 bytes, float64 in 8, float16 and bfloat16 in 2, int8 and uint8
 * in one, bool in one too, 0 or 1.
 */
import type { Branch, BufferId, BufferSpec, DType, Kernel, Scan, While } from '@cotangent/core/kernel'

/** A buffer of the graph, by its BufferId, or a temporary that `EmitContext.temporary` numbered. */
export type MemoryId = number

/** An argument of a launch. Each takes one word of the command buffer. */
export type Argument =
  /** `const T* __restrict__ NAME` where `access` is 'read', else `T* NAME`. A kernel that reads and writes one buffer names it once. */
  | { readonly name: string; readonly memory: MemoryId; readonly access: 'read' | 'write' }
  | { readonly name: string; readonly type: 'int' | 'long long' | 'unsigned' | 'float' | 'double'; readonly value: number }
  /** `int NAME`: element 0 of a Scan's counter, which the host knows. */
  | { readonly name: string; readonly counter: BufferId }

export type Dimensions = readonly [x: number, y: number, z: number]

export interface Launch {
  readonly kind: 'launch'
  /** For messages and profiles: a C identifier, not unique. */
  readonly name: string
  readonly arguments: readonly Argument[]
  /**
   * The statements of the function. Launches whose text, arguments' names and types and block are equal share one function, so sizes that
   * do not make the code better are arguments, not constants in the text.
   */
  readonly body: string
  readonly blocks: Dimensions
  /** Threads of a block; `__launch_bounds__` gets their product. */
  readonly threads: Dimensions
  /**
   * Blocks that a multiprocessor should hold at once, at least. Without it the compiler seeks a balance between blocks and registers, and may
   * spill some for one block more; 1 leaves a block all the registers that it can use.
   */
  readonly resident?: number
  /** Functions that the body calls, beside those of the prelude: each once a program, in this order. */
  readonly functions?: readonly string[]
}

/** A matrix of a batch in row-major order: element (i, j) of member n is at `offset + n * batchStride + i * rowStride + j`, or transposed. */
export interface Matrix {
  readonly memory: MemoryId
  /** In elements. */
  readonly offset: number
  readonly batchStride: number
  /** Distance of rows, of columns where `transposed`. At least the length of a row. */
  readonly leading: number
  readonly transposed: boolean
}

/** What a library may do with the sums before it stores them. `bias` has one element a column. */
export interface ProductEpilogue {
  readonly bias?: { readonly memory: MemoryId; readonly offset: number }
  readonly activation?: 'relu'
}

/** `result[n] = epilogue(a[n] @ b[n])`, by cuBLASLt: `[rows, sum] @ [sum, columns]`. The result is not transposed. */
export interface Product {
  readonly kind: 'product'
  /** Of both operands. */
  readonly dtype: DType
  /** Of the result and of the bias: `dtype`, or float32 of float16 and bfloat16, whose sums are of float32 in any case. */
  readonly resultDType: DType
  readonly batch: number
  readonly rows: number
  readonly columns: number
  readonly sum: number
  readonly a: Matrix
  readonly b: Matrix
  readonly result: Matrix
  readonly epilogue: ProductEpilogue
}

export type Pair = readonly [height: number, width: number]

/** A convolution in two dimensions without flipping, of float32, or the gradient of its filter: all but the addresses. */
export interface ConvolutionShape {
  /** `filter`: from the image and the cotangent of the result. */
  readonly direction: 'forward' | 'filter'
  /** Images are `[batch, height, width, channels]` and filters `[filters, height, width, channels of a group]`; or channels come second. */
  readonly channelsLast: boolean
  readonly batch: number
  readonly channels: number
  readonly image: Pair
  /** Of all groups: the channels of the result. */
  readonly filters: number
  readonly kernel: Pair
  readonly result: Pair
  /** Before the image; behind it is what the result's size needs. */
  readonly pad: Pair
  readonly stride: Pair
  readonly dilation: Pair
  readonly groups: number
  /** What is done with the sums of a forward convolution. A bias has one element a filter. */
  readonly epilogue: 'none' | 'bias' | 'biasRelu'
}

/** Dense elements from `offset` on, a multiple of 4. */
export interface Dense {
  readonly memory: MemoryId
  readonly offset: number
}

/** By cuDNN. */
export interface Convolution {
  readonly kind: 'convolution'
  readonly shape: ConvolutionShape
  readonly image: Dense
  /** The filter, or the cotangent of the result. */
  readonly other: Dense
  /** The result, or the gradient of the filter. */
  readonly result: Dense
  readonly bias?: Dense
}

/** What a library does by a plan, in a workspace. */
export type LibraryCall = Product | Convolution

/** Sets all bytes to 0. */
export interface Clear {
  readonly kind: 'clear'
  readonly memory: MemoryId
}

/** Copies elements between memories of one dtype. Offsets and count in elements. */
export interface Copy {
  readonly kind: 'copy'
  readonly from: MemoryId
  readonly fromOffset: number
  readonly to: MemoryId
  readonly toOffset: number
  readonly count: number
}

export type Command = Launch | LibraryCall | Clear | Copy

/** How float32 products are computed: by float32 units, or by tensor cores from operands rounded to 10 or 7 bits of fraction. */
export type Precision = 'float32' | 'tf32' | 'bf16'

/** What kernels depend on. */
export interface Target {
  readonly multiprocessors: number
  /** 90 for 9.0. */
  readonly capability: number
  readonly precision: Precision
  /** Is there a cuBLASLt for Products? Else kernels compute them. */
  readonly products: boolean
}

/** What the compiler of a kernel may ask and order. */
export interface EmitContext {
  readonly buffers: readonly BufferSpec[]
  readonly target: Target
  /** Memory that lives while the kernel runs, with anything in it. */
  temporary(spec: BufferSpec): MemoryId
  /** What `way` returns. Where that is undefined its temporaries are given up. */
  attempt<T>(way: () => T | undefined): T | undefined
  spec(memory: MemoryId): BufferSpec
  /** Does cuBLASLt, which is there, take this? Else kernels compute it. */
  multiplies(product: Product): boolean
  /** Is there a cuDNN that takes this? Else kernels compute it. */
  convolves(shape: ConvolutionShape): boolean
  /** Is the buffer the counter of a Scan that the host counts? Then its element 0 is an argument (`counter`), and memory has it only if a launch reads it. */
  isCounter(buffer: BufferId): boolean
}

/** A kernel that is no control flow. */
export type LeafKernel = Exclude<Kernel, While | Scan | Branch>

/** Nothing to do (no points, empty buffers): no commands. */
export type EmitKernel = (context: EmitContext, kernel: LeafKernel) => readonly Command[]
