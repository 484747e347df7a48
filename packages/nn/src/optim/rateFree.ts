/** Optimisers that find their rate or do without a schedule: Prodigy and schedule-free ones. */
import {
  type Tensor,
  type TensorLike,
  abs,
  add,
  array,
  copy,
  divide,
  equal,
  exp,
  log,
  maximum,
  multiply,
  sqrt,
  square,
  subtract,
  tree,
  where,
} from '@cotangent/core'
import { ratio } from '../ratio.ts'
import { dot, noUpdates, powerLess1, sumOf, zerosOf } from './moments.ts'
import { type LearningRate, rateAt } from './rate.ts'
import type { ExtraArguments, GradientTransformation, StateFor, StateOf } from './transformation.ts'

export interface ProdigyState<P> {
  readonly count: Tensor
  readonly mu: P
  readonly nu: P
  /** Decaying sum of gradients. */
  readonly total: P
  /** The parameters at the beginning. */
  readonly start: P
  /** The estimated distance to the solution, which scales the steps, and its numerator: `[]`. */
  readonly distance: Tensor
  readonly numerator: Tensor
}
export interface Prodigy extends StateOf {
  readonly S: ProdigyState<this['P']>
}
export interface ProdigyOptions {
  /** Default 0.9. */
  readonly b1?: number
  /** Default 0.999. */
  readonly b2?: number
  /** Default 1e-8. */
  readonly eps?: number
  /** The first estimate of the distance. Default 1e-6. */
  readonly initialDistance?: number
  /** Factor of the estimates. Default 1. */
  readonly coefficient?: number
  readonly weightDecay?: TensorLike
}
/** Adam that estimates its rate: leave `rate` at 1, or a schedule from 1. Mishchenko and Defazio 2023, https://arxiv.org/abs/2306.06101. */
export function prodigy(rate: LearningRate = 1, options: ProdigyOptions = {}): GradientTransformation<Prodigy> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8, initialDistance = 1e-6, coefficient = 1, weightDecay = 0 } = options,
    b3 = Math.sqrt(b2)
  return {
    init: params => ({
      count: noUpdates(),
      mu: zerosOf(params),
      nu: zerosOf(params),
      total: zerosOf(params),
      start: tree.map(copy, params),
      distance: array(initialDistance),
      numerator: array(0),
    }),
    update: <P>(grads: P, state: ProdigyState<P>, params: P) => {
      const count = state.count.add(1),
        { distance } = state
      const correction = divide(sqrt(powerLess1(b2, count).neg()), powerLess1(b1, count).neg()),
        step = multiply(multiply(distance, rateAt(rate, state.count)), correction)
      const scaled = (decay: number, by: TensorLike, means: P, f: (g: Tensor) => Tensor): P =>
        tree.map((m: Tensor, g: Tensor) => add(multiply(m, decay), multiply(f(g), by)), means, grads as NoInfer<P>)
      const mu = scaled(b1, multiply(distance, 1 - b1), state.mu, g => g),
        nu = scaled(b2, multiply(square(distance), 1 - b2), state.nu, square),
        total = scaled(b3, multiply(step, distance).div(initialDistance), state.total, g => g)
      const way = tree.map((s: Tensor, p: Tensor) => subtract(s, p), state.start, params as NoInfer<P>),
        numerator = add(multiply(state.numerator, b3), multiply(multiply(divide(distance, initialDistance), step), dot(grads, way)))
      const next = maximum(distance, ratio(multiply(numerator, coefficient), sumOf(total, abs)))
      const update = (m: Tensor, v: Tensor, p: Tensor): Tensor =>
        multiply(add(divide(m, add(sqrt(v), multiply(next, eps))), multiply(p, weightDecay)), step.neg())
      return [
        tree.map(update as (...leaves: readonly Tensor[]) => Tensor, mu, nu as NoInfer<P>, params as NoInfer<P>),
        { count, mu, nu, total, start: state.start, distance: next, numerator },
      ]
    },
  }
}

export interface ScheduleFreeState<P, S> {
  readonly count: Tensor
  readonly inner: S
  /** The parameters that the inner optimiser moves. */
  readonly base: P
  /** Sum of the weights of the mean, and the largest rate so far: `[]`. */
  readonly weightSum: Tensor
  readonly maxRate: Tensor
}
export interface ScheduleFree<F extends StateOf> extends StateOf {
  readonly S: ScheduleFreeState<this['P'], StateFor<F, this['P']>>
}
export interface ScheduleFreeOptions {
  /** Share of the mean in the parameters. Default 0.9. */
  readonly b1?: number
  /** The weight of a step is the largest rate to this power. Default 2. */
  readonly weightPower?: number
}
/**
 * A mean of the iterates in the place of a schedule. Defazio et al. 2024, https://arxiv.org/abs/2405.15682. `inner` is `sgd(rate)` or Adam with `b1: 0`, of the
 * same rate. Gradients are taken at the parameters; evaluate at `scheduleFreeParams(state, params)`.
 */
export function scheduleFree<F extends StateOf>(
  inner: GradientTransformation<F>,
  rate: LearningRate,
  { b1 = 0.9, weightPower = 2 }: ScheduleFreeOptions = {},
): GradientTransformation<ScheduleFree<F>> {
  return {
    init: params => ({
      count: noUpdates(),
      inner: inner.init(params),
      base: tree.map(copy, params),
      weightSum: array(0),
      maxRate: array(0),
    }),
    update: <P>(grads: P, state: ScheduleFreeState<P, StateFor<F, P>>, params: P, extra?: ExtraArguments<P>) => {
      const [updates, next] = inner.update(grads, state.inner, params, extra)
      const maxRate = maximum(state.maxRate, rateAt(rate, state.count)),
        none = equal(maxRate, 0),
        weight = where(none, 0, exp(multiply(log(where(none, 1, maxRate)), weightPower))),
        weightSum = add(state.weightSum, weight),
        share = ratio(weight, weightSum)
      const base = tree.map((z: Tensor, u: Tensor) => add(z, u), state.base, updates as NoInfer<P>)
      const before = scheduleFreeParams(state, params, { b1 })
      const mean = tree.map((x: Tensor, z: Tensor) => add(x, multiply(subtract(z, x), share)), before, base as NoInfer<P>)
      const moved = tree.map((x: Tensor, z: Tensor) => add(multiply(x, b1), multiply(z, 1 - b1)), mean, base as NoInfer<P>)
      return [
        tree.map((y: Tensor, p: Tensor) => subtract(y, p), moved, params as NoInfer<P>),
        { count: state.count.add(1), inner: next, base, weightSum, maxRate },
      ]
    },
  }
}
/** The mean, to evaluate with: `(params - (1 - b1) base) / b1`. `b1` as in `scheduleFree`. */
export function scheduleFreeParams<P>(state: ScheduleFreeState<P, unknown>, params: P, { b1 = 0.9 }: ScheduleFreeOptions = {}): P {
  return tree.map((y: Tensor, z: Tensor) => divide(subtract(y, multiply(z, 1 - b1)), b1), params, state.base as NoInfer<P>)
}
