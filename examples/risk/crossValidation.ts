/** Models of all folds trained at once: vmap over masks of the cases that each may see, and over the penalties to choose from. */
import { type Key, type Tensor, type TreeOf, array, jit, random, scan, sqrt, square, sum, vmap } from '@cotangent/core'
import {
  type Layer,
  adam,
  addDecayedWeights,
  chain,
  initTrainState,
  metrics,
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
  /** To choose from: half the square of each weight costs so much (L2 penalty), kernels only. */
  readonly decays: readonly number[]
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

const at = (values: ArrayLike<number>, rows: Int32Array): Float32Array => Float32Array.from(rows, i => values[i] as number)
/** The area under the ROC curve of some cases. */
export const areaOf = (probabilities: ArrayLike<number>, labels: Float32Array, rows: Int32Array): number =>
  metrics.rocAuc(array(at(probabilities, rows)), array(at(labels, rows))).item()

/** Features with the mean 0 and the deviation 1 of the cases that count: the others must not tell the model of themselves. */
function standardized(x: Tensor, weights: Tensor): Tensor {
  const share = weights.div(sum(weights)).reshape([-1, 1])
  const centred = x.sub(sum(x.mul(share), { axis: 0 }))
  return centred.div(sqrt(sum(square(centred).mul(share), { axis: 0 })).add(1e-6))
}

/** What the truth about some cases surprises a model that gave these probabilities, in nats a case: least for the true ones, so it judges calibration too. */
const surpriseOf = (probabilities: ArrayLike<number>, labels: Float32Array, rows: Int32Array): number =>
  rows.reduce((total, i) => {
    const p = probabilities[i] as number
    return total - Math.log(Math.max(labels[i] === 1 ? p : 1 - p, 1e-7))
  }, 0) / rows.length

/** A model to train: without the folds `hidden`, with this penalty. */
interface Run {
  readonly hidden: readonly number[]
  readonly decay: number
}
/** The probabilities of all cases, from each run. */
type Ask = (runs: readonly Run[], key: Key) => readonly Float32Array[]

/** One program trains all runs: a fold is a mask of the cases, and a step is nn's. */
function trainer<P extends TreeOf<P>>(model: Layer<P, null>, { steps, rate, classWeights }: Training) {
  const logits = (params: P, x: Tensor, key?: Key): Tensor =>
    model.apply(params, x, key === undefined ? {} : { train: true, key }).reshape([-1])
  const ofRun = (x: Tensor, y: Tensor, weights: Tensor, decay: Tensor, key: Key): Tensor => {
    const optimizer = chain(addDecayedWeights(decay, { mask: (_, leaf) => leaf.ndim > 1 }), adam(schedules.cosineDecay(rate, steps)))
    const step = trainStep(
      (params: P, state: null, rows: Rows, k) => ({
        loss: sigmoidCrossEntropy(logits(params, rows.x, k), rows.y, {
          weights: rows.weights,
          ...(classWeights && { classWeights: array(classWeights) }),
        }),
        state,
      }),
      optimizer,
      { donate: false },
    )
    const [initKey, stepKey] = random.split(key),
      rows = { x: standardized(x, weights), y, weights }
    const start = initTrainState(optimizer, model.init(initKey, x.shape.slice(1)).params, null, stepKey)
    const [trained] = scan(state => [step(state, rows)[0], null] as const, start, null, { length: steps })
    return sigmoid(logits(trained.params, rows.x))
  }
  const all = jit((x: Tensor, y: Tensor, masks: Tensor, decays: Tensor, keys: Key) =>
    vmap(ofRun, { inAxes: [null, null, 0, 0, 0] })(x, y, masks, decays, keys),
  )
  return ({ features, labels, count }: Cases, folds: readonly Int32Array[]): Ask => {
    const x = array(features, { shape: [count, features.length / count] }),
      y = array(labels)
    const maskOf = (hidden: readonly number[]): readonly number[] => {
      const mask = new Array<number>(count).fill(1)
      for (const fold of hidden) for (const row of folds[fold] as Int32Array) mask[row] = 0
      return mask
    }
    return (runs, key) => {
      const masks = array(runs.map(run => maskOf(run.hidden))),
        decays = array(
          runs.map(run => run.decay),
          { dtype: 'float32' },
        )
      const found = all(x, y, masks, decays, random.splitBatch(key, runs.length)).dataSync()
      return runs.map((_, i) => Float32Array.from(found.slice(i * count, (i + 1) * count), Number))
    }
  }
}

/**
 * For each fold the penalty that does best on the other folds, each judged by models that have seen neither of the two: the cases that a fold is scored
 * with have no say. Models without the folds i and j serve both.
 */
function chosenDecays(ask: Ask, decays: readonly number[], { labels }: Cases, folds: readonly Int32Array[], key: Key): readonly number[] {
  const runs = folds.flatMap((_, j) => folds.slice(0, j).flatMap((_fold, i) => decays.map(decay => ({ hidden: [i, j], decay }))))
  const answers = ask(runs, key)
  return folds.map((_, fold) => {
    const surprises = decays.map(decay =>
      runs.reduce((total, { hidden, decay: own }, run) => {
        const other = hidden.find(f => f !== fold) as number
        const isOurs = own === decay && hidden.includes(fold)
        return isOurs ? total + surpriseOf(answers[run] as Float32Array, labels, folds[other] as Int32Array) : total
      }, 0),
    )
    return decays[surprises.indexOf(Math.min(...surprises))] as number
  })
}

export interface Judgement {
  /** Of each case, from the model that has not seen it. */
  readonly probabilities: Float32Array
  /** The penalty of each fold's model. */
  readonly decays: readonly number[]
}
export type Judge = (cases: Cases, folds: readonly Int32Array[], key: Key) => Judgement

/** Nested cross-validation. */
export function crossValidated<P extends TreeOf<P>>(model: Layer<P, null>, training: Training): Judge {
  const askOf = trainer(model, training)
  return (cases, folds, key) => {
    const ask = askOf(cases, folds),
      [choiceKey, finalKey] = random.split(key)
    const decays = chosenDecays(ask, training.decays, cases, folds, choiceKey)
    const answers = ask(
      decays.map((decay, fold) => ({ hidden: [fold], decay })),
      finalKey,
    )
    const probabilities = new Float32Array(cases.count)
    folds.forEach((rows, fold) => rows.forEach(row => (probabilities[row] = (answers[fold] as Float32Array)[row] as number)))
    return { probabilities, decays }
  }
}
