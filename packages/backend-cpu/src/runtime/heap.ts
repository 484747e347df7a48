/** Buffers: who owns which memory, how much is live, and what happens when it runs short. */
import { bytesOf, type DType, fail, type MemoryStatistics } from '@cotangent/core/kernel'
import { Allocator, blockSize } from './allocator.ts'
import { type Block, CpuBuffer, type Lease } from './buffer.ts'
import type { Liveness } from './liveness.ts'
import { Memory, PAGE } from './memory.ts'

export interface HeapOptions {
  readonly memory: Memory
  /** Addresses below are the runtime's own. */
  readonly reserved: number
  /** Bytes of garbage that may gather before it is looked for; never less than what is live. */
  readonly budget: number
  /** Absent: when memory runs out, the buffers not used for longest are moved to host memory. */
  readonly liveness: Liveness | undefined
}

/** A search for garbage that takes more than this share of the time since the last one lets more garbage gather. */
const patience = 0.25
const largestBudget = 2 ** 30

const none: readonly unknown[] = []

const showBytes = (n: number): string => (n < 2 ** 20 ? `${n} bytes` : `${(n / 2 ** 20).toFixed(1)} MiB`)

export class Heap {
  readonly memory: Memory
  private readonly allocator: Allocator
  private readonly liveness: Liveness | undefined
  private readonly registry: FinalizationRegistry<Lease>
  /** The ring of leases of resident handles, oldest first, starts and ends here. */
  private readonly ring: Lease
  private budget: number
  private threshold: number
  private live = 0
  private peak = 0
  private handles = 0
  private lastReclaim = 0
  /** The number of the current or last run. */
  run = 0
  /** Keeps the running graph's inputs from being found unreachable when the caller does not need them any more. */
  private pinned: readonly unknown[] = none
  /** How often garbage was searched for, and how many buffers were moved out: for tests and reports. */
  reclaims = 0
  evictions = 0

  constructor(options: HeapOptions) {
    const memory = options.memory
    this.memory = memory
    this.liveness = options.liveness
    this.budget = options.budget
    this.threshold = options.liveness === undefined ? Infinity : options.budget
    this.allocator = new Allocator(options.reserved, memory.size, bytes => (memory.grow(bytes) ? Math.ceil(bytes / PAGE) * PAGE : 0))
    const ring: Partial<Lease> = { block: undefined, alive: false, reference: undefined }
    this.ring = ring.next = ring.previous = ring as Lease
    this.registry = new FinalizationRegistry(lease => this.release(lease))
  }

  statistics(): MemoryStatistics {
    return { live: this.live, peak: this.peak, buffers: this.handles }
  }

  // ---- runs

  /** Starts a run: its inputs stay reachable, and resident, until it ends. */
  beginRun(inputs: readonly unknown[]): void {
    this.run++
    this.pinned = inputs
  }

  endRun(): void { this.pinned = none }

  // ---- raw memory: frames, constants, workspaces

  /** The address of `bytes` bytes, 64-byte aligned. Throws a BackendError when nothing is left. */
  allocate(bytes: number): number {
    const size = blockSize(bytes)
    return this.allocator.allocate(size) || this.recover(size)
  }

  deallocate(address: number, bytes: number): void { this.allocator.free(address, blockSize(bytes)) }

  // ---- blocks

  /** Memory of a new buffer. It belongs to the caller until `adopt` gives it a handle. */
  block(bytes: number): Block {
    const size = blockSize(bytes)
    if (this.live + size > this.threshold) this.reclaim()
    const address = this.allocator.allocate(size) || this.recover(size)
    this.live += size
    if (this.live > this.peak) this.peak = this.live
    return { address, size, references: 0, stamp: this.run, host: undefined }
  }

  /** One more handle for a block. */
  adopt(block: Block, dtype: DType, size: number): CpuBuffer {
    block.references++
    this.handles++
    const lease: Lease = { block, alive: false, reference: undefined, previous: this.ring, next: this.ring }
    this.link(lease)
    const buffer = new CpuBuffer(dtype, size, block, lease)
    this.registry.register(buffer, lease)
    this.liveness?.watch(buffer)
    return buffer
  }

  create(dtype: DType, size: number): CpuBuffer { return this.adopt(this.block(size * bytesOf(dtype)), dtype, size) }

