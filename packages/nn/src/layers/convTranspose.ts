/** Transposed convolutions: from few places to many, channels last. */
import { lax } from '@cotangent/core'
import { fail } from '@cotangent/core/extend'
import { type Layer, checkCount, stateless } from '../layer.ts'
import { type Conv, type KernelOptions, type WithBias, addBias, kernelAndBias } from './conv.ts'
import { type Sizes, type Sizes1, type Sizes2, type Sizes3, checkBatch, layouts, perAxis, splitExample } from './window.ts'

export interface ConvTransposeOptions<N = Sizes2, B extends boolean = boolean> extends KernelOptions<B> {
  /** Places of the result for each of the input. Default 1. */
  readonly strides?: N
  /** `'SAME'`: `size * stride` places (default); `'VALID'`: all that the kernel reaches. */
  readonly padding?: 'SAME' | 'VALID'
}

function convolution(rank: number, filters: number, size: Sizes, options: ConvTransposeOptions<Sizes>): Layer<Conv> {
  const name = `conv${rank}dTranspose(${filters})`,
    { padding = 'SAME' } = options
  checkCount(name, 'filters', filters)
  if (padding !== 'SAME' && padding !== 'VALID')
    fail('ValueError', `${name}: padding is 'SAME' or 'VALID', got ${JSON.stringify(padding)}.`)
  const window = perAxis(name, rank, size),
    strides = perAxis(name, rank, options.strides ?? 1)
  return stateless<Conv>(
    (key, input) => {
      const [sizes, c] = splitExample(name, rank, input)
      const excess = (k: number): number => (padding === 'SAME' ? 0 : Math.max((window[k] as number) - (strides[k] as number), 0))
      return {
        params: kernelAndBias(options, key, [...window, c, filters], [filters]),
        output: [...sizes.map((n, k) => n * (strides[k] as number) + excess(k)), filters],
      }
    },
    (p, x) => {
      checkBatch(name, rank, x)
      return addBias(lax.convTranspose(x, p.kernel, strides, padding, { dimensionNumbers: layouts[rank] as lax.ConvDimensionNumbers }), p)
    },
    name,
  )
}

/**
 * `[n, t, in]` to `[n, t', filters]`. The kernel `[t, in, out]` is not flipped (Flax; Keras and PyTorch flip its window, and have `[..., out, in]` and
 * `[in, out, ...]`). Keras: `Conv1DTranspose`.
 */
export function conv1dTranspose<const B extends boolean = true>(
  filters: number,
  size: Sizes1,
  options: ConvTransposeOptions<Sizes1, B> = {},
): Layer<WithBias<Conv, B>> {
  return convolution(1, filters, size, options) as Layer<WithBias<Conv, B>>
}
/** `[n, h, w, in]` to `[n, h', w', filters]`; the kernel as in `conv1dTranspose`. Keras: `Conv2DTranspose`. */
export function conv2dTranspose<const B extends boolean = true>(
  filters: number,
  size: Sizes2,
  options: ConvTransposeOptions<Sizes2, B> = {},
): Layer<WithBias<Conv, B>> {
  return convolution(2, filters, size, options) as Layer<WithBias<Conv, B>>
}
/** `[n, d, h, w, in]` to `[n, d', h', w', filters]`; the kernel as in `conv1dTranspose`. Keras: `Conv3DTranspose`. */
export function conv3dTranspose<const B extends boolean = true>(
  filters: number,
  size: Sizes3,
  options: ConvTransposeOptions<Sizes3, B> = {},
): Layer<WithBias<Conv, B>> {
  return convolution(3, filters, size, options) as Layer<WithBias<Conv, B>>
}
