/** Labelled texts as lists of tokens, and their batches: bags of words, or rows of equal length. Runs anywhere. */
import { type Key, array, random } from '@cotangent/core'
import { type HostArray, bagOfWords, inverseDocumentFrequencies, padSequences, tfIdf } from '@cotangent/nn/data'
import type { ExampleBatch } from './classify.ts'

export interface Texts {
  readonly tokens: readonly Int32Array[]
  /** A class id each. */
  readonly labels: Int32Array
}

/** The texts with these numbers. */
export const pick = ({ tokens, labels }: Texts, numbers: ArrayLike<number>): Texts => ({
  tokens: Array.from(numbers, i => tokens[i] as Int32Array),
  labels: Int32Array.from(numbers, i => labels[i] as number),
})

/** Lists of tokens as the rows of one array. */
export type Rows = (tokens: readonly Int32Array[]) => HostArray

/** How often a text has each of `size` tokens, weighted so that what most texts have weighs little (tf-idf): fitted on some texts, `[n, size]`. */
export function bagRows(fitted: Texts, size: number): Rows {
  // One text after another: the matrix of all would be large.
  const weights = inverseDocumentFrequencies(fitted.tokens.values().map(list => bagOfWords([list], size)))
  return tokens => {
    const counts = bagOfWords(tokens, size),
      { data } = counts
    for (let i = 0; i < data.length; i++) if (data[i] !== 0) data[i] = Math.log1p(data[i] as number)
    return tfIdf(counts, weights)
  }
}

/** The first `length` tokens of each text, `[n, length]`; zeros fill up. */
export const sequenceRows =
  (length: number): Rows =>
  tokens =>
    padSequences(tokens, { length }).tokens

/** Batches of `size`, made when they are asked for. With a key in an order that it decides, and without the rest that fills no batch. */
export function* textBatches(texts: Texts, rows: Rows, size: number, key?: Key): Generator<ExampleBatch> {
  const count = texts.tokens.length
  const order = key === undefined ? Int32Array.from({ length: count }, (_, i) => i) : random.permutation(key, count).dataSync()
  const end = key === undefined ? count : Math.max(count - (count % size), Math.min(count, size))
  for (let start = 0; start < end; start += size) {
    const { tokens, labels } = pick(texts, order.subarray(start, start + size) as Int32Array)
    const { data, shape } = rows(tokens)
    yield { x: array(data, { shape }), labels: array(labels) }
  }
}
