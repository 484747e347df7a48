/** Classification with nn's `trainer` and `fit`: labelled examples, the usual loss, progress. Runs anywhere. */
import { type Key, type Tensor, type TreeOf, random } from '@cotangent/core'
import {
  type FitEvent,
  type GradientTransformation,
  type Layer,
  type StateFor,
  type StateOf,
  type TrainState,
  type TrainStepOptions,
  type Trainer,
  accuracy,
  fit,
  softmaxCrossEntropy,
  trainer,
} from '@cotangent/nn'
import { type Dataset, type HostArray, batches, dataset } from '@cotangent/nn/data'
import { type Digits, SIDE } from './digits.ts'
import type { Host } from './host/host.ts'
import { progressOf } from './program.ts'

/** Inputs `[n, ...]` and class ids `[n]`, on the host. */
export type Examples = Dataset<{ readonly x: HostArray; readonly labels: HostArray }>
/** The same as tensors. */
export interface ExampleBatch {
  readonly x: Tensor
  readonly labels: Tensor
}

/** Digits as examples: x `[n, 28, 28, 1]`. */
export const digitExamples = ({ images, labels, count }: Digits): Examples =>
  dataset({ x: { data: images, shape: [count, SIDE, SIDE, 1] }, labels: Int32Array.from(labels) })

/** Trains on the cross-entropy of logits, and reports the accuracy. */
export const classifier = <P extends TreeOf<P>, S, F extends StateOf>(
  model: Layer<P, S>,
  optimizer: GradientTransformation<F>,
  options: TrainStepOptions = {},
): Trainer<TrainState<P, S, StateFor<F, P>>, ExampleBatch> =>
  trainer(model, optimizer, {
    ...options,
    inputs: (b: ExampleBatch) => b.x,
    loss: (logits, { labels }) => softmaxCrossEntropy(logits, labels),
    metrics: (logits, { labels }) => ({ accuracy: accuracy(logits, labels) }),
  })

export interface EpochsOptions {
  readonly epochs: number
  readonly batchSize: number
  /** Decides the order of each epoch. */
  readonly key: Key
  /** Hears the mean loss of each. */
  readonly onEpoch?: (loss: number) => void
}

/** Fresh batches of an epoch, for `fit`. */
export const shuffled =
  (examples: Examples, { batchSize, key }: Pick<EpochsOptions, 'batchSize' | 'key'>) =>
  (epoch: number): Iterable<ExampleBatch> =>
    batches(examples, batchSize, { key: random.foldIn(key, epoch) })

/** Trains from fresh parameters on, with a progress bar. `seenAs` makes other examples of each batch. */
export async function trainFresh<T>(
  host: Host,
  title: string,
  { init, step }: Trainer<T, ExampleBatch>,
  examples: Examples,
  options: EpochsOptions,
  seenAs: (batch: ExampleBatch) => ExampleBatch = batch => batch,
): Promise<T> {
  const [initKey, orderKey] = random.split(options.key),
    shape = examples.columns.x.shape.slice(1)
  const report = reportFit<T>(host, title, options.epochs * Math.ceil(examples.rows.length / options.batchSize))
  const seen = (state: T, batch: ExampleBatch): ReturnType<typeof step> => step(state, seenAs(batch))
  const { state } = await fit(seen, init(initKey, shape), shuffled(examples, { ...options, key: orderKey }), {
    epochs: options.epochs,
    onEvent: event => {
      report(event)
      if (event.type === 'epoch') options.onEpoch?.(event.metrics['loss'] as number)
    },
  })
  return state
}

/** A progress bar over all steps of a fit, with the loss of the last ones. */
export function reportFit<T>(host: Host, title: string, steps: number): (event: FitEvent<T>) => void {
  const report = progressOf(host, title, steps)
  return event => {
    if (event.type === 'step') report(event.step, `loss ${(event.metrics['loss'] ?? NaN).toFixed(4)}`)
  }
}
