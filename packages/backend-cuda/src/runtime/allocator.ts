/**
 * Addresses of device memory: blocks cut from segments that the driver gave. Pure arithmetic, no driver in it.
 *
 * PyTorch's rule (c10/cuda/CUDACachingAllocator): sizes are multiples of 512 bytes; up to 1 MiB comes from segments of 2 MiB, up to
 * 10 MiB from segments of 20 MiB, larger ones have a segment of their own, rounded up to 2 MiB. Best fit; neighbours that are free
 * become one. A block that was given back may be given out at once: all work is ordered on one stream.
 */
import { FreeList } from './freeList.ts'

/** A piece of a segment. `bytes` is the size asked for, rounded up. */
export interface Block {
  address: number
  bytes: number
  readonly segment: Segment
  free: boolean
  /** Neighbours in the segment. */
  previous: Block | undefined
  next: Block | undefined
}

export interface Segment {
  readonly address: number
  readonly bytes: number
  readonly small: boolean
}

const MiB = 2 ** 20
export const granule = 512
const mostSmall = MiB
const smallSegment = 2 * MiB
const mostMiddle = 10 * MiB
const middleSegment = 20 * MiB

/** The size of the block for `bytes` bytes. */
export const blockBytes = (bytes: number): number => Math.max(granule, Math.ceil(bytes / granule) * granule)

/** The segment that `bytes` bytes need when no free block fits. */
export function segmentBytes(bytes: number): number {
  const size = blockBytes(bytes)
  if (size <= mostSmall) return smallSegment
  return size < mostMiddle ? middleSegment : Math.ceil(size / smallSegment) * smallSegment
}

export class Allocator {
  private readonly small: FreeList = new FreeList()
  private readonly large: FreeList = new FreeList()
  /** Bytes of all segments, and of the blocks that are given out. */
  reserved = 0
  used = 0

  /** A block of at least `bytes` bytes, or undefined where none is free. */
  take(bytes: number): Block | undefined {
    const size = blockBytes(bytes),
      list = this.listOf(size <= mostSmall)
    const block = list.take(size)
    if (block === undefined) return undefined
    // What is left of a large block is kept with it unless something large fits: small blocks do not come from there.
    if (block.bytes - size > (block.segment.small ? 0 : mostSmall)) list.add(this.split(block, size))
    block.free = false
    this.used += block.bytes
    return block
  }

  give(block: Block): void {
    this.used -= block.bytes
    const list = this.listOf(block.segment.small),
      { previous, next } = block
    block.free = true
    let whole = block
    if (previous?.free === true) {
      list.remove(previous)
      whole = join(previous, block)
    }
    if (next?.free === true) {
      list.remove(next)
      whole = join(whole, next)
    }
    list.add(whole)
  }

  /** Memory from the driver: `bytes` is `segmentBytes` of what is wanted. */
  add(address: number, bytes: number, wanted: number): void {
    const segment = { address, bytes, small: blockBytes(wanted) <= mostSmall }
    this.reserved += bytes
    this.listOf(segment.small).add({ address, bytes, segment, free: true, previous: undefined, next: undefined })
  }

  /**
   * Gives segments of which nothing is in use back by `release`, at least `bytes` bytes, where there are; returns how many. One whose release
   * throws stays.
   */
  releaseUnused(bytes: number, release: (segment: Segment) => void): number {
    let released = 0
    for (const list of [this.large, this.small])
      for (const block of list.blocks()) {
        if (released >= bytes) return released
        if (block.bytes !== block.segment.bytes) continue
        release(block.segment)
        list.remove(block)
        this.reserved -= block.bytes
        released += block.bytes
      }
    return released
  }

  private listOf(small: boolean): FreeList {
    return small ? this.small : this.large
  }

  /** Cuts `block` to `size` bytes and returns the rest, free. */
  private split(block: Block, size: number): Block {
    const { address, bytes, segment, next } = block
    const rest: Block = { address: address + size, bytes: bytes - size, segment, free: true, previous: block, next }
    if (next !== undefined) next.previous = rest
    block.next = rest
    block.bytes = size
    return rest
  }
}

function join(first: Block, second: Block): Block {
  first.bytes += second.bytes
  first.next = second.next
  if (second.next !== undefined) second.next.previous = first
  return first
}
