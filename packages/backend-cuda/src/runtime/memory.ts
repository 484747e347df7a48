/**
 * Device memory: segments from the driver, blocks from the allocator, and what is tried in turn when there is not enough: give unused segments
 * back, let go of the arena, move tensors that were not used for longest to the host, and at last an error that says who has the memory.
 */
import { Allocator, type Block, blockBytes, segmentBytes } from './allocator.ts'
import { backendError } from './errors.ts'
import { remedy, type Session } from './session.ts'

/** Who holds memory besides free blocks. */
export interface Holders {
  /** Lets go of memory that is kept for the next run only. */
  dropIdle(): void
  /** Moves about so many bytes of tensors to the host; returns how many it did. */
  makeRoom(bytes: number): number
  /** The largest live tensors, for the error's message. */
  describe(): string
}

const unit = 2 * 2 ** 20

export interface MemoryOptions {
  /** Bytes that may be taken from the driver. */
  readonly budget: number
  /** Each block is an allocation of the driver's, of its exact size, so that its checks see who goes beyond one. For tests. */
  readonly separate: boolean
}

export class DeviceMemory {
  private readonly session: Session
  private readonly budget: number
  private readonly separate: boolean
  private readonly holders: Holders
  private readonly allocator: Allocator = new Allocator()

  constructor(session: Session, { budget, separate }: MemoryOptions, holders: Holders) {
    this.session = session
    this.budget = budget
    this.separate = separate
    this.holders = holders
  }

  /** Bytes taken from the driver, and those of them that are in use. */
  get reserved(): number {
    return this.allocator.reserved
  }
  get used(): number {
    return this.allocator.used
  }

  /** A block of at least `bytes` bytes with anything in it. Throws a BackendError when nothing helps. */
  take(bytes: number): Block {
    if (this.separate) return this.allocation(bytes)
    return this.allocator.take(bytes) ?? this.grow(bytes)
  }

  give(block: Block): void {
    if (!this.separate) this.allocator.give(block)
    else if (this.session.isOpen) this.session.call(() => this.session.device.release(block.address))
  }

  /** Gives at least `bytes` bytes of unused segments back to the driver, where there are; returns how many. */
  releaseUnused(bytes: number): number {
    const { session } = this
    return this.allocator.releaseUnused(bytes, ({ address }) => session.call(() => session.device.release(address)))
  }

  private allocation(bytes: number): Block {
    const address = this.session.allocate(bytes) ?? this.outOfMemory(bytes),
      segment = { address, bytes, small: false }
    return { address, bytes, segment, free: false, previous: undefined, next: undefined }
  }

  private grow(bytes: number): Block {
    const wanted = segmentBytes(bytes)
    this.session.check()
    this.releaseUnused(this.allocator.reserved + wanted - this.budget)
    return this.fresh(bytes, wanted) ?? this.recover(bytes)
  }

  private recover(bytes: number): Block {
    // Segments for one tensor only, when the usual ones are too large.
    const exact = Math.ceil(blockBytes(bytes) / unit) * unit
    this.holders.dropIdle()
    for (;;) {
      const block = this.allocator.take(bytes) ?? this.freshAfterRelease(bytes, exact)
      if (block !== undefined) return block
      if (this.holders.makeRoom(Math.max(exact, this.allocator.reserved / 16)) === 0) return this.outOfMemory(bytes)
    }
  }

  private freshAfterRelease(bytes: number, segment: number): Block | undefined {
    this.releaseUnused(Infinity)
    return this.fresh(bytes, segment)
  }

  /** A block in a new segment, if budget and driver allow. */
  private fresh(bytes: number, segment: number): Block | undefined {
    if (this.allocator.reserved + segment > this.budget) return undefined
    const address = this.session.allocate(segment)
    if (address === undefined) return undefined
    this.allocator.add(address, segment, bytes)
    return this.allocator.take(bytes)
  }

  private outOfMemory(bytes: number): never {
    const { used, reserved } = this.allocator,
      { free, total } = this.session.call(() => this.session.device.memory())
    const limit = Number.isFinite(this.budget) ? `, the memoryBudget is ${showBytes(this.budget)}` : ''
    throw backendError(
      `cuda: out of memory: ${showBytes(bytes)} asked, ${showBytes(used)} live, ${showBytes(reserved - used)} cached; ` +
        `the device has ${showBytes(free)} free of ${showBytes(total)}${limit}. ${this.holders.describe()}${remedy}`,
    )
  }
}

export function showBytes(n: number): string {
  if (n < 2 ** 20) return `${n} bytes`
  return n < 2 ** 30 ? `${(n / 2 ** 20).toFixed(1)} MiB` : `${(n / 2 ** 30).toFixed(2)} GiB`
}
