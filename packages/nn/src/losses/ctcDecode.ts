/** What a network trained with `ctcLoss` says: label sequences from logits, on the host, since their lengths differ. */
import type { Tensor } from '@cotangent/core'
import { fail, showShape } from '@cotangent/core/extend'
import { checkTensors } from '../checks.ts'
import { type CtcLengths, checkBlank, checkLengths } from './ctc.ts'

export type CtcDecodeOptions = Omit<CtcLengths, 'labelLengths'>

/**
 * The labels of the most probable path: the best class of each step, runs of one class as one, blanks left out. `logits` `[n, t, classes]` (log-probabilities do as well).
 * Graves et al. 2006, section 3.2: best path decoding. Keras: `ctc_decode(greedy=True)`.
 * @example ctcGreedyDecode(logits, { logitLengths })[0] // labels of the first example: [3, 1, 4]
 */
export const ctcGreedyDecode = (logits: Tensor, options: CtcDecodeOptions = {}): readonly (readonly number[])[] =>
  stepsOf(logits, options).map(steps => {
    const path = steps.map(row => row.indexOf(row.reduce((a, b) => Math.max(a, b), -Infinity)))
    return path.filter((label, i) => label !== (options.blank ?? 0) && label !== path[i - 1])
  })

export interface CtcBeamOptions extends CtcDecodeOptions {
  /** Sequences that are kept at each step. Default 10. */
  readonly beams?: number
}
export interface CtcHypothesis {
  readonly labels: readonly number[]
  /** Of all paths of these labels that were kept: at most the true one. */
  readonly logProbability: number
}

/**
 * The most probable label sequences of each example, best first: paths of one sequence are added up, and after each step the best `beams` sequences go on.
 * Hannun et al. 2014, https://arxiv.org/abs/1408.2873, algorithm 1, without a language model. Keras: `ctc_decode(greedy=False)`.
 */
export function ctcBeamDecode(logits: Tensor, options: CtcBeamOptions = {}): readonly (readonly CtcHypothesis[])[] {
  const { beams = 10, blank = 0 } = options
  if (!Number.isInteger(beams) || beams < 1) fail('ValueError', `ctcBeamDecode: beams must be a positive integer, got ${beams}.`)
  return stepsOf(logits, options).map(steps => {
    let kept: readonly Prefix[] = [{ labels: [], blank: 0, label: -Infinity }]
    for (const row of steps) kept = extended(kept, logProbabilities(row), blank).slice(0, beams)
    return kept.map(prefix => ({ labels: prefix.labels, logProbability: totalOf(prefix) }))
  })
}

/** Labels so far, with the logarithms of the probabilities of their paths that end in a blank, and in the last label. */
interface Prefix {
  readonly labels: readonly number[]
  readonly blank: number
  readonly label: number
}
const totalOf = ({ blank, label }: Prefix): number => logAdd(blank, label)

/** What each can become in one more step, best first. */
function extended(prefixes: readonly Prefix[], row: readonly number[], blank: number): readonly Prefix[] {
  const next = new Map<string, Prefix>()
  const add = (labels: readonly number[], end: 'blank' | 'label', logProbability: number): void => {
    if (logProbability === -Infinity) return
    const key = labels.join(),
      old = next.get(key) ?? { labels, blank: -Infinity, label: -Infinity }
    next.set(key, { ...old, [end]: logAdd(old[end], logProbability) })
  }
  for (const prefix of prefixes) {
    const { labels } = prefix,
      total = totalOf(prefix)
    row.forEach((p, c) => {
      if (c === blank) return add(labels, 'blank', total + p)
      const isRepeated = c === labels.at(-1)
      // A label twice needs a blank between; without one it goes on.
      if (isRepeated) add(labels, 'label', prefix.label + p)
      add([...labels, c], 'label', (isRepeated ? prefix.blank : total) + p)
    })
  }
  return [...next.values()].sort((a, b) => totalOf(b) - totalOf(a))
}

const logAdd = (a: number, b: number): number => {
  const most = Math.max(a, b)
  return most === -Infinity ? most : most + Math.log1p(Math.exp(Math.min(a, b) - most))
}

function logProbabilities(logits: readonly number[]): readonly number[] {
  const most = Math.max(...logits)
  if (!Number.isFinite(most)) fail('ValueError', `ctcBeamDecode: a step has ${most} as its largest logit: no probabilities.`)
  const total = most + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - most), 0))
  return logits.map(z => z - total)
}

/** The rows of each example that count. */
function stepsOf(logits: Tensor, { logitLengths, blank = 0 }: CtcDecodeOptions): readonly (readonly (readonly number[])[])[] {
  checkTensors('CTC', { logits })
  const [n = 0, t = 0, classes = 0] = logits.shape
  if (logits.ndim !== 3) fail('ShapeError', `CTC: needs logits [n, t, classes], got ${showShape(logits.shape)}.`)
  checkBlank('CTC', blank, classes)
  checkLengths('CTC', { logitLengths }, n)
  const values = logits.dataSync(),
    lengths = logitLengths?.dataSync()
  const wrong = lengths?.findIndex((length: number) => !(length >= 0 && length <= t)) ?? -1
  if (wrong >= 0) fail('ValueError', `CTC: logitLengths must be 0 to ${t}, got ${lengths?.[wrong]} for example ${wrong}.`)
  if (values.some((z: number) => Number.isNaN(z))) fail('ValueError', 'CTC: there are logits that are NaN.')
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: Math.min(t, Number(lengths?.[i] ?? t)) }, (_row, j) =>
      Array.from(values.subarray((i * t + j) * classes, (i * t + j + 1) * classes), Number),
    ),
  )
}
