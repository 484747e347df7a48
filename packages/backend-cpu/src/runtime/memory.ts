/** The one WebAssembly memory that all buffers, frames and scratch live in. */
import { fail } from '@cotangent/core/kernel'

export const PAGE = 65536
const initialPages = 16

/** A growable memory with views that are renewed whenever it grows. Do not keep a view across an allocation. */
export class Memory {
  readonly wasm: WebAssembly.Memory
  readonly shared: boolean
  readonly maximumPages: number
  bytes!: Uint8Array
  words!: Int32Array

  constructor(options: { readonly shared: boolean; readonly maximumPages: number }) {
    this.shared = options.shared
    ;[this.wasm, this.maximumPages] = reserve(options.shared, options.maximumPages)
    this.renew()
  }

  get size(): number {
    return this.bytes.length
  }

  /** Adds at least `bytes`; false when the engine refuses or the limit is reached. */
  grow(bytes: number): boolean {
    const pages = Math.ceil(bytes / PAGE)
    if (this.size / PAGE + pages > this.maximumPages) return false
    try {
      this.wasm.grow(pages)
    } catch {
      return false
    }
    this.renew()
    return true
  }

  private renew(): void {
    this.bytes = new Uint8Array(this.wasm.buffer)
    this.words = new Int32Array(this.wasm.buffer)
  }
}

/** Engines may lack address space for 4 GiB (32-bit phones), so smaller maxima are tried in turn. */
function reserve(shared: boolean, wanted: number): [WebAssembly.Memory, number] {
  let cause: unknown
  for (let maximum = wanted; maximum >= initialPages; maximum = Math.floor(maximum / 2)) {
    try {
      return [new WebAssembly.Memory({ initial: initialPages, maximum, shared }), maximum]
    } catch (error) {
      cause = error
    }
  }
  return fail('BackendError', 'cpu: the engine could not reserve memory for WebAssembly.', cause)
}
