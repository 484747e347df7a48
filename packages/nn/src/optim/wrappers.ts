/** Optimisers around optimisers: skip, accumulate, look ahead. */
import {
  type Tensor,
  add,
  all,
  array,
  cond,
  copy,
  divide,
  equal,
  isfinite,
  logicalAnd,
  logicalOr,
  multiply,
  remainder,
  subtract,
  tree,
  where,
  zerosLike,
} from '@cotangent/core'
import { checkCount } from '../layer.ts'
import { noUpdates, zerosOf } from './moments.ts'
import { type ExtraArguments, type GradientTransformation, type StateFor, type StateOf, applyUpdates } from './transformation.ts'

export interface ApplyIfFiniteState<S> {
  readonly inner: S
  /** Updates in a row that were not finite, and all of them: int32, `[]`. */
  readonly inARow: Tensor
  readonly total: Tensor
}
export interface ApplyIfFinite<F extends StateOf> extends StateOf {
  readonly S: ApplyIfFiniteState<StateFor<F, this['P']>>
}
/** Gradients with an infinity or NaN change nothing, unless more than `maxInARow` came one after the other. optax: `apply_if_finite`. */
export function applyIfFinite<F extends StateOf>(
  inner: GradientTransformation<F>,
  maxInARow = 5,
): GradientTransformation<ApplyIfFinite<F>> {
  return {
    init: params => ({ inner: inner.init(params), inARow: noUpdates(), total: noUpdates() }),
    update: <P>(grads: P, state: ApplyIfFiniteState<StateFor<F, P>>, params: P, extra?: ExtraArguments<P>) => {
      const finite = tree.reduce((so: Tensor, g) => logicalAnd(so, all(isfinite(g))), grads, array(true))
      const inARow = where(finite, 0, state.inARow.add(1)).astype('int32')
      const [updates, next] = cond(
        logicalOr(finite, inARow.greater(maxInARow)),
        () => {
          const [applied, after] = inner.update(grads, state.inner, params, extra)
          // Of 16 bits some optimisers give float32.
          return [tree.map((u: Tensor, g: Tensor) => u.astype(g.dtype), applied, grads as NoInfer<P>), after] as const
        },
        () => [tree.map(zerosLike, grads), state.inner] as const,
      )
      return [updates, { inner: next, inARow, total: state.total.add(where(finite, 0, 1)).astype('int32') }]
    },
  }
}

export interface AccumulateState<P, S> {
  readonly inner: S
  /** Gradients since the last update: int32, `[]`. */
  readonly steps: Tensor
  /** Their mean. */
  readonly mean: P
}
export interface Accumulate<F extends StateOf> extends StateOf {
  readonly S: AccumulateState<this['P'], StateFor<F, this['P']>>
}
/** One update for the mean of `every` gradients, none in between: as a batch so many times as large. optax: `MultiSteps`. */
export function accumulate<F extends StateOf>(inner: GradientTransformation<F>, every: number): GradientTransformation<Accumulate<F>> {
  checkCount('accumulate', 'every', every)
  return {
    init: params => ({ inner: inner.init(params), steps: noUpdates(), mean: zerosOf(params) }),
    update: <P>(grads: P, state: AccumulateState<P, StateFor<F, P>>, params: P, extra?: ExtraArguments<P>) => {
      const steps = state.steps.add(1)
      const mean = tree.map(
        (m: Tensor, g: Tensor) => add(m, divide(subtract(g, m), steps.astype(m.dtype))),
        state.mean,
        grads as NoInfer<P>,
      )
      const [updates, next, rest] = cond(
        equal(steps, every),
        () => [...inner.update(mean, state.inner, params, extra), zerosOf(mean)] as const,
        () => [zerosOf(mean), state.inner, mean] as const,
      )
      return [updates, { inner: next, steps: remainder(steps, every), mean: rest }]
    },
  }
}

export interface LookaheadState<P, S> {
  readonly inner: S
  /** Updates since the last synchronisation: int32, `[]`. */
  readonly steps: Tensor
  /** The slow parameters. */
  readonly slow: P
}
export interface Lookahead<F extends StateOf> extends StateOf {
  readonly S: LookaheadState<this['P'], StateFor<F, this['P']>>
}
export interface LookaheadOptions {
  /** Default 6 (optax: `sync_period`). */
  readonly every?: number
  /** How far the slow parameters go. Default 0.5. */
  readonly slowStep?: number
}
/** Every so many updates slow parameters go a part of the way to the fast ones, which go on from there. Zhang et al. 2019, https://arxiv.org/abs/1907.08610. The parameters are the fast ones; the slow ones are in the state. */
export function lookahead<F extends StateOf>(
  inner: GradientTransformation<F>,
  options: LookaheadOptions = {},
): GradientTransformation<Lookahead<F>> {
  const { every = 6, slowStep = 0.5 } = options
  checkCount('lookahead', 'every', every)
  return {
    // A copy: who donates the parameters and the state may not give one buffer twice.
    init: params => ({ inner: inner.init(params), steps: noUpdates(), slow: tree.map(copy, params) }),
    update: <P>(grads: P, state: LookaheadState<P, StateFor<F, P>>, params: P, extra?: ExtraArguments<P>) => {
      const [updates, next] = inner.update(grads, state.inner, params, extra)
      const steps = remainder(state.steps.add(1), every),
        sync = equal(steps, 0)
      const fast = applyUpdates(params, updates)
      const met = tree.map((s: Tensor, f: Tensor) => add(s, multiply(subtract(f, s), slowStep)), state.slow, fast as NoInfer<P>)
      const slow = tree.map((m: Tensor, s: Tensor) => where(sync, m, s), met, state.slow as NoInfer<P>)
      const back = tree.map((m: Tensor, p: Tensor) => subtract(m, p), met, params as NoInfer<P>)
      return [tree.map((b: Tensor, u: Tensor) => where(sync, b, u), back, updates as NoInfer<P>), { inner: next, steps, slow }]
    },
  }
}
