/** A model with its parameters, which change: what the page needs of it, whatever the type of its parameters. */
import { type Tensor, type TreeOf, array, explain, jit, tree } from '@cotangent/core'
import { type Layer, softmax } from '@cotangent/nn'
import { type Batch, type Digits, SIDE } from '../lib/digits.ts'
import { createScore, createTrainer } from '../mnist/trainer.ts'
import type { Filters } from './protocol.ts'

export interface Learner {
  readonly parameters: number
  readonly order: (epoch: number, count: number) => Int32Array
  /** Trains on a batch; the loss before it, a scalar, which the device may still be computing. */
  readonly step: (batch: Batch) => Tensor
  /** Share of the digits that are read right. */
  readonly accuracy: (digits: Digits) => number
  /** Probabilities of the ten classes for 28 x 28 grey values. */
  readonly predict: (pixels: Float32Array) => readonly number[]
  readonly filters: () => Filters
  readonly kernels: () => string
  readonly dispose: () => void
}

export function createLearner<P extends TreeOf<P>>(model: Layer<P>, seed: number): Learner {
  const trainer = createTrainer(model, { seed })
  const score = createScore(model)
  const probabilities = jit((params: P, image: Tensor) => softmax(model.apply(params, image)))
  let state = trainer.init()
  return {
    parameters: tree.leaves(state.params).reduce((sum, t) => sum + t.size, 0),
    order: trainer.order,
    step: batch => {
      const [next, loss] = trainer.step(state, batch)
      state = next
      return loss
    },
    accuracy: digits => score(state.params, digits),
    predict: pixels => [...probabilities(state.params, array(pixels, { shape: [1, SIDE, SIDE, 1] })).dataSync()],
    filters: () => filtersOf(tree.leaves(state.params)),
    kernels: () => explain(trainer.compiled).traces.at(-1)?.kernels ?? '',
    dispose: () => {
      for (const t of [...tree.leaves(state.params), ...tree.leaves(state.optimizer)]) t.dispose()
    },
  }
}

/** Of the first kernel: `[28 * 28, filters]` of a dense layer or `[side, side, 1, filters]` of a convolution, filters last. */
function filtersOf(leaves: readonly Tensor[]): Filters {
  const kernel = leaves.find(t => t.ndim > 1) as Tensor
  const count = kernel.shape.at(-1) as number,
    size = kernel.size / count
  const data = kernel.dataSync(),
    values = new Float32Array(kernel.size)
  for (let f = 0; f < count; f++) for (let i = 0; i < size; i++) values[f * size + i] = data[i * count + f] as number
  return { count, side: Math.sqrt(size), values }
}
