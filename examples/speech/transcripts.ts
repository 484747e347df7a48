/** Which digits are they, and in which order? A network learns from strings with CTC: nothing tells it where a digit begins. Runs anywhere. */
import { type Key, type Tensor, jit, random } from '@cotangent/core'
import {
  adamw,
  chain,
  clipByGlobalNorm,
  ctcBeamDecode,
  ctcGreedyDecode,
  ctcLoss,
  fit,
  metrics,
  schedules,
  softmax,
  trainer,
} from '@cotangent/nn'
import { type Series } from '../lib/charts/series.ts'
import { reportFit } from '../lib/classify.ts'
import type { Host } from '../lib/host/host.ts'
import { type Widths, transcriber } from './models.ts'
import { isTest } from './recordings.ts'
import { BANDS, type Spectrum } from './spectra.ts'
import {
  type Utterance,
  type StringBatch,
  type StringSizes,
  batchOf,
  digitOf,
  drawStrings,
  joinedSounds,
  joinedSpectra,
} from './strings.ts'

export interface TranscriptSizes extends StringSizes {
  readonly widths: Widths
  readonly batchSize: number
  readonly steps: number
  /** Batches of strings to test with. */
  readonly tests: number
}

export interface Transcription {
  /** One of the strings: its recordings, what the network was given, and the probabilities `[steps][classes]` that it gave. */
  readonly parts: readonly Utterance[]
  readonly spectrum: Spectrum
  readonly probabilities: readonly (readonly number[])[]
  /** The digits of all strings, and those that the network gives. */
  readonly references: readonly (readonly number[])[]
  readonly hypotheses: readonly (readonly number[])[]
  /** Edit distance over the number of digits. */
  readonly wordErrorRate: number
  /** Of the training, by step. */
  readonly losses: Series
}

/** Learns from strings of the training recordings, which are drawn for each step, and tries others. `beams` 1: greedy decoding. */
export async function transcribe(
  host: Host,
  utterances: readonly Utterance[],
  beams: number,
  sizes: TranscriptSizes,
  key: Key,
): Promise<Transcription> {
  const [initKey, trainKey, testKey] = random.split(key, 3)
  const model = transcriber(sizes.widths),
    rate = schedules.warmupCosine({ peak: 3e-3, warmupSteps: Math.min(50, sizes.steps / 2), steps: sizes.steps, end: 0 })
  const { init, step } = trainer(model, chain(clipByGlobalNorm(1), adamw(rate, { weightDecay: 0.01 })), {
    inputs: (b: StringBatch) => b.x,
    loss: (logits: Tensor, b) => ctcLoss(logits, b.labels, { logitLengths: b.steps, labelLengths: b.labelLengths }),
  })
  const losses: (readonly [number, number])[] = [],
    report = reportFit(host, 'strings', sizes.steps)
  const { state: trained } = await fit(step, init(initKey, [sizes.frames, BANDS, 1]), strings(utterances, sizes, trainKey), {
    steps: sizes.steps,
    onEvent: event => {
      report(event)
      if (event.type === 'step') losses.push([event.step, event.metrics['loss'] as number])
    },
  })
  const apply = jit((p: typeof trained.params, s: typeof trained.state, x: Tensor) => model.step(p, s, x)[0])
  return {
    ...evaluate(x => apply(trained.params, trained.state, x), utterances.filter(isTest), beams, sizes, testKey),
    losses: { name: 'strings', points: losses },
  }
}

/** Strings to learn from, without end. */
function* strings(utterances: readonly Utterance[], sizes: TranscriptSizes, key: Key): Generator<StringBatch> {
  const train = utterances.filter(r => !isTest(r))
  for (let i = 0; ; i++) yield batchOf(joinedSpectra(drawStrings(random.foldIn(key, i), train, sizes.batchSize, sizes)), sizes)
}

/** Transcribes strings of other recordings. */
function evaluate(
  apply: (x: Tensor) => Tensor,
  test: readonly Utterance[],
  beams: number,
  sizes: TranscriptSizes,
  key: Key,
): Omit<Transcription, 'losses'> {
  const drawn = drawStrings(key, test, sizes.tests * sizes.batchSize, sizes),
    { spectra, digits } = joinedSounds(drawn)
  const hypotheses: (readonly number[])[] = []
  // Of the first batch the one with most digits, to draw.
  const shown = digits.slice(0, sizes.batchSize).reduce((best, list, i) => (list.length > (digits[best]?.length ?? 0) ? i : best), 0)
  let probabilities: Transcription['probabilities'] = []
  for (let start = 0; start < drawn.length; start += sizes.batchSize) {
    const part = <T>(all: readonly T[]): readonly T[] => all.slice(start, start + sizes.batchSize)
    const batch = batchOf({ spectra: part(spectra), digits: part(digits) }, sizes)
    const logits = apply(batch.x),
      options = { logitLengths: batch.steps }
    const labels =
      beams === 1 ? ctcGreedyDecode(logits, options) : ctcBeamDecode(logits, { ...options, beams }).map(all => all[0]?.labels ?? [])
    hypotheses.push(...labels.map(list => list.map(digitOf)))
    if (start === 0) probabilities = rowsOf(softmax(logits), shown, batch.steps.dataSync()[shown] as number)
  }
  const words = (list: readonly number[]): string => list.join(' ')
  const errors = metrics.wordErrorRate()
  const wordErrorRate = errors.compute(errors.update(errors.init(), digits.map(words), hypotheses.map(words))).item()
  return { parts: drawn[shown] ?? [], spectrum: spectra[shown] as Spectrum, probabilities, references: digits, hypotheses, wordErrorRate }
}

/** The first `count` rows of an example. */
function rowsOf(x: Tensor, example: number, count: number): readonly (readonly number[])[] {
  const [, steps, width] = x.shape as readonly [number, number, number],
    values = x.dataSync().subarray(example * steps * width)
  return Array.from({ length: count }, (_, i) => Array.from(values.subarray(i * width, (i + 1) * width), Number))
}
