/** Gradients divided by the root of their squares: Adagrad, Adadelta, RMSprop. */
import { type Tensor, add, divide, multiply, sqrt, square, subtract, tree } from '@cotangent/core'
import { average, averageSquares, noUpdates, zerosOf } from './moments.ts'
import { type LearningRate, against } from './rate.ts'
import type { GradientTransformation, StateOf } from './transformation.ts'

export interface AdagradState<P> {
  readonly count: Tensor
  /** Sum of the squares of the gradients. */
  readonly squares: P
}
export interface Adagrad extends StateOf {
  readonly S: AdagradState<this['P']>
}
export interface AdagradOptions {
  /** Where the sums begin. Default 0.1 (optax, Keras; PyTorch 0). */
  readonly initialAccumulator?: number
  /** Added to the root. Default 1e-7 (PyTorch 1e-10; optax adds it inside of the root). */
  readonly eps?: number
}
/** `updates = -rate * g / (sqrt(sum of g^2) + eps)`. Duchi et al. 2011. */
export function adagrad(
  rate: LearningRate,
  { initialAccumulator = 0.1, eps = 1e-7 }: AdagradOptions = {},
): GradientTransformation<Adagrad> {
  return {
    init: params => ({ count: noUpdates(), squares: tree.map(z => z.add(initialAccumulator), zerosOf(params)) }),
    update: (grads, state) => {
      const squares = tree.map((s: Tensor, g: Tensor) => add(s, square(g)), state.squares, grads)
      const direction = tree.map((g: Tensor, s: Tensor) => divide(g, add(sqrt(s), eps)), grads, squares)
      return [tree.map(against(rate, state.count), direction), { count: state.count.add(1), squares }]
    },
  }
}

export interface AdadeltaState<P> {
  readonly count: Tensor
  /** Decaying means of the squares of gradients and of updates. */
  readonly squares: P
  readonly updates: P
}
export interface Adadelta extends StateOf {
  readonly S: AdadeltaState<this['P']>
}
export interface AdadeltaOptions {
  /** Decay of the means. Default 0.9. */
  readonly rho?: number
  /** Default 1e-6. */
  readonly eps?: number
}
/** `updates = -rate * g * rms(updates before) / rms(g)`. Zeiler 2012, https://arxiv.org/abs/1212.5701. */
export function adadelta(rate: LearningRate = 1, { rho = 0.9, eps = 1e-6 }: AdadeltaOptions = {}): GradientTransformation<Adadelta> {
  const root = (x: Tensor): Tensor => sqrt(add(x, eps))
  return {
    init: params => ({ count: noUpdates(), squares: zerosOf(params), updates: zerosOf(params) }),
    update: <P>(grads: P, state: AdadeltaState<P>) => {
      const squares = averageSquares(rho, state.squares, grads)
      const scale = tree.map((s: Tensor, u: Tensor) => divide(root(u), root(s)), squares, state.updates as NoInfer<P>)
      const direction = tree.map((g: Tensor, k: Tensor) => multiply(g, k), grads, scale as NoInfer<P>)
      const updates = averageSquares(rho, state.updates, direction)
      return [tree.map(against(rate, state.count), direction), { count: state.count.add(1), squares, updates }]
    },
  }
}

export interface RmspropState<P> {
  readonly count: Tensor
  /** Decaying mean of the squares of the gradients. */
  readonly nu: P
  /** Decaying mean of the gradients where `centered`. */
  readonly mean: P | null
  /** Where there is `momentum`. */
  readonly velocity: P | null
}
export interface Rmsprop extends StateOf {
  readonly S: RmspropState<this['P']>
}
export interface RmspropOptions {
  /** Decay of the means. Default 0.9 (optax, Keras; PyTorch 0.99). */
  readonly decay?: number
  /** Added to the root. Default 1e-8 (PyTorch; Keras 1e-7; optax adds it inside of the root). */
  readonly eps?: number
  /** Divides by the standard deviation (Graves 2013). Default false. */
  readonly centered?: boolean
  /** Default 0. */
  readonly momentum?: number
}
/** `updates = -rate * g / (sqrt(mean of g^2) + eps)`. Tieleman and Hinton 2012. */
export function rmsprop(rate: LearningRate, options: RmspropOptions = {}): GradientTransformation<Rmsprop> {
  const { decay = 0.9, eps = 1e-8, centered = false, momentum = 0 } = options
  return {
    init: <P>(params: P) => ({
      count: noUpdates(),
      nu: zerosOf(params),
      mean: centered ? zerosOf(params) : null,
      velocity: momentum === 0 ? null : zerosOf(params),
    }),
    update: <P>(grads: P, state: RmspropState<P>) => {
      const nu = averageSquares(decay, state.nu, grads),
        mean = state.mean === null ? null : average(decay, state.mean, grads)
      const spread = mean === null ? nu : tree.map((v: Tensor, m: Tensor) => subtract(v, square(m)), nu, mean as NoInfer<P>)
      const direction = tree.map((g: Tensor, v: Tensor) => divide(g, add(sqrt(v), eps)), grads, spread as NoInfer<P>)
      const velocity =
        state.velocity === null
          ? null
          : tree.map((v: Tensor, d: Tensor) => add(multiply(v, momentum), d), state.velocity as P, direction as NoInfer<P>)
      return [tree.map(against(rate, state.count), velocity ?? direction), { count: state.count.add(1), nu, mean, velocity }]
    },
  }
}
