/** Adam (Kingma and Ba 2015, https://arxiv.org/abs/1412.6980, algorithm 1). */
import { type Tensor, add, array, divide, expm1, multiply, sqrt, tree, zerosLike } from '@cotangent/core'
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

/**
 * `updates = -rate * (mu / (1 - b1^t)) / (sqrt(nu / (1 - b2^t)) + eps)`.
 * @example
 * const optimizer = adam(1e-3)
 * const state = optimizer.init(params)
 * const [updates, next] = optimizer.update(grads, state, params)
 */
export function adam(rate: LearningRate = 1e-3, options: AdamOptions = {}): GradientTransformation<Adam> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8 } = options
  return {
    init: params => ({ count: array(0, { dtype: 'int32' }), mu: tree.map(zerosLike, params), nu: tree.map(zerosLike, params) }),
    update: <P>(grads: P, state: AdamState<P>) => {
      const r = rateAt(rate, state.count)
      const count = state.count.add(1),
        t = count.astype('float32')
      const mu = tree.map((m: Tensor, g: Tensor) => add(multiply(m, b1), multiply(g, 1 - b1)), state.mu, grads as NoInfer<P>)
      const nu = tree.map((v: Tensor, g: Tensor) => add(multiply(v, b2), multiply(multiply(g, g), 1 - b2)), state.nu, grads as NoInfer<P>)
      // The corrections are scalars: one division of them saves one for each parameter.
      const step = divide(r, powerLess1(b1, t)),
        correction = divide(-1, powerLess1(b2, t))
      const update = (m: Tensor, v: Tensor): Tensor => divide(multiply(m, step), add(sqrt(multiply(v, correction)), eps))
      return [tree.map(update, mu, nu as NoInfer<P>), { count, mu, nu }]
    },
  }
}

/** `b^t - 1` without the rounding of b to float32, which would be a relative error of 1e-5 for b = 0.999 and t = 1. */
const powerLess1 = (b: number, t: Tensor): Tensor => expm1(multiply(t, Math.log(b)))
