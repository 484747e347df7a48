/** Gradient descent, plain and with momentum. */
import { type Tensor, type TensorLike, add, multiply, negative, tree } from '@cotangent/core'
import { noUpdates, zerosOf } from './moments.ts'
import { type LearningRate, against } from './rate.ts'
import type { Fixed, GradientTransformation, StateOf } from './transformation.ts'

export interface SgdState {
  /** Updates so far: int32, `[]`. */
  readonly count: Tensor
}

/** `updates = -rate * grads`. After another transformation it makes an optimiser of it (optax: `scale_by_learning_rate`). */
export function sgd(rate: LearningRate): GradientTransformation<Fixed<SgdState>> {
  return {
    init: () => ({ count: noUpdates() }),
    update: (grads, state) => [tree.map(against(rate, state.count), grads), { count: state.count.add(1) }],
  }
}
/** `updates = schedule(step) * grads`. */
export function scaleBySchedule(schedule: (step: Tensor) => TensorLike): GradientTransformation<Fixed<SgdState>> {
  return sgd(step => negative(schedule(step)))
}

export interface MomentumState<P> {
  readonly count: Tensor
  /** Decaying sum of gradients, like the parameters. */
  readonly velocity: P
}
export interface Momentum extends StateOf {
  readonly S: MomentumState<this['P']>
}
export interface MomentumOptions {
  /** Default 0.9. */
  readonly decay?: number
  /** Look ahead by one step (Sutskever et al. 2013, as PyTorch writes it). Default false. */
  readonly nesterov?: boolean
}

/** `velocity = decay * velocity + grads; updates = -rate * velocity`. PyTorch: `SGD(momentum=decay)`. */
export function momentum(rate: LearningRate, options: MomentumOptions = {}): GradientTransformation<Momentum> {
  const { decay = 0.9, nesterov = false } = options
  return {
    init: params => ({ count: noUpdates(), velocity: zerosOf(params) }),
    update: (grads, state) => {
      const step = (v: Tensor, g: Tensor): Tensor => add(multiply(v, decay), g)
      const velocity = tree.map(step, state.velocity, grads)
      const direction = nesterov ? tree.map(step, velocity, grads) : velocity
      return [tree.map(against(rate, state.count), direction), { count: state.count.add(1), velocity }]
    },
  }
}
/** `updates = velocity`: momentum for a chain. */
export const trace = (options: MomentumOptions = {}): GradientTransformation<Momentum> => momentum(-1, options)
