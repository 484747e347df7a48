/** Initialisers, as `jax.nn.initializers`: each gives a function of a key, a shape and a dtype. Kernels are `[..., in, out]`; axes before are the window. */
import { type DType, type Key, type Shape, type Tensor, random, zeros as zerosTensor, ones as onesTensor, full } from '@cotangent/core'

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
  const window = shape.slice(0, -2).reduce((a, b) => a * b, 1)
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
