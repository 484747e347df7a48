/** Free address ranges: best fit, and neighbours always merged. */

/** First position of a list sorted ascending by (size, address) that is not before the given key. */
function lowerBound(list: readonly Range[], size: number, address: number): number {
  let low = 0,
    high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const r = list[middle] as Range
    if (r.size < size || (r.size === size && r.address < address)) low = middle + 1
    else high = middle
  }
  return low
}

interface Range {
  readonly address: number
  readonly size: number
}

export class FreeRanges {
  private readonly sorted: Range[] = []
  private readonly starts = new Map<number, Range>()
  private readonly ends = new Map<number, Range>()

  get bytes(): number {
    return this.sorted.reduce((n, r) => n + r.size, 0)
  }
  get count(): number {
    return this.sorted.length
  }

  /** Adds a range and merges it with the ranges it touches. */
  insert(address: number, size: number): void {
    if (size === 0) return
    const before = this.ends.get(address),
      after = this.starts.get(address + size)
    let begin = address,
      end = address + size
    if (before !== undefined) {
      this.remove(before)
      begin = before.address
    }
    if (after !== undefined) {
      this.remove(after)
      end = after.address + after.size
    }
    this.add({ address: begin, size: end - begin })
  }

  /** Takes `size` bytes from the start of the smallest range that has them (the lowest of equals); 0 if there is none. */
  take(size: number): number {
    const range = this.sorted[lowerBound(this.sorted, size, 0)]
    if (range === undefined) return 0
    this.remove(range)
    if (range.size > size) this.add({ address: range.address + size, size: range.size - size })
    return range.address
  }

  /** Free bytes that end at `end`. */
  tail(end: number): number {
    return this.ends.get(end)?.size ?? 0
  }

  private add(range: Range): void {
    this.sorted.splice(lowerBound(this.sorted, range.size, range.address), 0, range)
    this.starts.set(range.address, range)
    this.ends.set(range.address + range.size, range)
  }

  private remove(range: Range): void {
    this.sorted.splice(lowerBound(this.sorted, range.size, range.address), 1)
    this.starts.delete(range.address)
    this.ends.delete(range.address + range.size)
  }
}
