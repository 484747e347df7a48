/** Things of the device that several executables use: made once for a key, kept a while after the last user is gone. */
export class Shared<K, V> {
  private readonly entries: Map<K, { readonly value: V; users: number }> = new Map()
  private readonly destroy: (value: V) => void
  private readonly spare: number
  private unused = 0

  /** `spare`: how many without users are kept; the next executable often needs them again. */
  constructor(spare: number, destroy: (value: V) => void) {
    this.spare = spare
    this.destroy = destroy
  }

  get size(): number {
    return this.entries.size
  }

  has(key: K): boolean {
    return this.entries.has(key)
  }

  /** Give each value back as often as it was taken. */
  take(key: K, make: () => V): V {
    const known = this.entries.get(key)
    if (known !== undefined) {
      if (known.users++ === 0) this.unused--
      return known.value
    }
    const value = make()
    this.entries.set(key, { value, users: 1 })
    return value
  }

  give(key: K): void {
    const entry = this.entries.get(key)
    if (entry === undefined || --entry.users > 0) return
    this.unused++
    // Those given back last are last.
    this.entries.delete(key)
    this.entries.set(key, entry)
    if (this.unused > this.spare) this.drop(1)
  }

  /** Destroys the `count` values that have been without users for longest. */
  drop(count: number): void {
    let left = count
    for (const [key, { value, users }] of this.entries) {
      if (left === 0) return
      if (users > 0) continue
      this.entries.delete(key)
      this.unused--
      left--
      this.destroy(value)
    }
  }
}
