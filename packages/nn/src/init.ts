/** Initialisers, as `jax.nn.initializers`: each gives a function of a key, a shape and a dtype. Kernels are `[..., in, out]`; axes before are the window. */
import {
  type DType,
  type Key,
  type Shape,
  type Tensor,
  eye,
  full,
  ones as onesTensor,
  pad,
  random,
  zeros as zerosTensor,
} from '@cotangent/core'
import { fail, showShape, sizeOf } from '@cotangent/core/extend'

/** `dtype` default float32. */
export type Initializer = (key: Key, shape: Shape, dtype?: DType) => Tensor

export const zeros: Initializer = (_key, shape, dtype = 'float32') => zerosTensor(shape, { dtype })
export const ones: Initializer = (_key, shape, dtype = 'float32') => onesTensor(shape, { dtype })
export const constant =
  (value: number): Initializer =>
  (_key, shape, dtype = 'float32') =>
    full(shape, value, { dtype })
/** Normal with mean 0. `stddev` default 0.01 (JAX). */
export const normal =
  (stddev = 0.01): Initializer =>
  (key, shape, dtype = 'float32') =>
    random.normal(key, shape, { dtype }).mul(stddev)
/** Uniform in `[0, scale)`. `scale` default 0.01 (JAX). */
export const uniform =
  (scale = 0.01): Initializer =>
  (key, shape, dtype = 'float32') =>
    random.uniform(key, shape, { dtype }).mul(scale)

type Fan = 'in' | 'out' | 'average'
type Distribution = 'normal' | 'uniform' | 'truncatedNormal'

/** Number of inputs and outputs of one unit: the window's size times channels. */
export function fans(shape: Shape): readonly [fanIn: number, fanOut: number] {
  if (shape.length < 2) return [shape[0] ?? 1, shape[0] ?? 1]
  const window = sizeOf(shape.slice(0, -2))
  return [window * (shape[shape.length - 2] as number), window * (shape[shape.length - 1] as number)]
}

/** Variance `scale / fan`: the family of Glorot, He and LeCun (JAX's `variance_scaling`). */
export const varianceScaling =
  (scale: number, fan: Fan, distribution: Distribution): Initializer =>
  (key, shape, dtype = 'float32') => {
    const [fanIn, fanOut] = fans(shape)
    const variance = scale / Math.max(1, fan === 'in' ? fanIn : fan === 'out' ? fanOut : (fanIn + fanOut) / 2)
    switch (distribution) {
      case 'normal':
        return random.normal(key, shape, { dtype }).mul(Math.sqrt(variance))
      // 0.8796... is the standard deviation of a normal truncated to [-2, 2].
      case 'truncatedNormal':
        return random.truncatedNormal(key, -2, 2, shape, { dtype }).mul(Math.sqrt(variance) / 0.87962566103423978)
      case 'uniform':
        return random.uniform(key, shape, { minval: -1, maxval: 1, dtype }).mul(Math.sqrt(3 * variance))
    }
  }
/** Glorot and Bengio 2010. */
export const glorotUniform = (): Initializer => varianceScaling(1, 'average', 'uniform')
export const glorotNormal = (): Initializer => varianceScaling(1, 'average', 'truncatedNormal')
/** He et al. 2015: for ReLU. */
export const heUniform = (): Initializer => varianceScaling(2, 'in', 'uniform')
export const heNormal = (): Initializer => varianceScaling(2, 'in', 'truncatedNormal')
/** LeCun et al. 1998. */
export const lecunUniform = (): Initializer => varianceScaling(1, 'in', 'uniform')
export const lecunNormal = (): Initializer => varianceScaling(1, 'in', 'truncatedNormal')

/** Normal with mean 0, cut at two standard deviations before scaling by `stddev`, default 0.01. JAX: `truncated_normal`. */
export const truncatedNormal =
  (stddev = 0.01): Initializer =>
  (key, shape, dtype = 'float32') =>
    random.truncatedNormal(key, -2, 2, shape, { dtype }).mul(stddev)

/** Orthonormal columns of the matrix `[all but the last axis, out]`, or rows where that is wider than high, times `scale` (default 1). Saxe et al. 2014, https://arxiv.org/abs/1312.6120. */
export const orthogonal =
  (scale = 1): Initializer =>
  (key, shape, dtype = 'float32') => {
    if (shape.length < 2) fail('ShapeError', `initializers.orthogonal: needs at least 2 axes, got ${showShape(shape)}.`)
    const out = shape[shape.length - 1] as number,
      rows = sizeOf(shape.slice(0, -1))
    return random.orthogonal(key, rows, { m: out, dtype }).mul(scale).reshape(shape)
  }

/** A convolution `[..., in, out]` that is an orthogonal matrix at the centre of its window and 0 elsewhere, so that deep networks keep norms. `in <= out`. Xiao et al. 2018, https://arxiv.org/abs/1806.05393. */
export const deltaOrthogonal =
  (scale = 1): Initializer =>
  (key, shape, dtype = 'float32') => {
    const [from = 0, to = 0] = shape.slice(-2)
    if (shape.length < 3 || from > to)
      fail('ShapeError', `initializers.deltaOrthogonal: needs [..., in, out] with a window and in <= out, got ${showShape(shape)}.`)
    const kernel = random.orthogonal(key, from, { m: to, dtype }).mul(scale)
    const margins = shape.slice(0, -2).map(n => [Math.floor((n - 1) / 2), n - 1 - Math.floor((n - 1) / 2)] as const)
    return pad(kernel.reshape([...margins.map(() => 1), from, to]), [...margins, [0, 0], [0, 0]])
  }

/** The identity matrix times `scale` (default 1), for `[n, m]`. Keras: `Identity`. */
export const identity =
  (scale = 1): Initializer =>
  (_key, shape, dtype = 'float32') => {
    const [rows = 0, columns = 0] = shape
    if (shape.length !== 2) fail('ShapeError', `initializers.identity: needs a matrix, got ${showShape(shape)}.`)
    return eye(rows, { columns, dtype }).mul(scale)
  }
