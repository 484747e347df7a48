/** Adam with another first moment or another norm: NAdam, RAdam, Adamax. */
import { type Tensor, abs, add, array, divide, exp, greater, maximum, multiply, sqrt, square, subtract, tree, where } from '@cotangent/core'
import type { Adam, AdamOptions, AdamState } from './adam.ts'
import { average, averageSquares, mixed, noUpdates, powerLess1, zerosOf } from './moments.ts'
import { type LearningRate, rateAt } from './rate.ts'
import type { GradientTransformation, StateOf } from './transformation.ts'

export interface NadamState<P> extends AdamState<P> {
  /** Product of the momenta so far: `[]`. */
  readonly product: Tensor
}
export interface Nadam extends StateOf {
  readonly S: NadamState<this['P']>
}
export interface NadamOptions extends AdamOptions {
  /** How fast the momentum rises to `b1`. Default 4e-3. */
  readonly momentumDecay?: number
}

/** Adam with Nesterov's momentum, which rises from `b1 / 2`. Dozat 2016, as PyTorch's `NAdam`; optax' `nadam` has no such rise. */
export function nadam(rate: LearningRate = 2e-3, options: NadamOptions = {}): GradientTransformation<Nadam> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8, momentumDecay = 4e-3 } = options
  const momentumAt = (t: Tensor): Tensor =>
    multiply(subtract(1, multiply(exp(multiply(t.astype('float32'), momentumDecay * Math.log(0.96))), 0.5)), b1)
  return {
    init: params => ({ count: noUpdates(), mu: zerosOf(params), nu: zerosOf(params), product: array(1) }),
    update: <P>(grads: P, state: NadamState<P>) => {
      const r = rateAt(rate, state.count),
        count = state.count.add(1),
        now = momentumAt(count),
        next = momentumAt(count.add(1)),
        product = state.product.mul(now)
      const mu = average(b1, state.mu, grads),
        nu = averageSquares(b2, state.nu, grads),
        correction = divide(-1, powerLess1(b2, count))
      const ofGradient = divide(multiply(r, subtract(now, 1)), subtract(1, product)),
        ofMean = divide(multiply(r, next.neg()), subtract(1, product.mul(next)))
      const update = (g: Tensor, m: Tensor, v: Tensor): Tensor =>
        divide(add(multiply(g, ofGradient), multiply(m, ofMean)), add(sqrt(multiply(v, correction)), eps))
      return [
        tree.map(update as (...leaves: readonly Tensor[]) => Tensor, grads, mu as NoInfer<P>, nu as NoInfer<P>),
        { count, mu, nu, product },
      ]
    },
  }
}

/** Adam whose rate for each step follows the variance of its second moment; momentum alone while that is not known. Liu et al. 2020, https://arxiv.org/abs/1908.03265, as PyTorch's `RAdam`. */
export function radam(rate: LearningRate = 1e-3, options: AdamOptions = {}): GradientTransformation<Adam> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8 } = options,
    longest = 2 / (1 - b2) - 1
  return {
    init: params => ({ count: noUpdates(), mu: zerosOf(params), nu: zerosOf(params) }),
    update: <P>(grads: P, state: AdamState<P>) => {
      const r = rateAt(rate, state.count),
        count = state.count.add(1),
        t = count.astype('float32')
      const mu = average(b1, state.mu, grads),
        nu = averageSquares(b2, state.nu, grads)
      const less1 = powerLess1(b2, count)
      const length = add(multiply(divide(multiply(t, add(less1, 1)), less1), 2), longest)
      const known = greater(length, 5),
        // Below 5 the root has no value.
        n = where(known, length, 6)
      const rectified = sqrt(divide(multiply(multiply(n.sub(4), n.sub(2)), longest / ((longest - 4) * (longest - 2))), n))
      const scale = multiply(rectified, sqrt(less1.neg())),
        step = divide(r, powerLess1(b1, count))
      const update = (m: Tensor, v: Tensor): Tensor => multiply(m.mul(step), where(known, divide(scale, add(sqrt(v), eps)), 1))
      return [tree.map(update, mu, nu as NoInfer<P>), { count, mu, nu }]
    },
  }
}

/** Adam with the largest of the decaying gradients in the place of the root of the second moment. Kingma and Ba 2015, algorithm 2. */
export function adamax(rate: LearningRate = 2e-3, options: AdamOptions = {}): GradientTransformation<Adam> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8 } = options
  return {
    init: params => ({ count: noUpdates(), mu: zerosOf(params), nu: zerosOf(params) }),
    update: <P>(grads: P, state: AdamState<P>) => {
      const count = state.count.add(1),
        step = divide(rateAt(rate, state.count), powerLess1(b1, count))
      const mu = average(b1, state.mu, grads),
        nu = tree.map((v: Tensor, g: Tensor) => maximum(multiply(v, b2), add(abs(g), eps)), state.nu, grads as NoInfer<P>)
      return [tree.map((m: Tensor, v: Tensor) => divide(multiply(m, step), v), mu, nu as NoInfer<P>), { count, mu, nu }]
    },
  }
}

/** Adam whose second moment is of the surprise `g - mu`. Zhuang et al. 2020, https://arxiv.org/abs/2010.07468. `eps` default 1e-16 (optax), added to the moment too. */
export function adabelief(rate: LearningRate = 1e-3, options: AdamOptions = {}): GradientTransformation<Adam> {
  const { b2 = 0.999, eps = 1e-16 } = options
  return second(rate, { b2, eps, ...options }, 0, (v, g, m) => add(mixed(b2, v, square(subtract(g, m))), eps))
}

/** Adam whose second moment moves by steps of the size of `g^2`. Zaheer et al. 2018. `eps` default 1e-3. Both moments start at 1e-6 (optax). */
export function yogi(rate: LearningRate = 1e-2, options: AdamOptions = {}): GradientTransformation<Adam> {
  const { b2 = 0.999, eps = 1e-3 } = options
  return second(rate, { b2, eps, ...options }, 1e-6, (v, g) => {
    const s = square(g)
    return v.sub(multiply(where(greater(v, s), s, where(greater(s, v), s.neg(), 0)), 1 - b2))
  })
}

/** Adam with another rule for the second moment. */
function second(
  rate: LearningRate,
  { b1 = 0.9, b2 = 0.999, eps = 1e-8 }: AdamOptions,
  start: number,
  rule: (v: Tensor, g: Tensor, m: Tensor) => Tensor,
): GradientTransformation<Adam> {
  const started = <P>(params: P): P => tree.map((z: Tensor) => z.add(start), zerosOf(params))
  return {
    init: params => ({ count: noUpdates(), mu: started(params), nu: started(params) }),
    update: <P>(grads: P, state: AdamState<P>) => {
      const count = state.count.add(1),
        mu = average(b1, state.mu, grads)
      const nu = tree.map(rule as (...leaves: readonly Tensor[]) => Tensor, state.nu, grads as NoInfer<P>, mu as NoInfer<P>)
      const step = divide(rateAt(rate, state.count), powerLess1(b1, count)),
        correction = divide(-1, powerLess1(b2, count))
      return [
        tree.map((m: Tensor, v: Tensor) => divide(multiply(m, step), add(sqrt(multiply(v, correction)), eps)), mu, nu as NoInfer<P>),
        { count, mu, nu },
      ]
    },
  }
}
