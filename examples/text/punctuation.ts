/** The task whose answer is in the order of words: which mark stands in the middle of a passage that has lost all of them? Runs anywhere. */
import { PADDING, WORD } from '@cotangent/nn/data'
import type { Learnt } from '../lib/text-classifier.ts'
import { type Rows, type Texts, sequenceRows } from '../lib/texts.ts'
import type { Address } from './addresses.ts'
import { linear, meeting } from './models.ts'
import { type Encode, type Task, contestant } from './task.ts'

/** Nothing, one of `,;:`, one of `.!?`. */
const written = ['', ',', '.'] as const
const CLASSES = written.length

/** The class of what stands behind each word but the last. Marks within a word, as of `1,000`, are none. */
export function marksOf(text: string): Uint8Array {
  const words = [...text.matchAll(WORD)]
  return Uint8Array.from(words.slice(1), (next, i) => {
    const word = words[i] as RegExpExecArray,
      between = text.slice(word.index + word[0].length, next.index)
    return /[.!?]\W*\s/.test(between) ? 2 : /[,;:]\W*\s/.test(between) ? 1 : 0
  })
}

/** The gap behind each word but the last: `half` words before it and `half` behind, where there are any. */
export function windowsOf(ids: Int32Array, half: number): (gap: number) => Int32Array {
  const padded = new Int32Array(ids.length + 2 * half).fill(PADDING)
  padded.set(ids, half)
  return gap => padded.subarray(gap + 1, gap + 1 + 2 * half)
}

/** As many gaps of one class as of another, at most `most`, taken evenly from all addresses. */
const gapsOf =
  (half: number, most: number) =>
  (addresses: readonly Address[], encode: Encode): Texts => {
    const classes = addresses.map(({ text }) => marksOf(text))
    const counts = written.map((_, k) => classes.reduce((n, c) => n + c.filter(m => m === k).length, 0)),
      each = Math.min(most, ...counts)
    // Of `count` gaps the i-th is taken when i * each / count passes an integer.
    const seen = written.map(() => 0)
    const isTaken = (k: number): boolean => {
      const count = counts[k] as number,
        i = (seen[k] = (seen[k] as number) + 1)
      return Math.floor((i * each) / count) > Math.floor(((i - 1) * each) / count)
    }
    const taken = addresses.flatMap(({ text }, a) => {
      const window = windowsOf(encode(text), half)
      return Array.from(classes[a] as Uint8Array, (label, gap) => (isTaken(label) ? [{ tokens: window(gap), label }] : [])).flat()
    })
    return { tokens: taken.map(t => t.tokens), labels: Int32Array.from(taken, t => t.label) }
  }

/** Some words of an address with its own marks, then with those that the network puts there. */
const restored =
  (half: number) =>
  (address: Address, encode: Encode, network: Learnt<unknown>): string => {
    const { year, text } = address,
      words = Array.from(text.matchAll(WORD), ([word]) => word),
      own = marksOf(text),
      window = windowsOf(encode(text), half)
    const gaps = Array.from({ length: Math.min(LENGTH, own.length - START) }, (_, i) => START + i)
    // The network has learnt from as many stops as gaps without a mark; in a text they are rare.
    const shares = written.map((_, k) => own.filter(m => m === k).length / own.length)
    const logits = network.classify({ tokens: gaps.map(window), labels: Int32Array.from(gaps, g => own[g] as number) })
    const guessed = logits.map(row => {
      const scores = row.map((v, k) => v + Math.log(shares[k] as number))
      return scores.indexOf(Math.max(...scores))
    })
    const join = (marks: ArrayLike<number>): string => gaps.map((g, i) => `${words[g]}${written[marks[i] as number]}`).join(' ')
    return `from the address of ${year}, with its own marks:\n${join(gaps.map(g => own[g] as number))}\nand with those of the network:\n${join(guessed)}`
  }
/** Words to show: behind the greeting. */
const START = 100
const LENGTH = 80

export function punctuationTask(fast: boolean): Task {
  const half = fast ? 2 : 8,
    width = fast ? 8 : 64,
    settings = { epochs: fast ? 1 : 3, batchSize: fast ? 64 : 128, rate: 0.003 }
  return {
    classes: ['none', 'comma', 'stop'],
    vocabulary: fast ? 500 : 10_000,
    examples: gapsOf(half, fast ? 64 : 24_000),
    contestants: (_train, vocabulary) => {
      const all = sequenceRows(2 * half),
        nearest: Rows = tokens => sequenceRows(2)(tokens.map(t => t.subarray(half - 1, half + 1))),
        bag = linear(vocabulary, CLASSES)
      return [
        contestant('baseline all', 'bag of all words', bag, all, settings),
        contestant('baseline', 'bag of two words', bag, nearest, settings),
        contestant('placed', 'words by place', linear(vocabulary, CLASSES, { places: 2 * half }), all, settings),
        contestant('accuracy', 'network', meeting({ vocabulary, width, half }, CLASSES), all, settings),
      ]
    },
    demonstrate: restored(half),
  }
}
