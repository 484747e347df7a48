/** Words of a command buffer, two halves each, and where slots go into them. */
import type { Place } from './layout.ts'

/** For one slot: words that hold its value plus an offset. */
export interface Patches {
  readonly slot: number
  readonly words: readonly number[]
  readonly offsets: readonly number[]
}

const two32 = 2 ** 32
const bits = new DataView(new ArrayBuffer(8))

export class Words {
  private readonly halves: number[] = []
  private readonly patched: Map<number, { readonly slot: number; readonly words: number[]; readonly offsets: number[] }> = new Map()

  get length(): number {
    return this.halves.length / 2
  }

  pair(low: number, high: number): void {
    this.halves.push(low >>> 0, high >>> 0)
  }

  /** An integer of 53 bits, negative ones as two's complement of 64. */
  integer(value: number): void {
    this.pair(value % two32, Math.floor(value / two32))
  }

  float(value: number): void {
    bits.setFloat32(0, value)
    this.pair(bits.getUint32(0), 0)
  }

  double(value: number): void {
    bits.setFloat64(0, value)
    this.pair(bits.getUint32(4), bits.getUint32(0))
  }

  /** A word that is known when the command runs. */
  place({ slot, offset }: Place): void {
    if (slot < 0) return this.integer(offset)
    let patches = this.patched.get(slot)
    if (patches === undefined) this.patched.set(slot, (patches = { slot, words: [], offsets: [] }))
    patches.words.push(this.length)
    patches.offsets.push(offset)
    this.pair(0, 0)
  }

  /** Writes the head of a command that begins at word `start` and ends here. */
  head(start: number, operation: number): void {
    this.halves[2 * start] = operation
    this.halves[2 * start + 1] = this.length - start
  }

  finish(): { readonly buffer: ArrayBuffer; readonly patches: readonly Patches[] } {
    return { buffer: Uint32Array.from(this.halves).buffer, patches: [...this.patched.values()] }
  }
}