  /** Gives a block back that no handle refers to. */
  drop(block: Block): void {
    this.live -= block.size
    this.allocator.free(block.address, block.size)
    if (this.liveness !== undefined) this.threshold = Math.min(this.threshold, this.live + Math.max(this.budget, this.live))
  }

  /** Ends a handle and gives its block to the caller. Only for blocks that no other handle shares. */
  take(buffer: CpuBuffer): Block {
    const block = buffer.block as Block
    buffer.block = undefined
    this.unlink(buffer.lease)
    this.handles--
    block.references = 0
    return block
  }

  free(buffer: CpuBuffer): void {
    if (buffer.block === undefined) return
    buffer.block = undefined
    this.release(buffer.lease)
  }

  /** The block of a handle, back in WebAssembly memory if it was moved out. */
  resident(buffer: CpuBuffer): Block {
    const block = buffer.block
    if (block === undefined) return fail('InternalError', 'cpu: a buffer was used after it was freed. This is a fault in Cotangent: please report it.')
    if (block.host !== undefined) this.restore(buffer, block, block.host)
    return block
  }

  // ---- shortage

  /** Frees the memory of handles that are no longer reachable. */
  reclaim(): void {
    if (this.liveness === undefined) return
    const start = performance.now()
    this.liveness.mark(this.leases())
    for (const lease of this.leases()) {
      if (lease.alive) lease.alive = false
      else this.release(lease)
    }
    this.reclaims++
    const end = performance.now()
    if (end - start > patience * (start - this.lastReclaim)) this.budget = Math.max(this.budget, Math.min(2 * this.budget, largestBudget))
    this.lastReclaim = end
    this.threshold = this.live + Math.max(this.budget, this.live)
  }

  private recover(size: number): number {
    this.reclaim()
    const address = this.allocator.allocate(size) || (this.liveness === undefined ? this.evict(size) : 0)
    if (address !== 0) return address
    const limit = this.memory.maximumPages * PAGE
    return fail('BackendError', `cpu: out of memory: ${showBytes(size)} more do not fit beside ${showBytes(this.live)} in ${this.handles} live buffers `
      + `(the limit is ${showBytes(limit)}). Drop references to tensors that are no longer needed, dispose() them, or use smaller batches.`)
  }

  /** Moves buffers out, those not used for longest first, until `size` bytes are free. Buffers of the current run stay. */
  private evict(size: number): number {
    const candidates = [...this.leases()].filter(l => l.block !== undefined && l.block.references === 1 && l.block.stamp !== this.run)
    candidates.sort((a, b) => (a.block as Block).stamp - (b.block as Block).stamp)
    let freed = 0
    for (const lease of candidates) {
      freed += this.moveOut(lease)
      if (freed < size) continue
      const address = this.allocator.allocate(size)
      if (address !== 0) return address
    }
    return 0
  }

  private moveOut(lease: Lease): number {
    const block = lease.block as Block
    block.host = this.memory.bytes.slice(block.address, block.address + block.size)
    this.unlink(lease)
    this.drop(block)
    block.address = 0
    this.handles--
    this.evictions++
    return block.size
  }

  private restore(buffer: CpuBuffer, block: Block, host: Uint8Array): void {
    block.stamp = this.run
    block.address = this.allocator.allocate(block.size) || this.recover(block.size)
    this.memory.bytes.set(host, block.address)
    block.host = undefined
    this.live += block.size
    this.handles++
    buffer.lease.block = block
    this.link(buffer.lease)
  }

  // ---- leases

  private release(lease: Lease): void {
    const block = lease.block
    if (block === undefined) return
    this.unlink(lease)
    this.handles--
    if (--block.references === 0) this.drop(block)
  }

  private link(lease: Lease): void {
    lease.next = this.ring
    lease.previous = this.ring.previous
    lease.previous.next = lease
    this.ring.previous = lease
  }

  private unlink(lease: Lease): void {
    lease.previous.next = lease.next
    lease.next.previous = lease.previous
    lease.block = undefined
  }

  private *leases(): Generator<Lease> {
    for (let lease = this.ring.next; lease !== this.ring;) {
      const next = lease.next
      yield lease
      lease = next
    }
  }
}
