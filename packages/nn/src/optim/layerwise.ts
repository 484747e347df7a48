/** Steps measured by the norms of each tensor: LAMB, LARS, NovoGrad. */
import { type Tensor, add, array, divide, equal, logicalOr, multiply, sqrt, square, sum, tree, where } from '@cotangent/core'
import { type Adam, type AdamOptions, adam } from './adam.ts'
import { type DecayOptions, addDecayedWeights, descend } from './decay.ts'
import type { LeafFilter } from './leaves.ts'
import { mapPaths } from './leaves.ts'
import { mixed, noUpdates, norm, zerosOf } from './moments.ts'
import { type LearningRate, against } from './rate.ts'
import type { Momentum, MomentumState } from './sgd.ts'
import type { Fixed, GradientTransformation, StateOf } from './transformation.ts'

export interface TrustRatioOptions {
  /** Default 1. */
  readonly coefficient?: number
  /** Added to the norm of the update. Default 0. */
  readonly eps?: number
  /** Which parameters: usually not biases. Default all. */
  readonly trust?: LeafFilter
}
function trusted<P>(updates: P, params: P, { coefficient = 1, eps = 0, trust }: TrustRatioOptions): P {
  const scaled = (u: Tensor, p: Tensor): Tensor => {
    const ofParams = norm(p),
      ofUpdate = norm(u),
      none = logicalOr(equal(ofParams, 0), equal(ofUpdate, 0))
    return multiply(u, where(none, 1, divide(multiply(ofParams, coefficient), where(none, 1, add(ofUpdate, eps)))))
  }
  return mapPaths((path, u, p) => (trust === undefined || trust(path, p) ? scaled(u, p) : u), updates, params)
}
/** Each tensor's update times `coefficient |params| / |update|`; where one of them is 0, as it is. optax: `scale_by_trust_ratio`. */
export function scaleByTrustRatio(options: TrustRatioOptions = {}): GradientTransformation<Fixed<null>> {
  return { init: () => null, update: (updates, state, params) => [trusted(updates, params, options), state] }
}

export interface LambOptions extends AdamOptions, DecayOptions {}
/** Adam with a trust ratio for each tensor, for large batches. You et al. 2020, https://arxiv.org/abs/1904.00962. `eps` default 1e-6, `weightDecay` default 0 (optax). */
export function lamb(rate: LearningRate, options: LambOptions = {}): GradientTransformation<Adam> {
  const { weightDecay = 0, mask, ...moments } = options
  const direction = adam(-1, { eps: 1e-6, ...moments }),
    decay = addDecayedWeights(weightDecay, mask === undefined ? {} : { mask })
  return descend(rate, {
    init: params => direction.init(params),
    update: (grads, state, params) => {
      const [updates, next] = direction.update(grads, state, params)
      return [trusted(decay.update(updates, null, params)[0], params, {}), next]
    },
  })
}

export interface LarsOptions extends DecayOptions, TrustRatioOptions {
  /** Default 0.9. */
  readonly momentum?: number
  /** Default false. */
  readonly nesterov?: boolean
}
/** Momentum with a trust ratio for each tensor. You et al. 2017, https://arxiv.org/abs/1708.03888, as optax: the velocity is of updates. `coefficient` default 1e-3, `weightDecay` default 0. */
export function lars(rate: LearningRate, options: LarsOptions = {}): GradientTransformation<Momentum> {
  const { momentum = 0.9, nesterov = false, weightDecay = 0, mask } = options,
    decay = addDecayedWeights(weightDecay, mask === undefined ? {} : { mask })
  return {
    init: params => ({ count: noUpdates(), velocity: zerosOf(params) }),
    update: <P>(grads: P, state: MomentumState<P>, params: P) => {
      const direction = trusted(decay.update(grads, null, params)[0], params, { coefficient: 1e-3, ...options })
      const steps = tree.map(against(rate, state.count), direction)
      const step = (v: Tensor, u: Tensor): Tensor => add(multiply(v, momentum), u)
      const velocity = tree.map(step, state.velocity, steps as NoInfer<P>)
      return [nesterov ? tree.map(step, velocity, steps as NoInfer<P>) : velocity, { count: state.count.add(1), velocity }]
    },
  }
}

export interface NovogradState<P> {
  readonly count: Tensor
  readonly mu: P
  /** One number for each tensor: the decaying mean of the squared norm of its gradients. */
  readonly nu: P
}
export interface Novograd extends StateOf {
  readonly S: NovogradState<this['P']>
}
/** Adam's first moment of gradients that are divided by their norms, tensor by tensor. Ginsburg et al. 2019, https://arxiv.org/abs/1905.11286. Defaults: b2 0.25, eps 1e-6 (optax). */
export function novograd(rate: LearningRate, options: AdamOptions & DecayOptions = {}): GradientTransformation<Novograd> {
  const { b1 = 0.9, b2 = 0.25, eps = 1e-6, weightDecay = 0, mask } = options,
    decay = addDecayedWeights(weightDecay, mask === undefined ? {} : { mask })
  return descend(rate, {
    init: <P>(params: P) => ({
      count: noUpdates(),
      mu: zerosOf(params),
      nu: tree.map((p: Tensor) => array(0, { dtype: p.dtype }), params),
    }),
    update: <P>(grads: P, state: NovogradState<P>, params: P) => {
      const first = equal(state.count, 0)
      const nu = tree.map(
        (v: Tensor, g: Tensor) => {
          const s = sum(square(g))
          return where(first, s, mixed(b2, v, s))
        },
        state.nu,
        grads as NoInfer<P>,
      )
      const scaled = tree.map((g: Tensor, v: Tensor) => divide(g, add(sqrt(v), eps)), grads, nu as NoInfer<P>)
      const mu = tree.map((m: Tensor, u: Tensor) => add(multiply(m, b1), u), state.mu, decay.update(scaled, null, params)[0] as NoInfer<P>)
      return [mu, { count: state.count.add(1), mu, nu }]
    },
  })
}
