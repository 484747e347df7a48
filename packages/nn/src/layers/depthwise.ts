/** Convolutions of each channel by itself, alone or with a mixing of the channels after. Chollet 2017, https://arxiv.org/abs/1610.02357. */
import { type Tensor, lax, random } from '@cotangent/core'
import { type Initializer, glorotUniform } from '../init.ts'
import { type Layer, stateless } from '../layer.ts'
import { type Conv, type KernelOptions, type WithBias, addBias, kernelAndBias } from './conv.ts'
import { type Padding, type Sizes2, checkBatch, layouts, perAxis, splitExample, windowOutput } from './window.ts'

export interface DepthwiseOptions<B extends boolean = boolean> extends KernelOptions<B> {
  /** Default 1. */
  readonly strides?: Sizes2
  /** Default `'SAME'` (Keras: valid). */
  readonly padding?: Padding
  /** Default 1. */
  readonly dilation?: Sizes2
  /** Results for each channel. Default 1. */
  readonly multiplier?: number
}

const windowOf = (name: string, size: Sizes2, { strides = 1, padding = 'SAME', dilation = 1 }: DepthwiseOptions) => ({
  size: perAxis(name, 2, size),
  strides: perAxis(name, 2, strides),
  dilation: perAxis(name, 2, dilation),
  padding,
})

/** `kernel` is `[h, w, c, multiplier]`. */
function eachChannel(x: Tensor, kernel: Tensor, { strides, padding, dilation }: ReturnType<typeof windowOf>): Tensor {
  const [h, w, c, multiplier] = kernel.shape as readonly [number, number, number, number]
  const how = { dimensionNumbers: layouts[2] as lax.ConvDimensionNumbers, rhsDilation: dilation, featureGroupCount: c }
  return lax.convGeneralDilated(x, kernel.reshape([h, w, 1, c * multiplier]), strides, padding, how)
}

/** `[n, h, w, c]` to `[n, h', w', c * multiplier]`; the kernel is `[h, w, c, multiplier]`. Keras: `DepthwiseConv2D`. */
export function depthwiseConv2d<const B extends boolean = true>(size: Sizes2, options: DepthwiseOptions<B> = {}): Layer<WithBias<Conv, B>> {
  const name = 'depthwiseConv2d',
    { multiplier = 1 } = options,
    window = windowOf(name, size, options)
  return stateless<Conv>(
    (key, input) => {
      const [sizes, c] = splitExample(name, 2, input)
      const params = kernelAndBias(options, key, [...window.size, c, multiplier], [c * multiplier])
      return { params, output: [...windowOutput(name, sizes, window), c * multiplier] }
    },
    (p, x) => {
      checkBatch(name, 2, x)
      return addBias(eachChannel(x, p.kernel, window), p)
    },
    name,
  ) as Layer<WithBias<Conv, B>>
}

export interface SeparableConv {
  /** `[h, w, in, multiplier]` */
  readonly depthwise: Tensor
  /** `[in * multiplier, out]` */
  readonly pointwise: Conv
}
export interface SeparableConvOptions extends Omit<DepthwiseOptions, 'useBias'> {
  /** Of the kernel of each channel. Default Glorot uniform; `kernelInit` is for the mixing. */
  readonly depthwiseInit?: Initializer
}

/** `[n, h, w, in]` to `[n, h', w', filters]`: each channel is convolved, then the channels are mixed. Keras: `SeparableConv2D`. */
export function separableConv2d(filters: number, size: Sizes2, options: SeparableConvOptions = {}): Layer<SeparableConv> {
  const name = `separableConv2d(${filters})`,
    { multiplier = 1, depthwiseInit = glorotUniform() } = options,
    window = windowOf(name, size, options)
  return stateless<SeparableConv>(
    (key, input) => {
      const [sizes, c] = splitExample(name, 2, input)
      const [d, p] = random.split(key)
      return {
        params: {
          depthwise: depthwiseInit(d, [...window.size, c, multiplier]),
          pointwise: kernelAndBias(options, p, [c * multiplier, filters], [filters]),
        },
        output: [...windowOutput(name, sizes, window), filters],
      }
    },
    ({ depthwise, pointwise }, x) => {
      checkBatch(name, 2, x)
      return addBias(eachChannel(x, depthwise, window).matmul(pointwise.kernel), pointwise)
    },
    name,
  )
}
