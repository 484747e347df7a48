/** The usual step of training: the gradient of a loss on a batch, and an optimiser's update. */
import {
  type Jitted,
  type Key,
  type Tensor,
  type TreeOf,
  add,
  arange,
  array,
  divide,
  jit,
  mean,
  random,
  reshape,
  scan,
  tree,
  valueAndGrad,
  zerosLike,
} from '@cotangent/core'
import { fail } from '@cotangent/core/extend'
import { type GradientTransformation, type StateFor, type StateOf, applyUpdates } from '../optim/transformation.ts'
import type { Metrics, Stepped } from './events.ts'

/** All that training changes, as one tree: what a checkpoint holds. */
export interface TrainState<P, S, O> {
  readonly params: P
  /** Of the layers: batch statistics; null for none. */
  readonly state: S
  readonly optimizer: O
  /** Steps draw from it and their number; it stays the same. */
  readonly key: Key
  /** Steps so far: int32, `[]`. */
  readonly step: Tensor
}

export interface Loss<S> {
  /** `[]` */
  readonly loss: Tensor
  /** The next state of the layers. */
  readonly state: S
  /** Scalars to report besides the loss. */
  readonly metrics?: Metrics
}
/** What is made small: pure, with all randomness from the key. */
export type LossFunction<P, S, B> = (params: P, state: S, batch: B, key: Key) => Loss<S>

export interface TrainStepOptions {
  /** Cut each batch into so many equal parts and take the mean of their gradients: the memory of a small batch for the step of a large one. Default 1. */
  readonly accumulate?: number
  /** The step uses the old state's memory for the new one. Default true: keep only what the last step gave. */
  readonly donate?: boolean
}
export type TrainStep<T, B> = Jitted<(state: T, batch: B) => Stepped<T, Metrics>>

/** The state before the first step. */
export const initTrainState = <P, S, F extends StateOf>(
  optimizer: GradientTransformation<F>,
  params: P,
  state: S,
  key: Key,
): TrainState<P, S, StateFor<F, P>> => ({ params, state, optimizer: optimizer.init(params), key, step: array(0, { dtype: 'int32' }) })

/**
 * A compiled step for `fit`: `(state, batch) => [state, { loss, ...metrics }]`.
 * @example
 * const step = trainStep((params, state, { x, y }: Pair) => ({ loss: meanSquaredError(model.apply(params, x), y), state }), adam(1e-3))
 * await fit(step, initTrainState(adam(1e-3), params, null, key), batches)
 */
export function trainStep<P extends TreeOf<P>, S, B, F extends StateOf>(
  loss: LossFunction<P, S, B>,
  optimizer: GradientTransformation<F>,
  { accumulate = 1, donate = true }: TrainStepOptions = {},
): TrainStep<TrainState<P, S, StateFor<F, P>>, B> {
  if (!Number.isInteger(accumulate) || accumulate < 1)
    fail('ValueError', `trainStep: accumulate must be a positive integer, got ${accumulate}.`)
  const gradient = gradientOf(loss),
    differentiate = accumulate === 1 ? gradient : accumulated(gradient, accumulate)
  type State = TrainState<P, S, StateFor<F, P>>
  const step = (s: State, batch: B): Stepped<State, Metrics> => {
    const { metrics, state, grads } = differentiate(s.params, s.state, batch, random.foldIn(s.key, s.step))
    const [updates, next] = optimizer.update(grads, s.optimizer, s.params)
    return [{ params: applyUpdates(s.params, updates), state, optimizer: next, key: s.key, step: s.step.add(1) }, metrics]
  }
  return jit(step, donate ? { donate: [0] } : {})
}

interface Differentiated<P, S> {
  readonly metrics: Metrics
  readonly state: S
  readonly grads: P
}
type Gradient<P, S, B> = (params: P, state: S, batch: B, key: Key) => Differentiated<P, S>

function gradientOf<P extends TreeOf<P>, S, B>(f: LossFunction<P, S, B>): Gradient<P, S, B> {
  const withAux = (params: P, s: S, batch: B, key: Key): readonly [loss: Tensor, aux: Omit<Differentiated<P, S>, 'grads'>] => {
    const { loss, state, metrics = {} } = f(params, s, batch, key)
    return [loss, { state, metrics: { loss, ...metrics } }]
  }
  return (params, s, batch, key) => {
    const [[, aux], grads] = valueAndGrad(withAux, { hasAux: true })(params, s, batch, key)
    return { ...aux, grads: grads as P }
  }
}

/** One after another over the parts of a batch, each with a key of its own. Means of means: the parts are of one size. */
const accumulated =
  <P, S, B>(gradient: Gradient<P, S, B>, count: number): Gradient<P, S, B> =>
  (params, s, batch, key) => {
    const [[state, total], metrics] = scan(
      ([before, sum], [i, part]) => {
        const { state: after, grads, metrics: m } = gradient(params, before, part, random.foldIn(key, i))
        return [[after, tree.map(add, sum, grads as NoInfer<P>)] as const, m]
      },
      [s, tree.map(zerosLike, params)] as const,
      [arange(0, count, { dtype: 'int32' }), tree.map(t => cut(t, count), batch)] as const,
    )
    return { state, grads: tree.map(g => divide(g, count), total), metrics: tree.map(m => mean(m, { axis: 0 }), metrics) }
  }

/** `[n, ...]` as `[count, n / count, ...]`. */
function cut(t: Tensor, count: number): Tensor {
  const [n = 1, ...rest] = t.shape
  if (n % count !== 0)
    fail('ShapeError', `trainStep: a batch of ${n} examples has no ${count} equal parts. Choose another size, and dropLast.`)
  return reshape(t, [count, n / count, ...rest])
}
