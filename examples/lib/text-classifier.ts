/** Trains a classifier of texts, and tries it on others. Runs anywhere. */
import { type Key, type TreeOf, jit, random } from '@cotangent/core'
import { type Layer, adam, fit, schedules } from '@cotangent/nn'
import type { Series } from './charts/series.ts'
import { classifier, reportFit } from './classify.ts'
import type { Host } from './host/host.ts'
import { type Rows, type Texts, textBatches } from './texts.ts'

export interface TextTask {
  readonly train: Texts
  readonly test: Texts
  /** What the model is given of texts. */
  readonly rows: Rows
}
export interface TextRun {
  readonly name: string
  readonly host: Host
  /** Decides initial weights, order and dropout. */
  readonly key: Key
  readonly epochs: number
  readonly batchSize: number
  /** Of Adam. */
  readonly rate: number
  /** The rate falls to zero along half a cosine. Default false. */
  readonly decay?: boolean
}
export interface Learnt<P> {
  readonly name: string
  readonly params: P
  /** On the test texts: `[n, classes]`, the most probable class of each, the share that is right. */
  readonly logits: readonly (readonly number[])[]
  readonly predicted: readonly number[]
  readonly accuracy: number
  /** Of the epochs. */
  readonly losses: Series
  /** The logits of others. */
  readonly classify: (texts: Texts) => readonly (readonly number[])[]
}

export async function learnTexts<P extends TreeOf<P>>(run: TextRun, model: Layer<P>, { train, test, rows }: TextTask): Promise<Learnt<P>> {
  const { name, host, key, epochs, batchSize, rate, decay = false } = run
  const steps = epochs * Math.max(1, Math.floor(train.tokens.length / batchSize))
  const { init, step } = classifier(model, adam(decay ? schedules.cosineDecay(rate, steps) : rate)),
    [initKey, orderKey] = random.split(key)
  const losses: (readonly [number, number])[] = []
  const report = reportFit(host, name, steps)
  const input = rows(train.tokens.slice(0, 1)).shape.slice(1)
  const order = (epoch: number) => textBatches(train, rows, batchSize, random.foldIn(orderKey, epoch))
  const { state } = await fit(step, init(initKey, input), order, {
    epochs,
    reportEvery: 10,
    onEvent: event => {
      report(event)
      if (event.type === 'epoch') losses.push([event.epoch + 1, event.metrics['loss'] as number])
    },
  })
  const classify = (texts: Texts) => logitsOf(model, state.params, texts, rows, batchSize),
    logits = classify(test)
  const predicted = logits.map(row => row.indexOf(Math.max(...row)))
  const accuracy = predicted.filter((p, i) => p === test.labels[i]).length / predicted.length
  return { name, params: state.params, logits, predicted, accuracy, losses: { name, points: losses }, classify }
}

function logitsOf<P>(model: Layer<P>, params: P, texts: Texts, rows: Rows, batchSize: number): readonly (readonly number[])[] {
  const apply = jit((p: P, x: Parameters<typeof model.apply>[1]) => model.apply(p, x))
  return [...textBatches(texts, rows, batchSize)].flatMap(({ x, labels }) => {
    const values = Array.from(apply(params, x).dataSync(), Number),
      classes = values.length / labels.size
    return Array.from({ length: labels.size }, (_, i) => values.slice(i * classes, (i + 1) * classes))
  })
}
