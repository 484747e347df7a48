/** Eight of the article's networks as one: what trains a single one, and all of them by vmap. */
import { type Tensor, jit, mean, random, tree, vmap } from '@cotangent/core'
import { type Metrics, type Stepped, adam } from '@cotangent/nn'
import { type ExampleBatch, classifier } from '../lib/classify.ts'
import { SIDE } from '../lib/digits.ts'
import { mlp } from '../mnist/models.ts'

export const MEMBERS = 8
export const model = mlp()
const optimizer = adam(1e-3)
const one = classifier(model, optimizer)

export type State = ReturnType<typeof one.init>
export const initOne = (key: random.Key): State => one.init(key, [SIDE, SIDE, 1])
/** One step of one member. */
export const stepOne: (state: State, batch: ExampleBatch) => Stepped<State, Metrics> = one.step

/** Members that begin differently: every leaf of the state has a first axis of members. */
export const initAll: (key: random.Key) => State = jit((key: random.Key): State => vmap(initOne)(random.splitBatch(key, MEMBERS)))
/** The same step, but it keeps the state that it is given: what is donated is for the outermost program to say. */
const kept = classifier(model, optimizer, { donate: false }).step
/** One step of all members on the same batch, and the mean of their metrics. */
export const stepAll: (state: State, batch: ExampleBatch) => Stepped<State, Metrics> = jit(
  (state: State, batch: ExampleBatch): Stepped<State, Metrics> => {
    const [next, metrics] = vmap((s: State, b: ExampleBatch) => kept(s, b), { inAxes: [0, null] })(state, batch)
    return [next, tree.map((m: Tensor) => mean(m), metrics)]
  },
  { donate: [0] },
)
