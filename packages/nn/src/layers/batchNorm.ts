/** Batch normalisation: statistics of the batch while training, running ones otherwise. Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167. */
import { type Tensor, mean, ones, resultType, sqrt, square, stopGradient, zeros } from '@cotangent/core'
import { fail } from '@cotangent/core/extend'
import { atLeastFloat32 } from '../checks.ts'
import { type Layer, checkWidth, stateful } from '../layer.ts'
import { type LayerNorm, type NormOptions, channelsOf } from './norm.ts'

/** Running statistics of each channel, `[c]`: state, not trained. */
export interface BatchStatistics {
  readonly mean: Tensor
  /** Of the population (divided by the count, as Keras and Flax; PyTorch keeps the unbiased one). */
  readonly variance: Tensor
}
export interface BatchNormOptions extends NormOptions {
  /** Share of the old statistics in the new ones. Default 0.99 (Keras, Flax; PyTorch's momentum 0.1 is 0.9 here). */
  readonly momentum?: number
}

/**
 * Mean 0 and variance 1 of each channel over the batch and the spatial axes, then a scale and a bias. `step` with `{ train: true }` moves the running
 * statistics; without it they are used and stay. Epsilon is 1e-5 by default (PyTorch, Flax; Keras 1e-3).
 * @example
 * const model = serial(conv2d(8, 3, { useBias: false }), batchNorm(), relu)
 * const { params, state } = model.init(random.key(0), [28, 28, 1])
 * const [y, next] = model.step(params, state, images, { train: true })
 */
export function batchNorm({ epsilon = 1e-5, momentum = 0.99 }: BatchNormOptions = {}): Layer<LayerNorm, BatchStatistics> {
  if (!(momentum >= 0 && momentum <= 1)) fail('ValueError', `batchNorm: momentum is a share in [0, 1], got ${momentum}.`)
  const normal = (x: Tensor, center: Tensor, variance: Tensor, p: LayerNorm): Tensor =>
    x
      .sub(center)
      .mul(p.scale.div(sqrt(variance.add(epsilon))))
      .add(p.bias)
  const moved = (old: Tensor, now: Tensor): Tensor =>
    old
      .mul(momentum)
      .add(stopGradient(now).mul(1 - momentum))
      .astype(old.dtype)
  return stateful<LayerNorm, BatchStatistics>(
    'batchNorm',
    (_key, input) => {
      const c = channelsOf('batchNorm', input)
      return { params: { scale: ones([c]), bias: zeros([c]) }, state: { mean: zeros([c]), variance: ones([c]) }, output: input }
    },
    (p, state, x, { train = false }) => {
      checkWidth('batchNorm', x, p.scale.shape[0])
      // The statistics may be wider than what is trained.
      if (!train) return [normal(x, state.mean, state.variance, p).astype(resultType(x, p.scale, p.bias)), state]
      const axis = x.shape.slice(0, -1).map((_size, k) => k)
      // Squares of float16 overflow.
      const wide = atLeastFloat32(x),
        center = mean(wide, { axis }),
        variance = mean(square(wide.sub(center)), { axis })
      const y = normal(wide, center, variance, p).astype(resultType(x, p.scale, p.bias))
      return [y, { mean: moved(state.mean, center), variance: moved(state.variance, variance) }]
    },
  )
}
