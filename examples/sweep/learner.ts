/** A network whose learning rate, weight decay and dropout are tensors, so that vmap trains it for many of them at once. */
import { type Key, type Tensor, jit, mean, random, tree, valueAndGrad, vmap, where } from '@cotangent/core'
import { type AdamState, accuracy, adam, applyUpdates, dense, flatten, relu, serial, softmaxCrossEntropy } from '@cotangent/nn'
import { batches } from '@cotangent/nn/data'
import type { ExampleBatch, Examples } from '../lib/classify.ts'
import { SIDE } from '../lib/digits.ts'

/** Scalars; of several runs at once `[runs]`. */
export interface Hyper {
  readonly rate: Tensor
  /** Decoupled from the gradient (Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101). */
  readonly decay: Tensor
  /** Probability that a hidden unit is dropped while training. */
  readonly dropout: Tensor
}

const HIDDEN = 128
const features = serial(flatten, dense(HIDDEN), relu)
const logits = dense(10)

interface Params {
  readonly features: ReturnType<typeof features.init>['params']
  readonly logits: ReturnType<typeof logits.init>['params']
}
export interface State {
  readonly params: Params
  readonly optimizer: AdamState<Params>
  /** Steps draw from it and their number. */
  readonly key: Key
}

/** Untrained: every run begins with the same parameters if the key is the same. */
export function init(key: Key): State {
  const [first, second, steps] = random.split(key, 3)
  const params = { features: features.init(first, [SIDE, SIDE, 1]).params, logits: logits.init(second, [HIDDEN]).params }
  return { params, optimizer: adam().init(params), key: steps }
}

/** nn's `dropout` takes a number: this one a tensor. */
const drop = (x: Tensor, rate: Tensor, key: Key): Tensor =>
  where(random.bernoulli(key, rate.neg().add(1), x.shape), x.div(rate.neg().add(1)), 0)

const loss = (params: Params, { x, labels }: ExampleBatch, dropout: Tensor, key: Key): Tensor =>
  softmaxCrossEntropy(logits.apply(params.logits, drop(features.apply(params.features, x), dropout, key)), labels)

/** One step of one run: its next state and the loss before it. */
export function step(state: State, hyper: Hyper, batch: ExampleBatch): readonly [next: State, loss: Tensor] {
  const optimizer = adam(() => hyper.rate)
  const [value, grads] = valueAndGrad(loss)(state.params, batch, hyper.dropout, random.foldIn(state.key, state.optimizer.count))
  const [updates, next] = optimizer.update(grads, state.optimizer, state.params)
  const kept = hyper.rate.mul(hyper.decay).neg().add(1)
  const params = applyUpdates(
    tree.map((p: Tensor) => p.mul(kept), state.params),
    updates,
  )
  return [{ params, optimizer: next, key: state.key }, value]
}

/** Mean loss and accuracy without dropout: scalars. */
const score = (params: Params, { x, labels }: ExampleBatch): readonly [loss: Tensor, accuracy: Tensor] => {
  const y = logits.apply(params.logits, features.apply(params.features, x))
  return [softmaxCrossEntropy(y, labels), accuracy(y, labels)]
}

const oneInit = jit(init)
const manyInits = jit((rates: Tensor, key: Key): State => vmap((_: Tensor) => init(key))(rates))
const oneStep = jit(step, { donate: [0] })
const manySteps = jit((state: State, hyper: Hyper, batch: ExampleBatch) => vmap(step, { inAxes: [0, 0, null] })(state, hyper, batch), {
  donate: [0],
})
const oneScore = jit(score)
const manyScores = jit((params: Params, batch: ExampleBatch) => vmap(score, { inAxes: [0, null] })(params, batch))

/** What one run or several at once need. */
export interface Runs {
  readonly init: (key: Key) => State
  readonly step: (state: State, batch: ExampleBatch) => readonly [next: State, loss: Tensor]
  /** Of each run. */
  readonly score: (state: State, examples: Examples) => { readonly losses: readonly number[]; readonly accuracies: readonly number[] }
}

/** A run with these scalars. */
export const single = (hyper: Hyper): Runs => ({
  init: oneInit,
  step: (state, batch) => oneStep(state, hyper, batch),
  score: (state, examples) => scored(batch => oneScore(state.params, batch), examples),
})

/** Runs with these vectors, all at once, from the same parameters and on the same batches. */
export const several = (hyper: Hyper): Runs => {
  const runs = hyper.rate.shape[0] as number
  return {
    init: key => manyInits(hyper.rate, key),
    step: (state, batch) => {
      const [next, losses] = manySteps(state, hyper, batch)
      return [next, mean(losses)]
    },
    score: (state, examples) => scored(batch => manyScores(state.params, batch), examples, runs),
  }
}

/** Divides the sets of digits, so that all batches have one shape. */
const SCORE_BATCH = 250

/** Means over all examples. */
function scored(f: (batch: ExampleBatch) => readonly [Tensor, Tensor], examples: Examples, runs: number = 1): ReturnType<Runs['score']> {
  const losses = new Array<number>(runs).fill(0),
    accuracies = new Array<number>(runs).fill(0)
  for (const batch of batches(examples, SCORE_BATCH)) {
    const share = batch.labels.size / examples.rows.length
    const add = (sums: number[], t: Tensor): void =>
      t.dataSync().forEach((v: number, i: number) => (sums[i] = (sums[i] as number) + v * share))
    const [l, a] = f(batch)
    add(losses, l)
    add(accuracies, a)
  }
  return { losses, accuracies }
}
