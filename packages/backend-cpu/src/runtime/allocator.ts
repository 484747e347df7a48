/**
 * Addresses in one growing memory. Blocks are 64-byte aligned and a multiple of 64 bytes long.
 *
 * Two levels: freed blocks first go to a last-in-first-out list of exactly their size, since programs ask for the same few sizes over and
 * over and the block freed last is still in the cache; both directions take constant time. Small sizes are cut from slabs. When a large
 * request finds no list, the lists of large blocks are merged into the sorted free ranges (best fit, neighbours coalesce) before memory grows.
 */
import { memory } from '../tuning.ts'
import { FreeRanges } from './ranges.ts'

export const ALIGNMENT = 64

const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to
/** Bytes up to the next cache line: what lies side by side in memory begins at one, so that threads do not share it. */
export const aligned = (bytes: number): number => roundUp(bytes, ALIGNMENT)

/** The bytes that a request really takes: classes have four steps in each power of two, so at most a fifth is lost. */
export function blockSize(bytes: number): number {
  const n = Math.max(ALIGNMENT, aligned(bytes))
  return n > memory.small ? n : roundUp(n, Math.max(ALIGNMENT, 2 ** (Math.floor(Math.log2(n - 1)) - 2)))
}

export class Allocator {
  private readonly lists = new Map<number, number[]>()
  private readonly ranges = new FreeRanges()
  private readonly more: (bytes: number) => number
  private end: number
  /** Bytes given out. */
  used = 0

  /**
   * Manages addresses from `begin` to `end`. `more(bytes)` extends the memory by at least that and returns how many bytes were added, 0
   * when there are no more.
   */
  constructor(begin: number, end: number, more: (bytes: number) => number) {
    this.more = more
    this.end = end
    const first = roundUp(begin, ALIGNMENT)
    this.ranges.insert(first, end - first)
  }

  /** The address of `size` bytes, where `size` came from `blockSize`; 0 when memory has run out. */
  allocate(size: number): number {
    const address = this.lists.get(size)?.pop() ?? (size <= memory.small ? this.small(size) : this.large(size))
    if (address !== 0) this.used += size
    return address
  }

  free(address: number, size: number): void {
    this.used -= size
    const list = this.lists.get(size)
    if (list === undefined) this.lists.set(size, [address])
    else list.push(address)
  }

  /** Merges all listed large blocks with their neighbours. */
  coalesce(): void {
    for (const [size, list] of this.lists) {
      if (size <= memory.small) continue
      for (const address of list) this.ranges.insert(address, size)
      this.lists.delete(size)
    }
  }

  private small(size: number): number {
    const slab = this.large(memory.slab)
    if (slab === 0) return 0
    let list = this.lists.get(size)
    if (list === undefined) this.lists.set(size, (list = []))
    for (let i = Math.floor(memory.slab / size) - 1; i > 0; i--) list.push(slab + i * size)
    return slab
  }

  private large(size: number): number {
    let address = this.ranges.take(size)
    if (address !== 0) return address
    this.coalesce()
    address = this.ranges.take(size)
    if (address !== 0) return address
    if (!this.extend(size)) return 0
    return this.ranges.take(size)
  }

  private extend(size: number): boolean {
    const growth = Math.max(memory.growth, this.end * memory.growthPart)
    const need = size - this.ranges.tail(this.end)
    const added = this.more(Math.max(growth, need)) || this.more(need)
    if (added === 0) return false
    this.ranges.insert(this.end, added)
    this.end += added
    return true
  }
}
