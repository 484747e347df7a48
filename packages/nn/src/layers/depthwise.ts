/** Convolutions of each channel by itself, alone or with a mixing of the channels after. Chollet 2017, https://arxiv.org/abs/1610.02357. */
import { type Tensor, lax, random } from '@cotangent/core'
import { type Initializer, glorotUniform } from '../init.ts'
import { type Layer, checkCount, stateless } from '../layer.ts'
import { type Conv, type KernelOptions, type WithBias, addBias, kernelAndBias } from './conv.ts'
import {
  type Padding,
  type Sizes,
  type Sizes1,
  type Sizes2,
  type Window,
  checkBatch,
  layouts,
  perAxis,
  splitExample,
  windowOutput,
} from './window.ts'

export interface DepthwiseOptions<N = Sizes2, B extends boolean = boolean> extends KernelOptions<B> {
  /** Default 1. */
  readonly strides?: N
  /** Default `'SAME'` (Keras: valid). */
  readonly padding?: Padding
  /** Default 1. */
  readonly dilation?: N
  /** Results for each channel. Default 1. */
  readonly multiplier?: number
}

function windowOf(name: string, rank: number, size: Sizes, options: DepthwiseOptions<Sizes>): Window {
  const { strides = 1, padding = 'SAME', dilation = 1, multiplier = 1 } = options
  checkCount(name, 'multiplier', multiplier)
  return { size: perAxis(name, rank, size), strides: perAxis(name, rank, strides), dilation: perAxis(name, rank, dilation), padding }
}

/** `kernel` is `[...window, c, multiplier]`. */
function eachChannel(x: Tensor, kernel: Tensor, { size, strides, padding, dilation }: Window): Tensor {
  const [c, multiplier] = kernel.shape.slice(-2) as [number, number]
  const dimensionNumbers = layouts[size.length] as lax.ConvDimensionNumbers
  const how = { dimensionNumbers, rhsDilation: dilation, featureGroupCount: c }
  return lax.convGeneralDilated(x, kernel.reshape([...size, 1, c * multiplier]), strides, padding, how)
}

function depthwise(rank: number, size: Sizes, options: DepthwiseOptions<Sizes>): Layer<Conv> {
  const name = `depthwiseConv${rank}d`,
    { multiplier = 1 } = options,
    window = windowOf(name, rank, size, options)
  return stateless<Conv>(
    (key, input) => {
      const [sizes, c] = splitExample(name, rank, input)
      const params = kernelAndBias(options, key, [...window.size, c, multiplier], [c * multiplier])
      return { params, output: [...windowOutput(name, sizes, window), c * multiplier] }
    },
    (p, x) => {
      checkBatch(name, rank, x)
      return addBias(eachChannel(x, p.kernel, window), p)
    },
    name,
  )
}

/** `[n, t, c]` to `[n, t', c * multiplier]`; the kernel is `[t, c, multiplier]`. Keras: `DepthwiseConv1D`. */
export function depthwiseConv1d<const B extends boolean = true>(
  size: Sizes1,
  options: DepthwiseOptions<Sizes1, B> = {},
): Layer<WithBias<Conv, B>> {
  return depthwise(1, size, options) as Layer<WithBias<Conv, B>>
}
/** `[n, h, w, c]` to `[n, h', w', c * multiplier]`; the kernel is `[h, w, c, multiplier]`. Keras: `DepthwiseConv2D`. */
export function depthwiseConv2d<const B extends boolean = true>(
  size: Sizes2,
  options: DepthwiseOptions<Sizes2, B> = {},
): Layer<WithBias<Conv, B>> {
  return depthwise(2, size, options) as Layer<WithBias<Conv, B>>
}

export interface SeparableConv {
  /** `[...window, in, multiplier]` */
  readonly depthwise: Tensor
  /** Its kernel is `[in * multiplier, out]`. */
  readonly pointwise: Conv
}
export interface SeparableConvOptions<N = Sizes2> extends Omit<DepthwiseOptions<N>, 'useBias'> {
  /** Of the kernel of each channel. Default Glorot uniform; `kernelInit` is for the mixing. */
  readonly depthwiseInit?: Initializer
}

function separable(rank: number, filters: number, size: Sizes, options: SeparableConvOptions<Sizes>): Layer<SeparableConv> {
  const name = `separableConv${rank}d(${filters})`,
    { multiplier = 1, depthwiseInit = glorotUniform() } = options,
    window = windowOf(name, rank, size, options)
  checkCount(name, 'filters', filters)
  return stateless<SeparableConv>(
    (key, input) => {
      const [sizes, c] = splitExample(name, rank, input)
      const [d, p] = random.split(key)
      return {
        params: {
          depthwise: depthwiseInit(d, [...window.size, c, multiplier]),
          pointwise: kernelAndBias(options, p, [c * multiplier, filters], [filters]),
        },
        output: [...windowOutput(name, sizes, window), filters],
      }
    },
    (p, x) => {
      checkBatch(name, rank, x)
      return addBias(eachChannel(x, p.depthwise, window).matmul(p.pointwise.kernel), p.pointwise)
    },
    name,
  )
}

/** `[n, t, in]` to `[n, t', filters]`: each channel is convolved, then the channels are mixed. Keras: `SeparableConv1D`. */
export function separableConv1d(filters: number, size: Sizes1, options: SeparableConvOptions<Sizes1> = {}): Layer<SeparableConv> {
  return separable(1, filters, size, options)
}
/** `[n, h, w, in]` to `[n, h', w', filters]`, likewise. Keras: `SeparableConv2D`. */
export function separableConv2d(filters: number, size: Sizes2, options: SeparableConvOptions = {}): Layer<SeparableConv> {
  return separable(2, filters, size, options)
}
