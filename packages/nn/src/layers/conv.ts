/** Convolutions over sequences, images and volumes, channels last. */
import { type Shape, type Tensor, lax, random } from '@cotangent/core'
import { fail } from '@cotangent/core/extend'
import { type Initializer, glorotUniform, zeros } from '../init.ts'
import { type Layer, checkCount, stateless } from '../layer.ts'
import {
  type Padding,
  type Sizes,
  type Sizes1,
  type Sizes2,
  type Sizes3,
  checkBatch,
  layouts,
  perAxis,
  splitExample,
  windowOutput,
} from './window.ts'

export interface Conv {
  /** `[...window, in / groups, out]` */
  readonly kernel: Tensor
  /** `[out]` */
  readonly bias: Tensor
}
/** Parameters without a bias. */
export interface Kernel {
  readonly kernel: Tensor
}
/** `P`, or its kernel alone with `useBias: false`. */
export type WithBias<P, B> = B extends false ? Kernel : P

export interface KernelOptions<B extends boolean = boolean> {
  /** Whether a bias is added; without one the parameters are `Kernel`. Default true. */
  readonly useBias?: B
  /** Default Glorot uniform, as Keras. */
  readonly kernelInit?: Initializer
  /** Default zeros. */
  readonly biasInit?: Initializer
}
export interface ConvOptions<N = Sizes2, B extends boolean = boolean> extends KernelOptions<B> {
  /** Step of the window, for all axes or for each. Default 1. */
  readonly strides?: N
  /** `'SAME'` keeps `ceil(size / stride)`, `'VALID'` does not pad; or pairs `[before, after]`. Default `'SAME'` (Keras: valid). */
  readonly padding?: Padding
  /** Steps between the taps of the kernel. Default 1. */
  readonly dilation?: N
  /** Channels are convolved in this many separate groups; divides `in` and `filters`. Default 1. */
  readonly groups?: number
}
export interface Conv1dOptions<B extends boolean = boolean> extends Omit<ConvOptions<Sizes1, B>, 'padding'> {
  /** As in `ConvOptions`; `'CAUSAL'` pads the start alone, so that no result sees later elements. */
  readonly padding?: Padding | 'CAUSAL'
}

/** `x` plus the bias if there is one. */
export const addBias = (y: Tensor, p: Kernel | Conv): Tensor => ('bias' in p ? y.add(p.bias) : y)

/** Kernel and bias of these shapes. */
export function kernelAndBias(options: KernelOptions, key: random.Key, kernel: Shape, bias: Shape): Conv {
  const { useBias = true, kernelInit = glorotUniform(), biasInit = zeros } = options
  const [k, b] = random.split(key)
  const made = kernelInit(k, kernel)
  // Without a bias the type says Kernel.
  return useBias ? { kernel: made, bias: biasInit(b, bias) } : ({ kernel: made } as Conv)
}

function convolution(rank: number, filters: number, size: Sizes, options: ConvOptions<Sizes>): Layer<Conv> {
  const name = `conv${rank}d(${filters})`,
    { padding = 'SAME', groups = 1 } = options
  checkCount(name, 'filters', filters)
  checkCount(name, 'groups', groups)
  const strides = perAxis(name, rank, options.strides ?? 1),
    dilation = perAxis(name, rank, options.dilation ?? 1),
    window = { size: perAxis(name, rank, size), strides, dilation, padding }
  return stateless<Conv>(
    (key, input) => {
      const [sizes, c] = splitExample(name, rank, input)
      if (c % groups !== 0 || filters % groups !== 0)
        fail('ShapeError', `${name}: ${groups} groups do not divide ${c} channels and ${filters} filters.`)
      return {
        params: kernelAndBias(options, key, [...window.size, c / groups, filters], [filters]),
        output: [...windowOutput(name, sizes, window), filters],
      }
    },
    (p, x) => {
      checkBatch(name, rank, x)
      const how = { dimensionNumbers: layouts[rank] as lax.ConvDimensionNumbers, rhsDilation: dilation, featureGroupCount: groups }
      return addBias(lax.convGeneralDilated(x, p.kernel, strides, padding, how), p)
    },
    name,
  )
}

/** `[n, t, in]` to `[n, t', filters]`. Keras: `Conv1D`. */
export function conv1d<const B extends boolean = true>(
  filters: number,
  size: Sizes1,
  options: Conv1dOptions<B> = {},
): Layer<WithBias<Conv, B>> {
  const { padding = 'SAME', ...rest } = options
  const reach = ((perAxis('conv1d', 1, size)[0] as number) - 1) * (perAxis('conv1d', 1, options.dilation ?? 1)[0] as number)
  return convolution(1, filters, size, { ...rest, padding: padding === 'CAUSAL' ? [[reach, 0]] : padding }) as Layer<WithBias<Conv, B>>
}

/** `[n, h, w, in]` to `[n, h', w', filters]` with a window of `size` (both axes, or `[h, w]`). Keras: `Conv2D`. */
export function conv2d<const B extends boolean = true>(
  filters: number,
  size: Sizes2,
  options: ConvOptions<Sizes2, B> = {},
): Layer<WithBias<Conv, B>> {
  return convolution(2, filters, size, options) as Layer<WithBias<Conv, B>>
}

/** `[n, d, h, w, in]` to `[n, d', h', w', filters]`: for videos and scans. Keras: `Conv3D`. */
export function conv3d<const B extends boolean = true>(
  filters: number,
  size: Sizes3,
  options: ConvOptions<Sizes3, B> = {},
): Layer<WithBias<Conv, B>> {
  return convolution(3, filters, size, options) as Layer<WithBias<Conv, B>>
}
