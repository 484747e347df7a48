/** The task whose answer is in the choice of words: from which forty years is a passage? Runs anywhere. */
import { dense } from '@cotangent/nn'
import { type Texts, bagRows, sequenceRows } from '../lib/texts.ts'
import type { Address } from './addresses.ts'
import { sumOfWords } from './models.ts'
import { type Encode, type Task, contestant } from './task.ts'

/** From 1790 on. */
const YEARS = 40
const FIRST = 1790
const eras: readonly string[] = Array.from({ length: 6 }, (_, i) => `${FIRST + i * YEARS}-`)

/** Addresses cut into passages of `length` words, at most `most` of each; the rest at their ends is left out. */
const passagesOf =
  (length: number, most: number) =>
  (addresses: readonly Address[], encode: Encode): Texts => {
    const cut = addresses.flatMap(({ text, year }) => {
      const ids = encode(text)
      return Array.from({ length: Math.min(Math.floor(ids.length / length), most) }, (_, i) => ({
        tokens: ids.subarray(i * length, (i + 1) * length),
        era: Math.floor((year - FIRST) / YEARS),
      }))
    })
    return { tokens: cut.map(p => p.tokens), labels: Int32Array.from(cut, p => p.era) }
  }

export function eraTask(fast: boolean): Task {
  const length = fast ? 16 : 64
  return {
    classes: eras,
    vocabulary: fast ? 500 : 10_000,
    examples: passagesOf(length, fast ? 8 : Infinity),
    contestants: (train, vocabulary) => {
      const settings = { epochs: fast ? 1 : 6, batchSize: 64 }
      return [
        contestant('baseline', 'bag of words', dense(eras.length), bagRows(train, vocabulary), { ...settings, rate: 0.01 }),
        contestant('accuracy', 'network', sumOfWords(vocabulary, fast ? 8 : 64, eras.length), sequenceRows(length), {
          ...settings,
          rate: 0.005,
        }),
      ]
    },
  }
}
