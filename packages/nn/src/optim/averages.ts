/** Running means of updates or parameters, and noise. */
import { type Key, type Tensor, add, divide, multiply, power, random, sqrt, tree } from '@cotangent/core'
import { average, corrected, noUpdates, zerosOf } from './moments.ts'
import type { Fixed, GradientTransformation, StateOf } from './transformation.ts'

export interface EmaState<P> {
  readonly count: Tensor
  readonly mean: P
}
export interface Ema extends StateOf {
  readonly S: EmaState<this['P']>
}
/**
 * The decaying mean of what comes in, divided by `1 - decay^t` unless `debias` is false. In a chain of updates; or of parameters, to evaluate with:
 * `const [averaged, next] = ema(0.999).update(params, state, params)`.
 */
export function ema(decay: number, { debias = true }: { readonly debias?: boolean } = {}): GradientTransformation<Ema> {
  return {
    init: params => ({ count: noUpdates(), mean: zerosOf(params) }),
    update: (updates, state) => {
      const count = state.count.add(1),
        mean = average(decay, state.mean, updates)
      return [debias ? corrected(decay, count, mean) : mean, { count, mean }]
    },
  }
}

export interface AddNoiseState {
  readonly count: Tensor
  readonly key: Key
}
export interface NoiseOptions {
  /** Variance of the first step. */
  readonly eta: number
  /** How fast it falls: the variance is `eta / t^gamma`. Default 0.55 (the paper). */
  readonly gamma?: number
}
/** Normal noise on gradients. Neelakantan et al. 2015, https://arxiv.org/abs/1511.06807. */
export function addNoise(key: Key, { eta, gamma = 0.55 }: NoiseOptions): GradientTransformation<Fixed<AddNoiseState>> {
  return {
    init: () => ({ count: noUpdates(), key }),
    update: (updates, state) => {
      const count = state.count.add(1),
        spread = sqrt(divide(eta, power(count.astype('float32'), gamma))),
        own = random.foldIn(state.key, count)
      let i = 0
      const noisy = tree.map(
        u => add(u, multiply(random.normal(random.foldIn(own, i++), u.shape, { dtype: u.dtype }), spread.astype(u.dtype))),
        updates,
      )
      return [noisy, { count, key: state.key }]
    },
  }
}
