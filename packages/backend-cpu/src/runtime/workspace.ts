/** Memory that belongs to one run: temporaries and scratch. Runs do not overlap, so all executables share one workspace, which stays hot. */
import { blockSize } from './allocator.ts'
import type { Heap } from './heap.ts'

/** A workspace up to here is kept between runs; a larger one goes back to the heap, whose lists find it again in constant time. */
const keepBytes = 64 * 2 ** 20

export class Workspace {
  private readonly heap: Heap
  private address = 0
  private bytes = 0

  constructor(heap: Heap) {
    this.heap = heap
  }

  /** The address of at least `bytes` bytes, until `release` or the next `acquire`. */
  acquire(bytes: number): number {
    if (bytes <= this.bytes) return this.address
    this.drop()
    const size = blockSize(bytes <= keepBytes ? Math.max(bytes, Math.min(2 * this.bytes, keepBytes)) : bytes)
    this.address = this.heap.allocate(size)
    this.bytes = size
    return this.address
  }

  release(): void {
    if (this.bytes > keepBytes) this.drop()
  }

  private drop(): void {
    if (this.bytes > 0) this.heap.deallocate(this.address, this.bytes)
    this.bytes = this.address = 0
  }
}
