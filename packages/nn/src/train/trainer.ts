/** A layer, an optimiser and a loss together: what supervised training needs. */
import { type Key, type Shape, type Tensor, type TreeOf, jit, random, tree } from '@cotangent/core'
import type { Layer } from '../layer.ts'
import type { GradientTransformation, StateFor, StateOf } from '../optim/transformation.ts'
import type { Metrics, Numbers, Source } from './events.ts'
import { readMetrics } from './means.ts'
import { type TrainState, type TrainStep, type TrainStepOptions, initTrainState, trainStep } from './trainStep.ts'

export interface TrainerOptions<B, I, O> extends TrainStepOptions {
  /** What the model is given. */
  readonly inputs: (batch: B) => I
  /** What is made small: `[]`, the mean over the batch. */
  readonly loss: (outputs: O, batch: B) => Tensor
  /** Scalars to report: means over the batch. */
  readonly metrics?: (outputs: O, batch: B) => Metrics
}

export interface Trainer<T, B> {
  /** Untrained. `input` is the shape of one example. */
  init(key: Key, input: Shape): T
  /** For `fit`. It uses up the state that it is given, unless `donate` is false. */
  readonly step: TrainStep<T, B>
  /** The means of loss and metrics over all examples, with the layers as they are after training. */
  evaluate(state: T, batches: Source<B>): Promise<Numbers>
}

/**
 * @example
 * const digits = trainer(model, adam(1e-3), {
 *   inputs: (b: Digits) => b.images,
 *   loss: (logits, b) => softmaxCrossEntropy(logits, b.labels),
 *   metrics: (logits, b) => ({ accuracy: accuracy(logits, b.labels) }),
 * })
 * const { state } = await fit(digits.step, digits.init(random.key(0), [28, 28, 1]), epoch => batches(train, 32, { key: random.key(epoch) }), {
 *   evaluate: state => digits.evaluate(state, batches(test, 500)),
 * })
 */
export function trainer<P extends TreeOf<P>, S, I, O, B, F extends StateOf>(
  model: Layer<P, S, I, O>,
  optimizer: GradientTransformation<F>,
  { inputs, loss, metrics = () => ({}), ...options }: TrainerOptions<B, I, O>,
): Trainer<TrainState<P, S, StateFor<F, P>>, B> {
  const step = trainStep(
    (params: P, state: S, batch: B, key: Key) => {
      const [y, next] = model.step(params, state, inputs(batch), { train: true, key })
      return { loss: loss(y, batch), state: next, metrics: metrics(y, batch) }
    },
    optimizer,
    options,
  )
  const score = jit((params: P, state: S, batch: B): Metrics => {
    const [y] = model.step(params, state, inputs(batch))
    return { loss: loss(y, batch), ...metrics(y, batch) }
  })
  return {
    init: (key, input) => {
      const [initKey, stepKey] = random.split(key)
      const { params, state } = model.init(initKey, input)
      return initTrainState(optimizer, params, state, stepKey)
    },
    step,
    evaluate: ({ params, state }, batches) => meanOver(batches, batch => score(params, state, batch)),
  }
}

/** The means of a batch's means over all batches, weighted by their sizes, which are those of the first axes. */
export async function meanOver<B>(batches: Source<B>, f: (batch: B) => Metrics): Promise<Numbers> {
  const sizes: number[] = [],
    all: Metrics[] = []
  for await (const batch of batches) {
    sizes.push(tree.leaves(batch)[0]?.shape[0] ?? 1)
    all.push(f(batch))
  }
  const total = sizes.reduce((a, b) => a + b, 0)
  const values = await readMetrics(all)
  return Object.fromEntries(
    Object.keys(values[0] ?? {}).map(name => [
      name,
      values.reduce((sum, v, i) => sum + (v[name] as number) * ((sizes[i] as number) / total), 0),
    ]),
  )
}
