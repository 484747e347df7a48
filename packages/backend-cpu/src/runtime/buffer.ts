/** Handles that the library holds, and the memory they stand for. */
import type { Buffer, DType } from '@cotangent/core/kernel'

/** Memory that one or several handles share. `host` holds the bytes while they are moved out of WebAssembly memory (address 0). */
export interface Block {
  address: number
  /** As `blockSize` rounded it. */
  readonly size: number
  references: number
  /** The last run that used it: the order for moving out, and how one run sees that two of its inputs are one block. */
  stamp: number
  host: Uint8Array | undefined
}

/**
 * What the heap holds strongly for one handle, so that the memory can be found when the handle is gone. It lets go of the block when the
 * handle is freed, or while the block is moved out (then only the handle keeps the bytes alive).
 */
export interface Lease {
  block: Block | undefined
  /** Set for every live handle by a search for live handles, cleared by the sweep. */
  alive: boolean
  reference: WeakRef<CpuBuffer> | undefined
  previous: Lease
  next: Lease
}

/** Who wants to know which handles `util.inspect` meets. */
let witness: ((buffer: CpuBuffer) => void) | undefined

/** The `Buffer` of this backend. `block` is undefined once it is freed. */
export class CpuBuffer implements Buffer {
  readonly dtype: DType
  readonly size: number
  readonly lease: Lease
  block: Block | undefined

  constructor(dtype: DType, size: number, block: Block, lease: Lease) {
    this.dtype = dtype
    this.size = size
    this.block = block
    this.lease = lease
  }

  /** Calls `inspect` and tells `see` of every handle that it inspects: this is how live handles are found (liveness.ts). */
  static witness(see: (buffer: CpuBuffer) => void, inspect: () => void): void {
    witness = see
    try {
      inspect()
    } finally {
      witness = undefined
    }
  }

  static {
    // The symbol is Node's, registered for all realms.
    Object.defineProperty(this.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: CpuBuffer) {
        if (witness === undefined) return `CpuBuffer(${this.dtype}, ${this.size})`
        witness(this)
        return ''
      },
    })
  }
}
