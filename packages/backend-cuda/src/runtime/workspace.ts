/**
 * The arena that all executables share: what is ordered on one stream runs one after the other. It has the size of the largest, and is cut
 * from the same memory as tensors.
 */
import type { Block } from './allocator.ts'
import type { DeviceMemory } from './memory.ts'

export class Workspace {
  private readonly memory: () => DeviceMemory
  private block: Block | undefined

  constructor(memory: () => DeviceMemory) {
    this.memory = memory
  }

  /** The address of `bytes` bytes, until the next call of `acquire` or `drop`. */
  acquire(bytes: number): number {
    if (bytes === 0) return 0
    if (this.block !== undefined && this.block.bytes >= bytes) return this.block.address
    // First, so that the larger one may lie where this one was.
    this.drop()
    this.block = this.memory().take(bytes)
    return this.block.address
  }

  drop(): void {
    const { block } = this
    this.block = undefined
    if (block !== undefined) this.memory().give(block)
  }
}
