/** Images as sequences of patches. Dosovitskiy et al. 2020, https://arxiv.org/abs/2010.11929. */
import { type Tensor, broadcastTo, concatenate, sliceAxis, squeeze } from '@cotangent/core'
import { type Initializer, normal } from '../init.ts'
import { type Layer, sequenceOf, stateless } from '../layer.ts'
import { type Conv, type KernelOptions, conv2d } from './conv.ts'
import type { Sizes2 } from './window.ts'

/** Images `[n, h, w, c]` to one vector a patch of `size`, row by row: `[n, patches, width]`. What does not fill a patch is left out. */
export function patchEmbedding(size: Sizes2, width: number, options: Omit<KernelOptions, 'useBias'> = {}): Layer<Conv> {
  const conv = conv2d(width, size, { ...options, strides: size, padding: 'VALID' })
  return stateless<Conv>(
    (key, input) => {
      const { params, output } = conv.init(key, input)
      return { params, output: [(output[0] as number) * (output[1] as number), width] }
    },
    (p, x) => {
      const y = conv.apply(p, x),
        [n, h, w] = y.shape as readonly [number, number, number]
      return y.reshape([n, h * w, width])
    },
    'patchEmbedding',
  )
}

export interface ClassToken {
  /** `[width]` */
  readonly token: Tensor
}
export interface ClassTokenOptions {
  /** Default normal with standard deviation 0.02. */
  readonly tokenInit?: Initializer
}
/** Puts one learned element before each sequence: `[n, t, width]` to `[n, t + 1, width]`. What it has become, `takeFirst`, is the whole's. */
export function classToken({ tokenInit = normal(0.02) }: ClassTokenOptions = {}): Layer<ClassToken> {
  return stateless<ClassToken>(
    (key, input) => {
      const [t, width] = sequenceOf('classToken', input)
      return { params: { token: tokenInit(key, [width]) }, output: [t + 1, width] }
    },
    ({ token }, x) => concatenate([broadcastTo(token, [x.shape[0] as number, 1, x.shape[2] as number]), x], { axis: 1 }),
    'classToken',
  )
}
/** The first element of each sequence: `[n, t, ...]` to `[n, ...]`. */
export const takeFirst = (x: Tensor): Tensor => squeeze(sliceAxis(x, 0, 1, { axis: 1 }), { axis: 1 })
