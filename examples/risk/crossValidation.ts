/** Models of all folds trained at once: vmap over masks of the cases that each may see. */
import { type Key, type Tensor, type TreeOf, array, jit, random, scan, sqrt, square, sum, vmap } from '@cotangent/core'
import {
  type Layer,
  adam,
  addDecayedWeights,
  chain,
  initTrainState,
  schedules,
  sigmoid,
  sigmoidCrossEntropy,
  trainStep,
} from '@cotangent/nn'
import { dataset, kFold } from '@cotangent/nn/data'
import type { Cases } from './tables.ts'

export interface Training {
  /** On all cases of the fold, one after another. */
  readonly steps: number
  readonly rate: number
  /** Half the square of each weight costs so much (L2 penalty): kernels only. */
  readonly decay: number
  /** What a case of each class counts, `[good, bad]`; default 1 each. */
  readonly classWeights?: readonly [number, number]
}

interface Rows {
  /** `[n, features]` */
  readonly x: Tensor
  /** `[n]`, 0 or 1 */
  readonly y: Tensor
  /** `[n]`: 1 for cases to learn from. */
  readonly weights: Tensor
}

/** Rows of each fold's validation, as a partition of all. */
export const foldsOf = (cases: Cases, count: number, key: Key): readonly Int32Array[] =>
  kFold(dataset({ labels: cases.labels }), count, { key }).map(fold => fold.validation.rows)

/** Features with the mean 0 and the deviation 1 of the cases that count: the others must not tell the model of themselves. */
function standardized(x: Tensor, weights: Tensor): Tensor {
  const share = weights.div(sum(weights)).reshape([-1, 1])
  const centred = x.sub(sum(x.mul(share), { axis: 0 }))
  return centred.div(sqrt(sum(square(centred).mul(share), { axis: 0 })).add(1e-6))
}

/**
 * The probability of each case, from the model that has not seen it: `[n]`. One program trains and asks all of them: a fold is a mask of the cases, and a
 * step is nn's.
 */
export function crossValidated<P extends TreeOf<P>>(
  model: Layer<P, null>,
  { steps, rate, decay, classWeights }: Training,
): (cases: Cases, folds: readonly Int32Array[], key: Key) => Float32Array {
  const optimizer = chain(addDecayedWeights(decay, { mask: (_, leaf) => leaf.ndim > 1 }), adam(schedules.cosineDecay(rate, steps)))
  const logits = (params: P, x: Tensor, key?: Key): Tensor =>
    model.apply(params, x, key === undefined ? {} : { train: true, key }).reshape([-1])
  const step = trainStep(
    (params: P, state: null, { x, y, weights }: Rows, key) => ({
      loss: sigmoidCrossEntropy(logits(params, x, key), y, { weights, ...(classWeights && { classWeights: array(classWeights) }) }),
      state,
    }),
    optimizer,
    { donate: false },
  )
  const ofFold = (x: Tensor, y: Tensor, weights: Tensor, key: Key): Tensor => {
    const [initKey, stepKey] = random.split(key),
      rows = { x: standardized(x, weights), y, weights }
    const start = initTrainState(optimizer, model.init(initKey, x.shape.slice(1)).params, null, stepKey)
    const [trained] = scan(state => [step(state, rows)[0], null] as const, start, null, { length: steps })
    return sigmoid(logits(trained.params, rows.x))
  }
  const all = jit((x: Tensor, y: Tensor, masks: Tensor, keys: Key): Tensor => {
    const probabilities = vmap(ofFold, { inAxes: [null, null, 0, 0] })(x, y, masks, keys)
    return sum(probabilities.mul(masks.neg().add(1)), { axis: 0 })
  })
  return ({ features, labels, count }, folds, key) => {
    const masks = folds.map(rows => Array.from({ length: count }, (_, i) => Number(!rows.includes(i))))
    const x = array(features, { shape: [count, features.length / count] })
    return Float32Array.from(all(x, array(labels), array(masks), random.splitBatch(key, folds.length)).dataSync(), Number)
  }
}
