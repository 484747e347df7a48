/** Normalisations of each example by itself; channels are last. */
import { type Shape, type Tensor, ones, zeros } from '@cotangent/core'
import { fail } from '@cotangent/core/extend'
import { normalize, rootMeanSquare } from '../activations/axis.ts'
import { atLeastFloat32, keepFloat } from '../checks.ts'
import { type Layer, checkWidth, shapeError, stateless } from '../layer.ts'

export interface Scale {
  /** Ones at first, `[c]`. */
  readonly scale: Tensor
}
export interface LayerNorm extends Scale {
  /** Zeros at first, `[c]`. */
  readonly bias: Tensor
}
export interface NormOptions {
  /** Added to the variance. Default 1e-5 (PyTorch; Keras 1e-3, Flax 1e-6). */
  readonly epsilon?: number
}

export function channelsOf(name: string, input: Shape): number {
  const c = input[input.length - 1]
  return c ?? shapeError(name, '[..., c]', input)
}
/** A layer that keeps the shape, with a scale and a bias for each channel. */
function affine(
  name: string,
  over: (x: Tensor) => Tensor,
  check: (channels: number, input: Shape) => void = () => undefined,
): Layer<LayerNorm> {
  return stateless<LayerNorm>(
    (_key, input) => {
      const c = channelsOf(name, input)
      check(c, input)
      return { params: { scale: ones([c]), bias: zeros([c]) }, output: input }
    },
    (p, x) => {
      checkWidth(name, x, p.scale.shape[0])
      return over(x).mul(p.scale).add(p.bias)
    },
    name,
  )
}

/** Mean 0 and variance 1 over the last axis. Ba et al. 2016, https://arxiv.org/abs/1607.06450. */
export function layerNorm({ epsilon = 1e-5 }: NormOptions = {}): Layer<LayerNorm> {
  return affine('layerNorm', x => normalize(x, [-1], epsilon))
}

/** Mean square 1 over the last axis, without a bias. Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467. */
export function rmsNorm({ epsilon = 1e-5 }: NormOptions = {}): Layer<Scale> {
  return stateless<Scale>(
    (_key, input) => ({ params: { scale: ones([channelsOf('rmsNorm', input)]) }, output: input }),
    (p, x) => {
      checkWidth('rmsNorm', x, p.scale.shape[0])
      const wide = atLeastFloat32(x)
      return keepFloat(x, wide.div(rootMeanSquare(wide, [-1], epsilon))).mul(p.scale)
    },
    'rmsNorm',
  )
}

/** Axes from the first after the batch to the one before the channels. */
const spatial = (x: Tensor): number[] => x.shape.slice(1, -1).map((_size, k) => k + 1)

/**
 * Mean 0 and variance 1 over the spatial axes and one of `groups` groups of channels; `groups` divides the channels. Wu and He 2018,
 * https://arxiv.org/abs/1803.08494.
 */
export function groupNorm(groups: number, { epsilon = 1e-5 }: NormOptions = {}): Layer<LayerNorm> {
  const name = `groupNorm(${groups})`
  return affine(
    name,
    x => {
      const c = x.shape[x.ndim - 1] as number
      const grouped = x.reshape([...x.shape.slice(0, -1), groups, c / groups])
      return normalize(grouped, [...spatial(x), x.ndim], epsilon).reshape(x.shape)
    },
    c => {
      if (!Number.isInteger(groups) || groups < 1 || c % groups !== 0)
        fail('ShapeError', `${name}: the groups do not divide ${c} channels.`)
    },
  )
}

/** Mean 0 and variance 1 over the spatial axes of each channel. Ulyanov et al. 2016, https://arxiv.org/abs/1607.08022. */
export function instanceNorm({ epsilon = 1e-5 }: NormOptions = {}): Layer<LayerNorm> {
  return affine(
    'instanceNorm',
    x => normalize(x, spatial(x), epsilon),
    (_c, input) => {
      if (input.length < 2) shapeError('instanceNorm', '[..., c] with a spatial axis', input)
    },
  )
}
