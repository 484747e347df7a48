/** Buffers: who owns which memory, how much is live, and what happens when it runs short. */
import { bytesOf, type DType, fail, type MemoryStatistics } from '@cotangent/core/kernel'
import { Allocator, blockSize } from './allocator.ts'
import { type Block, CpuBuffer, type Lease } from './buffer.ts'
import { Budgets } from './budgets.ts'
import { Leases, unlink } from './leases.ts'
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

const none: readonly unknown[] = []

const showBytes = (n: number): string => (n < 2 ** 20 ? `${n} bytes` : `${(n / 2 ** 20).toFixed(1)} MiB`)

export class Heap {
  readonly memory: Memory
  private readonly allocator: Allocator
  private readonly liveness: Liveness | undefined
  private readonly registry: FinalizationRegistry<Lease>
  private readonly young: Leases = new Leases()
  private readonly old: Leases = new Leases()
  private readonly budgets: Budgets | undefined
  private live = 0
  private peak = 0
  private handles = 0
  /** The number of the current or last run. */
  run = 0
  /** Keeps the running graph's inputs from being found unreachable when the caller does not need them any more. */
  private pinned: readonly unknown[] = none
  /** How often garbage was searched for, everywhere and among young handles, and how many buffers were moved out: for tests and reports. */
  reclaims = 0
  youngReclaims = 0
  evictions = 0

  constructor(options: HeapOptions) {
    const memory = options.memory
    this.memory = memory
    this.liveness = options.liveness
    this.budgets = options.liveness === undefined ? undefined : new Budgets(options.budget, options.liveness.markYoung !== undefined)
    this.allocator = new Allocator(options.reserved, memory.size, bytes => (memory.grow(bytes) ? Math.ceil(bytes / PAGE) * PAGE : 0))
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

  endRun(): void {
    this.pinned = none
  }

  // ---- raw memory: frames, constants, workspaces

  /** The address of `bytes` bytes, 64-byte aligned. Throws a BackendError when nothing is left. */
  allocate(bytes: number): number {
    const size = blockSize(bytes)
    return this.allocator.allocate(size) || this.recover(size)
  }

  deallocate(address: number, bytes: number): void {
    this.allocator.free(address, blockSize(bytes))
  }

  // ---- blocks

  /** Memory of a new buffer. It belongs to the caller until `adopt` gives it a handle. */
  block(bytes: number): Block {
    const size = blockSize(bytes)
    if (this.budgets?.isOver(this.live + size) === true) this.reclaim(this.live + size)
    const address = this.allocator.allocate(size) || this.recover(size)
    this.live += size
    if (this.live > this.peak) this.peak = this.live
    return { address, size, references: 0, stamp: this.run, host: undefined }
  }

  /** One more handle for a block. */
  adopt(block: Block, dtype: DType, size: number): CpuBuffer {
    block.references++
    this.handles++
    const lease = this.young.add(block)
    const buffer = new CpuBuffer(dtype, size, block, lease)
    this.registry.register(buffer, lease)
    this.liveness?.watch(buffer)
    return buffer
  }

  create(dtype: DType, size: number): CpuBuffer {
    return this.adopt(this.block(size * bytesOf(dtype)), dtype, size)
  }

  /** Gives a block back that no handle refers to. */
  drop(block: Block): void {
    this.live -= block.size
    this.allocator.free(block.address, block.size)
    this.budgets?.lower(this.live)
  }

  /** Ends a handle and gives its block to the caller. Only for blocks that no other handle shares. */
  take(buffer: CpuBuffer): Block {
    const block = buffer.block as Block
    buffer.block = undefined
    unlink(buffer.lease)
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
    if (block === undefined)
      return fail('InternalError', 'cpu: a buffer was used after it was freed. This is a fault in Cotangent: please report it.')
    if (block.host !== undefined) this.restore(buffer, block, block.host)
    return block
  }

  // ---- shortage

  /** Frees memory of handles that are no longer reachable: young ones as often as their budget says, all when theirs is spent. */
  private reclaim(wanted: number): void {
    const budgets = this.budgets as Budgets,
      liveness = this.liveness as Liveness
    if (budgets.wantsAll(wanted) || liveness.markYoung === undefined) return this.reclaimAll()
    const before = this.live,
      start = performance.now()
    liveness.markYoung()
    this.sweep(this.young)
    this.youngReclaims++
    budgets.searchedYoung(this.live, before - this.live, start)
  }

  /** Frees the memory of all handles that are no longer reachable. */
  reclaimAll(): void {
    if (this.liveness === undefined) return
    this.liveness.mark(this.leases())
    this.sweep(this.old)
    this.sweep(this.young)
    this.reclaims++
    this.budgets?.reset(this.live)
  }

  /** Releases the handles that were not found alive; the others are old from now on. */
  private sweep(leases: Leases): void {
    for (const lease of leases) {
      if (lease.alive) {
        lease.alive = false
        if (leases === this.young) this.old.move(lease)
      } else this.release(lease)
    }
  }

  private recover(size: number): number {
    this.reclaimAll()
    const address = this.allocator.allocate(size) || (this.liveness === undefined ? this.evict(size) : 0)
    if (address !== 0) return address
    const limit = this.memory.maximumPages * PAGE
    return fail(
      'BackendError',
      `cpu: out of memory: ${showBytes(size)} more do not fit beside ${showBytes(this.live)} in ${this.handles} live buffers ` +
        `(the limit is ${showBytes(limit)}). Drop references to tensors that are no longer needed, dispose() them, or use smaller batches.`,
    )
  }

  /**
   * Moves buffers out, those not used for longest first, until `size` bytes are free and a sixteenth of the memory, so that looking for them
   * is rare. Buffers of the current run stay.
   */
  private evict(size: number): number {
    const candidates = [...this.leases()].filter(l => l.block !== undefined && l.block.references === 1 && l.block.stamp !== this.run)
    candidates.sort((a, b) => (a.block as Block).stamp - (b.block as Block).stamp)
    const target = Math.max(size, this.memory.size / 16)
    let freed = 0,
      address = 0
    for (const lease of candidates) {
      freed += this.moveOut(lease)
      if (freed >= target && (address = this.allocator.allocate(size)) !== 0) return address
    }
    return this.allocator.allocate(size)
  }

  private moveOut(lease: Lease): number {
    const block = lease.block as Block
    block.host = this.memory.bytes.slice(block.address, block.address + block.size)
    unlink(lease)
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
    this.old.move(buffer.lease)
  }

  // ---- leases

  private release(lease: Lease): void {
    const block = lease.block
    if (block === undefined) return
    unlink(lease)
    this.handles--
    if (--block.references === 0) this.drop(block)
  }

  private *leases(): Generator<Lease> {
    yield* this.old
    yield* this.young
  }
}
