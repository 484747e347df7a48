/** Memory that belongs to one run: temporaries and scratch. Runs do not overlap, so all executables share one workspace, which stays hot. */
import { memory } from '../tuning.ts'
import { blockSize } from './allocator.ts'
import type { Heap } from './heap.ts'

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
    const size = blockSize(bytes <= memory.workspace ? Math.max(bytes, Math.min(2 * this.bytes, memory.workspace)) : bytes)
    this.address = this.heap.allocate(size)
    this.bytes = size
    return this.address
  }

  release(): void {
    if (this.bytes > memory.workspace) this.drop()
  }

  private drop(): void {
    if (this.bytes > 0) this.heap.deallocate(this.address, this.bytes)
    this.bytes = this.address = 0
  }
}
