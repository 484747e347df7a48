/**
 * Free blocks by size, then by address. Which block is taken depends on nothing but the set of free blocks, so programs that repeat
 * themselves get the same addresses again, and CUDA graphs recorded with them fit.
 */
import type { Block } from './allocator.ts'

export class FreeList {
  private readonly sorted: Block[] = []

  add(block: Block): void {
    this.sorted.splice(this.search(block.bytes, block.address), 0, block)
  }

  /** Takes out the smallest block of at least `bytes` bytes. */
  take(bytes: number): Block | undefined {
    const at = this.search(bytes, 0)
    return at < this.sorted.length ? this.sorted.splice(at, 1)[0] : undefined
  }

  /** The block must be here, with the size it had when it was added. */
  remove(block: Block): void {
    this.sorted.splice(this.search(block.bytes, block.address), 1)
  }

  /** All of them, as they are now. */
  blocks(): readonly Block[] {
    return [...this.sorted]
  }

  /** The place of the first block that is not before (bytes, address). */
  private search(bytes: number, address: number): number {
    const { sorted } = this
    let low = 0,
      high = sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1,
        block = sorted[middle] as Block
      if (block.bytes < bytes || (block.bytes === bytes && block.address < address)) low = middle + 1
      else high = middle
    }
    return low
  }
}
