/** Training in pieces: fresh parameters, one compiled step, the order of an epoch, a score. Who calls them decides when. */
import { type Key, type Tensor, type TreeOf, jit, random, valueAndGrad } from '@cotangent/core'
import { type AdamState, type Layer, type LearningRate, accuracy, adam, applyUpdates, softmaxCrossEntropy } from '@cotangent/nn'
import { type Batch, type Digits, SIDE, batch } from '../lib/digits.ts'

/** What a step takes and gives. */
export interface TrainingState<P> {
  readonly params: P
  readonly optimizer: AdamState<P>
}
export interface Trainer<P> {
  /** Untrained. The same seed gives the same parameters. */
  readonly init: () => TrainingState<P>
  /** The next state and the loss before it. The old state is used up. */
  readonly step: (state: TrainingState<P>, batch: Batch) => readonly [next: TrainingState<P>, loss: Tensor]
  /** A permutation of the first `count` numbers; epochs count from 1. */
  readonly order: (epoch: number, count: number) => Int32Array
  /** The function that `jit` made, for `explain`. */
  readonly compiled: (...args: never[]) => unknown
}
export interface TrainerOptions {
  /** Decides initial weights, order and dropout. */
  readonly seed: number
  /** A number, or a schedule of the step. Default 0.001. */
  readonly learningRate?: LearningRate
}

/** Adam on the sparse cross-entropy of a classifier's logits, for images `[n, 28, 28, 1]`. */
export function createTrainer<P extends TreeOf<P>>(model: Layer<P>, { seed, learningRate = 1e-3 }: TrainerOptions): Trainer<P> {
  const [initKey, dataKey] = random.split(random.key(seed))
  /** Epochs count from 1, so the steps have 0 for themselves. */
  const stepKey = random.foldIn(dataKey, 0)
  const optimizer = adam(learningRate)
  const loss = (params: P, images: Tensor, labels: Tensor, key: Key): Tensor =>
    softmaxCrossEntropy(model.apply(params, images, { train: true, key }), labels)
  const compiled = jit(
    function step(params: P, state: AdamState<P>, images: Tensor, labels: Tensor, key: Key, number: Tensor) {
      const [value, grads] = valueAndGrad(loss)(params, images, labels, random.foldIn(key, number))
      const [updates, next] = optimizer.update(grads, state, params)
      return [applyUpdates(params, updates), next, value] as const
    },
    { donate: [0, 1] },
  )
  return {
    init: () => {
      const { params } = model.init(initKey, [SIDE, SIDE, 1])
      return { params, optimizer: optimizer.init(params) }
    },
    step: (state, { images, labels }) => {
      const [params, next, value] = compiled(state.params, state.optimizer, images, labels, stepKey, state.optimizer.count)
      return [{ params, optimizer: next }, value]
    },
    order: (epoch, count) => random.permutation(random.foldIn(dataKey, epoch), count).dataSync() as Int32Array,
    compiled,
  }
}

const EVALUATION_BATCH = 1000

/** A function that gives the share of examples whose most probable class is the label; compiled once. */
export function createScore<P>(model: Layer<P>): (params: P, digits: Digits) => number {
  const score = jit((p: P, images: Tensor, labels: Tensor) => accuracy(model.apply(p, images), labels))
  return (params, digits) => {
    let right = 0
    for (let start = 0; start < digits.count; start += EVALUATION_BATCH) {
      const count = Math.min(EVALUATION_BATCH, digits.count - start)
      const { images, labels } = batch(
        digits,
        Array.from({ length: count }, (_, i) => start + i),
      )
      right += score(params, images, labels).item() * count
    }
    return right / digits.count
  }
}
