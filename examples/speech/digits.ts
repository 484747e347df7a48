/** Which digit is it? One network learns from single recordings, on the official split and without a speaker. Runs anywhere. */
import { type Key, type Tensor, argmax, jit, random } from '@cotangent/core'
import { adamw, schedules } from '@cotangent/nn'
import { batches, dataset, filter } from '@cotangent/nn/data'
import { type Series, seriesOf } from '../lib/charts/series.ts'
import { type Examples, classifier, trainFresh } from '../lib/classify.ts'
import type { Host } from '../lib/host/host.ts'
import { type Widths, digitClassifier } from './models.ts'
import { type Speaker, isTest } from './recordings.ts'
import { stacked } from './spectra.ts'
import type { Utterance } from './strings.ts'

export interface DigitSizes {
  readonly widths: Widths
  /** That a recording is cut to or filled up to. */
  readonly frames: number
  readonly batchSize: number
  readonly epochs: { readonly split: number; readonly unseen: number }
}

/** The classes that a network gives to recordings that it did not learn from. */
export interface Evaluation {
  readonly truth: readonly number[]
  readonly predicted: readonly number[]
  readonly accuracy: number
  /** Of its training, by epoch. */
  readonly losses: Series
}

/** On the official split: the same speakers in both parts. */
export function evaluateSplit(host: Host, utterances: readonly Utterance[], sizes: DigitSizes, key: Key): Promise<Evaluation> {
  const examples = examplesOf(utterances, sizes.frames)
  const train = filter(examples, row => !isTest(utterances[row] as Utterance)),
    test = filter(examples, row => isTest(utterances[row] as Utterance))
  return learner(host, sizes, sizes.epochs.split, train.rows.length)('digits', train, test, key)
}

/** Leaves one speaker out after another: all recordings of the others to learn from, the speaker's to test with. */
export async function evaluateUnseenSpeakers(
  host: Host,
  utterances: readonly Utterance[],
  heldOut: readonly Speaker[],
  sizes: DigitSizes,
  key: Key,
): Promise<readonly Evaluation[]> {
  const examples = examplesOf(utterances, sizes.frames),
    others = utterances.filter(r => r.speaker !== heldOut[0]).length
  // There are as many recordings of each, so one compiled step serves all.
  const learn = learner(host, sizes, sizes.epochs.unseen, others)
  const all: Evaluation[] = []
  for (const [i, speaker] of heldOut.entries()) {
    const [train, test] = [false, true].map(is => filter(examples, row => (utterances[row]?.speaker === speaker) === is))
    all.push(await learn(`without ${speaker}`, train as Examples, test as Examples, random.foldIn(key, i)))
  }
  return all
}

const examplesOf = (utterances: readonly Utterance[], frames: number): Examples =>
  dataset({
    x: stacked(
      utterances.map(r => r.spectrum),
      frames,
      'middle',
    ),
    labels: Int32Array.from(utterances, r => r.digit),
  })

/** Trains a fresh network on `count` examples, and tries it on others. */
function learner(host: Host, { widths, batchSize }: DigitSizes, epochs: number, count: number) {
  const model = digitClassifier(widths),
    steps = epochs * Math.ceil(count / batchSize)
  const rate = schedules.warmupCosine({ peak: 3e-3, warmupSteps: Math.min(30, steps / 2), steps, end: 0 })
  const trainer = classifier(model, adamw(rate, { weightDecay: 0.01 }))
  type State = ReturnType<typeof trainer.init>
  const classify = jit((params: State['params'], state: State['state'], x: Tensor) => argmax(model.step(params, state, x)[0], { axis: -1 }))
  return async (title: string, train: Examples, test: Examples, key: Key): Promise<Evaluation> => {
    const losses: number[] = []
    const options = { epochs, batchSize, key, onEpoch: (loss: number) => void losses.push(loss) }
    const { params, state } = await trainFresh(host, title, trainer, train, options)
    const predicted = [...batches(test, batchSize)].flatMap(({ x }) => Array.from(classify(params, state, x).dataSync(), Number)),
      truth = Array.from(test.rows, row => test.columns.labels.data[row] as number)
    const accuracy = predicted.filter((digit, i) => digit === truth[i]).length / truth.length
    return { truth, predicted, accuracy, losses: seriesOf(title, losses) }
  }
}
