/** Rates that change while training, in the state. */
import { type Tensor, type TensorLike, array, equal, greater, less, maximum, multiply, tree, where } from '@cotangent/core'
import { fail } from '@cotangent/core/extend'
import { noUpdates } from './moments.ts'
import { type LearningRate, rateAt } from './rate.ts'
import type { ExtraArguments, Fixed, GradientTransformation, StateFor, StateOf } from './transformation.ts'

export interface InjectedState<H, S> {
  readonly count: Tensor
  /** The hyperparameters of the next update; replace them to change a constant. */
  readonly hyperparams: { readonly [K in keyof H]: Tensor }
  readonly inner: S
}
export interface Injected<H, F extends StateOf> extends StateOf {
  readonly S: InjectedState<H, StateFor<F, this['P']>>
}
/**
 * An optimiser whose hyperparameters are in the state, so that a compiled step takes other ones without a new trace, and printouts see them. Schedules
 * are evaluated at each step. optax: `inject_hyperparams`.
 * @example
 * const optimizer = injectHyperparams({ rate: 1e-3, weightDecay: 1e-4 }, h => adamw(h.rate, { weightDecay: h.weightDecay }))
 * const slower = { ...state, hyperparams: { ...state.hyperparams, rate: scalar(1e-4) } }
 */
export function injectHyperparams<H extends Readonly<Record<string, LearningRate>>, F extends StateOf>(
  hyperparams: H,
  make: (hyperparams: { readonly [K in keyof H]: Tensor }) => GradientTransformation<F>,
): GradientTransformation<Injected<H, F>> {
  type Values = { readonly [K in keyof H]: Tensor }
  const names: readonly (keyof H & string)[] = Object.keys(hyperparams)
  const tensor = (x: TensorLike): Tensor => multiply(array(1), x)
  const at = (step: Tensor, current: Values | null): Values =>
    Object.fromEntries(
      names.map(name => {
        const h = hyperparams[name] as LearningRate
        return [name, typeof h === 'function' || current === null ? tensor(rateAt(h, step)) : current[name]]
      }),
    ) as Values
  return {
    init: params => {
      const count = noUpdates(),
        start = at(count, null)
      return { count, hyperparams: start, inner: make(start).init(params) }
    },
    update: <P>(grads: P, state: InjectedState<H, StateFor<F, P>>, params: P, extra?: ExtraArguments<P>) => {
      const [updates, inner] = make(state.hyperparams).update(grads, state.inner, params, extra)
      const count = state.count.add(1)
      return [updates, { count, hyperparams: at(count, state.hyperparams), inner }]
    },
  }
}

export interface PlateauState {
  /** Factor of the updates. */
  readonly scale: Tensor
  /** The lowest mean loss so far. */
  readonly best: Tensor
  /** Means without improvement, and how many more are passed over: int32. */
  readonly waiting: Tensor
  readonly cooling: Tensor
  /** Losses in the mean that is being taken, and their mean. */
  readonly steps: Tensor
  readonly mean: Tensor
}
export interface PlateauOptions {
  /** What the scale is multiplied with. Default 0.1. */
  readonly factor?: number
  /** So many means without improvement lower the scale. Default 10. */
  readonly patience?: number
  /** An improvement is below `(1 - rtol) best - atol`. Default 1e-4 and 0. */
  readonly rtol?: number
  readonly atol?: number
  /** Means that do not count after a change. Default 0. */
  readonly cooldown?: number
  /** Losses in a mean: steps of an epoch, say. Default 1. */
  readonly accumulationSize?: number
  /** Default 0. */
  readonly minScale?: number
}
/**
 * Lowers the updates when the loss stops falling: `update(grads, state, params, { value: loss })`. Last in a chain. optax: `reduce_on_plateau`; PyTorch's
 * `ReduceLROnPlateau` waits one more.
 */
export function reduceOnPlateau(options: PlateauOptions = {}): GradientTransformation<Fixed<PlateauState>> {
  const { accumulationSize = 1 } = options
  return {
    init: () => ({
      scale: array(1),
      best: array(Infinity),
      waiting: noUpdates(),
      cooling: noUpdates(),
      steps: noUpdates(),
      mean: array(0),
    }),
    update: <P>(updates: P, state: PlateauState, _: P, extra: ExtraArguments<P> = {}) => {
      if (extra.value === undefined)
        fail('ValueError', 'reduceOnPlateau: needs the loss. Write update(grads, state, params, { value: loss }).')
      const steps = state.steps.add(1),
        mean = state.mean.add(extra.value.sub(state.mean).div(steps))
      const next = tree.map(
        (full: Tensor, part: Tensor) => where(equal(steps, accumulationSize), full, part).astype(full.dtype),
        judged(state, mean, options),
        { ...state, steps, mean },
      )
      return [tree.map(u => multiply(u, next.scale.astype(u.dtype)), updates), next]
    },
  }
}

/** The state after a whole mean. */
function judged(state: PlateauState, mean: Tensor, options: PlateauOptions): PlateauState {
  const { factor = 0.1, patience = 10, rtol = 1e-4, atol = 0, cooldown = 0, minScale = 0 } = options
  const improved = less(mean, multiply(state.best, 1 - rtol).sub(atol)),
    waiting = where(improved, 0, state.waiting.add(1)),
    cool = greater(state.cooling, 0),
    lower = equal(waiting, patience)
  return {
    scale: where(cool, state.scale, maximum(where(lower, state.scale.mul(factor), state.scale), minScale)),
    best: where(improved, mean, state.best),
    waiting: where(cool, 0, where(lower, 0, waiting)).astype('int32'),
    cooling: where(cool, state.cooling.sub(1), where(lower, cooldown, 0)).astype('int32'),
    steps: noUpdates(),
    mean: array(0),
  }
}
