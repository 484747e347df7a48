/**
 * Byte pair encoding (Sennrich, Haddow and Birch 2016, https://arxiv.org/abs/1508.07909) on bytes, as GPT-2 has it: any text can be encoded and comes back. Tokens 0 to
 * 255 are the bytes; token 256 + i is the pair of tokens `merges[i]`. Pairs do not cross the boundaries of pieces.
 */
import { checkCount } from '../../layer.ts'
import { type Tokenizer, entryOf } from './tokenizer.ts'

export type Merge = readonly [left: number, right: number]

/** GPT-2's pieces: words with the space before them, numbers, punctuation, white space. */
const PIECES = /'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu
const BYTES = 256
/** A pair as one number. */
const LIMIT = 2 ** 26
const pairOf = (left: number, right: number): number => left * LIMIT + right

/** The merges that make a vocabulary of `size` tokens: each time the most frequent pair, of equally frequent ones that of the smallest ids. */
export function trainBpe(texts: Iterable<string>, size: number): readonly Merge[] {
  checkCount('trainBpe', 'size', size)
  const training = new Training(texts)
  const merges: Merge[] = []
  while (BYTES + merges.length < size) {
    const best = training.mostFrequent()
    if (best === null) break
    training.merge(best, BYTES + merges.length)
    merges.push(best)
  }
  return merges
}

interface Piece {
  tokens: readonly number[]
  readonly count: number
}

/** Pieces with their counts, and where each pair occurs, so that a merge touches only what it changes. */
class Training {
  private readonly pieces: readonly Piece[]
  private readonly counts = new Map<number, number>()
  private readonly places = new Map<number, Set<Piece>>()

  constructor(texts: Iterable<string>) {
    const counts = new Map<string, number>()
    for (const text of texts) for (const piece of text.match(PIECES) ?? []) counts.set(piece, (counts.get(piece) ?? 0) + 1)
    this.pieces = [...counts].map(([piece, count]) => ({ tokens: [...new TextEncoder().encode(piece)], count }))
    for (const piece of this.pieces) this.add(piece, 1)
  }

  private add(piece: Piece, sign: 1 | -1): void {
    for (let i = 1; i < piece.tokens.length; i++) {
      const pair = pairOf(piece.tokens[i - 1] as number, piece.tokens[i] as number),
        count = (this.counts.get(pair) ?? 0) + sign * piece.count
      if (count === 0) this.counts.delete(pair)
      else this.counts.set(pair, count)
      const places = this.places.get(pair) ?? new Set()
      if (sign > 0) places.add(piece)
      else places.delete(piece)
      this.places.set(pair, places)
    }
  }

  mostFrequent(): Merge | null {
    let best = -1,
      most = 0
    for (const [pair, count] of this.counts)
      if (count > most || (count === most && pair < best)) {
        best = pair
        most = count
      }
    return best < 0 ? null : [Math.floor(best / LIMIT), best % LIMIT]
  }

  merge([left, right]: Merge, token: number): void {
    // A list: the set changes meanwhile.
    const changed = Array.from(this.places.get(pairOf(left, right)) ?? [])
    for (const piece of changed) {
      this.add(piece, -1)
      piece.tokens = joined(piece.tokens, left, right, token)
      this.add(piece, 1)
    }
  }
}

/** The tokens with each pair replaced, from the left. */
function joined(tokens: readonly number[], left: number, right: number, token: number): number[] {
  const out: number[] = []
  for (let i = 0; i < tokens.length; i++)
    if (tokens[i] === left && tokens[i + 1] === right) {
      out.push(token)
      i++
    } else out.push(tokens[i] as number)
  return out
}

/** The tokenizer of merges, which are plain data: keep them as JSON. */
export function bpeTokenizer(merges: readonly Merge[]): Tokenizer {
  const ranks = new Map(merges.map(([left, right], i) => [pairOf(left, right), i]))
  const spelling: Uint8Array[] = Array.from({ length: BYTES }, (_, byte) => Uint8Array.of(byte))
  for (const [left, right] of merges) spelling.push(Uint8Array.of(...(spelling[left] as Uint8Array), ...(spelling[right] as Uint8Array)))
  const known = new Map<string, readonly number[]>()
  const encodePiece = (piece: string): readonly number[] => {
    const found = known.get(piece)
    if (found !== undefined) return found
    const tokens = mergeAll([...new TextEncoder().encode(piece)], ranks)
    if (known.size < 100_000) known.set(piece, tokens)
    return tokens
  }
  return {
    size: BYTES + merges.length,
    encode: text => Int32Array.from((text.match(PIECES) ?? []).flatMap(encodePiece)),
    decode: ids => {
      const bytes = Array.from(ids, id => [...entryOf('bpeTokenizer', spelling, id)]).flat()
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))
    },
  }
}

/** Merges in the order in which they were learnt. */
function mergeAll(bytes: number[], ranks: ReadonlyMap<number, number>): readonly number[] {
  let tokens = bytes
  for (;;) {
    let first = Infinity,
      at = -1
    for (let i = 1; i < tokens.length; i++) {
      const rank = ranks.get(pairOf(tokens[i - 1] as number, tokens[i] as number)) ?? Infinity
      if (rank < first) {
        first = rank
        at = i - 1
      }
    }
    if (at < 0) return tokens
    tokens = joined(tokens, tokens[at] as number, tokens[at + 1] as number, BYTES + first)
  }
}
