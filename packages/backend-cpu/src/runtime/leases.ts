/** A list of leases, oldest first, from which any can leave in constant time. */
import type { Block, Lease } from './buffer.ts'

/** Takes a lease out of its list and from its block. */
export function unlink(lease: Lease): void {
  lease.previous.next = lease.next
  lease.next.previous = lease.previous
  lease.previous = lease.next = lease
  lease.block = undefined
}

export class Leases implements Iterable<Lease> {
  /** Start and end of the ring. */
  private readonly ring: Lease

  constructor() {
    const ring: Partial<Lease> = { block: undefined, alive: false, reference: undefined }
    this.ring = ring.next = ring.previous = ring as Lease
  }

  /** A new lease at the end. */
  add(block: Block): Lease {
    const { ring } = this
    const lease: Lease = { block, alive: false, reference: undefined, previous: ring.previous, next: ring }
    ring.previous.next = lease
    ring.previous = lease
    return lease
  }

  /** Puts a lease of another list, or of none, at the end. */
  move(lease: Lease): void {
    const { ring } = this
    lease.previous.next = lease.next
    lease.next.previous = lease.previous
    lease.previous = ring.previous
    lease.next = ring
    ring.previous.next = lease
    ring.previous = lease
  }

  /** The lease in hand may leave the list meanwhile. */
  *[Symbol.iterator](): Generator<Lease> {
    for (let lease = this.ring.next; lease !== this.ring; ) {
      const next = lease.next
      yield lease
      lease = next
    }
  }
}
