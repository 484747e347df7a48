/** Reads command buffers as the addon does (addon.ts has the format), in memory: what would be ordered, with loops unrolled. */
import { Operation } from '../src/runtime/addon.ts'

export type Ordered =
  | {
      readonly kind: 'launch'
      readonly function: number
      readonly blocks: readonly number[]
      readonly threads: readonly number[]
      readonly words: readonly bigint[]
    }
  | { readonly kind: 'copy' | 'fill' | 'product' | 'convolution' | 'graph'; readonly words: readonly bigint[] }
  /** A loop stores its index. */
  | { readonly kind: 'index'; readonly address: bigint; readonly index: number }

const names = ['', 'launch', 'copy', 'fill', 'product', 'graph', 'loop', 'convolution'] as const

export function decode(buffer: ArrayBuffer, words: number): readonly Ordered[] {
  return new Decoder(buffer).list(0, words, [])
}

class Decoder {
  private readonly wide: BigUint64Array
  private readonly halves: Uint32Array

  constructor(buffer: ArrayBuffer) {
    this.wide = new BigUint64Array(buffer)
    this.halves = new Uint32Array(buffer)
  }

  list(from: number, to: number, loops: readonly number[]): Ordered[] {
    const ordered: Ordered[] = []
    for (let at = from; at < to; ) {
      const operation = this.low(at),
        length = this.high(at)
      if (length < 2 || at + length > to) throw new Error(`a command of ${length} words at ${at} of ${to}`)
      ordered.push(...this.command(operation, at, length, loops))
      at += length
    }
    return ordered
  }

  private command(operation: number, at: number, length: number, loops: readonly number[]): Ordered[] {
    if (operation === Operation.loop) return this.loop(at, length, loops)
    if (operation === Operation.launch) return [this.launch(at, length, loops)]
    const kind = names[operation]
    if (kind !== 'copy' && kind !== 'fill' && kind !== 'product' && kind !== 'convolution' && kind !== 'graph')
      throw new Error(`operation ${operation}`)
    return [{ kind, words: [...this.wide.subarray(at + 1, at + length)] }]
  }

  private loop(at: number, length: number, loops: readonly number[]): Ordered[] {
    const count = this.low(at + 1),
      reverse = this.high(at + 1) === 1,
      address = this.wide[at + 2] as bigint
    return Array.from({ length: count }, (_, i) => (reverse ? count - 1 - i : i)).flatMap(index => [
      ...(address === 0n ? [] : [{ kind: 'index', address, index } as const]),
      ...this.list(at + 3, at + length, [...loops, index]),
    ])
  }

  private launch(at: number, length: number, loops: readonly number[]): Ordered {
    const counters = this.wide[at + 5] as bigint
    const words = [...this.wide.subarray(at + 6, at + length)].map((word, j) =>
      j < 64 && ((counters >> BigInt(j)) & 1n) === 1n ? BigInt(loops[Number(word)] as number) : word,
    )
    return {
      kind: 'launch',
      function: Number(this.wide[at + 1]),
      blocks: [this.low(at + 2), this.high(at + 2), this.low(at + 3)],
      threads: [this.high(at + 3), this.low(at + 4), this.high(at + 4)],
      words,
    }
  }

  private low(at: number): number {
    return this.halves[2 * at] as number
  }
  private high(at: number): number {
    return this.halves[2 * at + 1] as number
  }
}
