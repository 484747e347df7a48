/** Adam (Kingma and Ba 2015, https://arxiv.org/abs/1412.6980, algorithm 1), with decoupled decay, and with a maximum. */
import { type Tensor, add, divide, maximum, multiply, sqrt, tree } from '@cotangent/core'
import { type DecayOptions, descend } from './decay.ts'
import { average, averageSquares, noUpdates, powerLess1, zerosOf } from './moments.ts'
import { type LearningRate, rateAt } from './rate.ts'
import type { GradientTransformation, StateOf } from './transformation.ts'

export interface AdamState<P> {
  /** Updates so far: int32, `[]`. */
  readonly count: Tensor
  /** Decaying means of the gradients and of their squares, like the parameters. */
  readonly mu: P
  readonly nu: P
}
export interface Adam extends StateOf {
  readonly S: AdamState<this['P']>
}
export interface AdamOptions {
  /** Decay of the first moment. Default 0.9. */
  readonly b1?: number
  /** Decay of the second moment. Default 0.999. */
  readonly b2?: number
  /** Added to the root. Default 1e-8 (optax, PyTorch; Keras has 1e-7). */
  readonly eps?: number
}

/** `(mu / (1 - b1^t)) / (sqrt(nu / (1 - b2^t)) + eps)` times minus the rate. The corrections are scalars: one division of them saves one for each parameter. */
function step(rate: LearningRate, options: AdamOptions, before: Tensor, after: Tensor): (m: Tensor, v: Tensor) => Tensor {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8 } = options
  const first = divide(rateAt(rate, before), powerLess1(b1, after)),
    second = divide(-1, powerLess1(b2, after))
  return (m, v) => divide(multiply(m, first), add(sqrt(multiply(v, second)), eps))
}

/**
 * `updates = -rate * (mu / (1 - b1^t)) / (sqrt(nu / (1 - b2^t)) + eps)`. `adam(-1)` gives the direction alone (optax: `scale_by_adam`), as any
 * optimiser does.
 * @example
 * const optimizer = adam(1e-3)
 * const state = optimizer.init(params)
 * const [updates, next] = optimizer.update(grads, state, params)
 */
export function adam(rate: LearningRate = 1e-3, options: AdamOptions = {}): GradientTransformation<Adam> {
  const { b1 = 0.9, b2 = 0.999 } = options
  return {
    init: params => ({ count: noUpdates(), mu: zerosOf(params), nu: zerosOf(params) }),
    update: <P>(grads: P, state: AdamState<P>) => {
      const count = state.count.add(1),
        mu = average(b1, state.mu, grads),
        nu = averageSquares(b2, state.nu, grads)
      return [tree.map(step(rate, options, state.count, count), mu, nu as NoInfer<P>), { count, mu, nu }]
    },
  }
}

export interface AdamwOptions extends AdamOptions, DecayOptions {}
/** Adam with decoupled weight decay: `updates = adam's - rate weightDecay params`. Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101. `weightDecay` default 1e-4 (optax; PyTorch 1e-2). */
export function adamw(rate: LearningRate = 1e-3, options: AdamwOptions = {}): GradientTransformation<Adam> {
  return descend(rate, adam(-1, options), { weightDecay: 1e-4, ...options })
}

export interface AmsgradState<P> extends AdamState<P> {
  /** The largest `nu` so far. */
  readonly highest: P
}
export interface Amsgrad extends StateOf {
  readonly S: AmsgradState<this['P']>
}
/**
 * Adam with the largest second moment so far. Reddi et al. 2018, https://arxiv.org/abs/1904.09237. As PyTorch has it, the maximum is of moments before their
 * correction; optax takes it after.
 */
export function amsgrad(rate: LearningRate = 1e-3, options: AdamOptions = {}): GradientTransformation<Amsgrad> {
  const { b1 = 0.9, b2 = 0.999 } = options
  return {
    init: params => ({ count: noUpdates(), mu: zerosOf(params), nu: zerosOf(params), highest: zerosOf(params) }),
    update: <P>(grads: P, state: AmsgradState<P>) => {
      const count = state.count.add(1),
        mu = average(b1, state.mu, grads),
        nu = averageSquares(b2, state.nu, grads),
        highest = tree.map((a: Tensor, b: Tensor) => maximum(a, b), state.highest, nu as NoInfer<P>)
      return [tree.map(step(rate, options, state.count, count), mu, highest as NoInfer<P>), { count, mu, nu, highest }]
    },
  }
}
