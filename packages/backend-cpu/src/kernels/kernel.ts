/**
 * What every kernel emitter gives and gets. An executable is one module; each kernel becomes one or more phases, and between two phases all
 * threads meet at a barrier.
 *
 * Contract of memory: every buffer is 64-byte aligned and owns its bytes up to the next multiple of 64, so a whole vector may be loaded
 * from, and stored to, the tail of a buffer that the kernel writes from its start to its end. bool is stored as int32 0 or 1;
 * elements take `bytesOf(dtype)` bytes.
 */
import type { BufferId, BufferSpec } from '@cotangent/core/kernel'
import { I32, type ValueType, type WasmFunction, type WasmModule } from '../wasm/assembler.ts'

/** Parameters of every phase function: `(frame, scratch, begin, end)`, all i32. It does the tasks begin <= t < end. */
export const phaseParams: readonly ValueType[] = [I32, I32, I32, I32]
export const FRAME = 0
export const SCRATCH = 1
export const BEGIN = 2
export const END = 3

/** A piece of work that is cut into `tasks` independent tasks. Results do not depend on how the tasks are spread over threads. */
export interface Phase {
  /** Added to the module already. */
  readonly run: WasmFunction
  readonly tasks: number
  /** Estimated nanoseconds for all tasks on one thread: decides whether the work is worth sharing. */
  readonly cost: number
}

export interface EmitContext {
  readonly module: WasmModule
  readonly buffers: readonly BufferSpec[]
  /** The engine fuses relaxed_madd into one FMA instruction. */
  readonly fma: boolean
  /** Besides, it makes one 256-bit instruction of two vectors side by side. */
  readonly wide?: boolean
  /** Bytes of private scratch memory that each thread has at its `scratch` pointer (64-byte aligned); asks for at least `bytes`. */
  needScratch(bytes: number): void
  /** Bytes of scratch shared by all threads of one run (e.g. a packed operand); returns the id to give to `address`. */
  needShared(bytes: number): BufferId
}

/** Pushes the byte address of a buffer: the frame is a table of addresses, one i32 a buffer id. */
export const address = (f: WasmFunction, buffer: BufferId): WasmFunction => f.get(FRAME).i32Load(4 * buffer)
