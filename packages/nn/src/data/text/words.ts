/** Words as tokens, and texts as counts of them. */
import { fail } from '@cotangent/core/extend'
import { checkCount } from '../../layer.ts'
import type { HostArray } from '../dataset.ts'
import { type Tokenizer, entryOf } from './tokenizer.ts'

/** The ids of padding and of words that are not in the vocabulary. */
export const PADDING = 0
export const UNKNOWN = 1

/** A word: letters, digits and apostrophes within. */
export const WORD: RegExp = /[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*/gu

export interface WordOptions {
  /** What a word is: a global expression. Default: `WORD`. */
  readonly pattern?: RegExp
  /** Default true. */
  readonly lowerCase?: boolean
}
export interface WordVocabularyOptions extends WordOptions {
  /** The most frequent ones, two special entries included. Default: all. */
  readonly size?: number
  /** Leave out what occurs less often. Default 1. */
  readonly minCount?: number
}

function words(text: string, { pattern = WORD, lowerCase = true }: WordOptions): readonly string[] {
  // Without the flag there would be one word, and its groups.
  if (!pattern.global) fail('ValueError', `words: pattern ${pattern} must be global: new RegExp(pattern, 'g').`)
  return (lowerCase ? text.toLowerCase() : text).match(pattern) ?? []
}

/** The words of texts, the most frequent first (equally frequent ones by the alphabet), behind entries for padding and for unknown words. */
export function wordVocabulary(
  texts: Iterable<string>,
  { size = Infinity, minCount = 1, ...options }: WordVocabularyOptions = {},
): readonly string[] {
  const counts = new Map<string, number>()
  for (const text of texts) for (const word of words(text, options)) counts.set(word, (counts.get(word) ?? 0) + 1)
  const ranked = [...counts].filter(([, n]) => n >= minCount).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  return ['<pad>', '<unk>', ...ranked.slice(0, Math.max(0, size - 2)).map(([word]) => word)]
}

/** A token a word: what `wordVocabulary` gave, and `UNKNOWN` for others. `decode` puts spaces between. */
export function wordTokenizer(vocabulary: readonly string[], options: WordOptions = {}): Tokenizer {
  const ids = new Map(vocabulary.map((word, i) => [word, i]))
  return {
    size: vocabulary.length,
    encode: text => Int32Array.from(words(text, options), word => ids.get(word) ?? UNKNOWN),
    decode: tokens =>
      Array.from(tokens, id => entryOf('wordTokenizer', vocabulary, id))
        .filter((_, i) => tokens[i] !== PADDING)
        .join(' '),
  }
}

/** How often each id occurs in each list, float32 `[n, size]`; padding does not count. scikit-learn: `CountVectorizer`. */
export function bagOfWords(lists: readonly ArrayLike<number>[], size: number): HostArray {
  checkCount('bagOfWords', 'size', size)
  const data = new Float32Array(lists.length * size)
  lists.forEach((list, row) => {
    for (let i = 0; i < list.length; i++) {
      const id = list[i] as number,
        at = row * size + id
      // It would count in another row.
      if (!(id >= 0 && id < size)) fail('ValueError', `bagOfWords: ids are 0 to ${size - 1}, got ${id} in list ${row}.`)
      if (id !== PADDING) data[at] = (data[at] as number) + 1
    }
  })
  return { data, shape: [lists.length, size] }
}

const widthOf = ({ shape }: HostArray): number => shape[1] as number

/**
 * Inverse document frequencies `ln((1 + n) / (1 + df)) + 1` of counts `[n, size]`: what to fit on the training texts. Where the matrix of all would be large,
 * its parts `[m, size]` one after another give the same. scikit-learn: `TfidfTransformer`.
 */
export function inverseDocumentFrequencies(counts: HostArray | Iterable<HostArray>): Float32Array {
  let n = 0,
    documents = new Float32Array()
  for (const part of 'shape' in counts ? [counts] : counts) {
    const size = widthOf(part)
    if (n === 0) documents = new Float32Array(size)
    n += part.shape[0] as number
    part.data.forEach((count, i) => {
      if (count > 0) documents[i % size] = (documents[i % size] as number) + 1
    })
  }
  return documents.map(df => Math.log((1 + n) / (1 + df)) + 1)
}

/** Counts times the frequencies, each row of length one. */
export function tfIdf(counts: HostArray, frequencies: Float32Array): HostArray {
  const size = widthOf(counts),
    data = new Float32Array(counts.data.length)
  // Loops, since most of many elements are zero.
  for (let start = 0; start < data.length; start += size) {
    let squares = 0
    for (let k = 0; k < size; k++) {
      const count = Number(counts.data[start + k])
      if (count === 0) continue
      const x = (data[start + k] = count * (frequencies[k] as number))
      squares += x * x
    }
    const norm = Math.sqrt(squares)
    if (norm > 0) for (let k = start; k < start + size; k++) data[k] = (data[k] as number) / norm
  }
  return { data, shape: counts.shape }
}
