/** Convolutions with their gradients as graphs, for tests of the passes that rewrite them. */
import { expect } from 'vitest'
import * as lax from '../../src/lax/index.ts'
import * as np from '../../src/numpy/index.ts'
import type { Program } from '../../src/program/program.ts'
import { trace } from '../../src/program/trace.ts'
import type { Tensor } from '../../src/tensor.ts'
import { vjp } from '../../src/transforms/grad.ts'

export const layouts = [
  ['NHWC', 'HWIO', 'NHWC'],
  ['NCHW', 'OIHW', 'NCHW'],
  ['NHWC', 'OIHW', 'NCHW'],
] as const

export interface ConvolutionSpec {
  readonly n: number
  readonly h: number
  readonly w: number
  /** Of one group: of the images, of the results. */
  readonly channels: readonly [number, number]
  readonly groups: number
  readonly padding: 'SAME' | 'VALID' | readonly (readonly [number, number])[]
  readonly layout: (typeof layouts)[number]
  readonly window: readonly [number, number]
  readonly strides: readonly [number, number]
  /** Of the taps. */
  readonly dilation?: readonly [number, number]
  readonly relu: boolean
  readonly seed: number
}

/** Small integers, for which direct sums are exact. */
export const integers = (n: number, seed: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => 4 * (((i + 1) * (2 * seed + 3)) % 7) - 12)

/** The Program of a convolution and both gradients of its sum of squares, in float64, and its data. */
export function convolutionWithGradients(spec: ConvolutionSpec): { readonly program: Program; readonly data: readonly Float64Array[] } {
  const { n, h, w, channels, groups, padding, layout, window, strides, dilation = [1, 1], relu, seed } = spec
  const ofImages: Readonly<Record<string, number>> = { N: n, C: channels[0] * groups, H: h, W: w }
  const ofTaps: Readonly<Record<string, number>> = { H: window[0], W: window[1], I: channels[0], O: channels[1] * groups }
  const shapes = [Array.from(layout[0], l => ofImages[l] as number), Array.from(layout[1], l => ofTaps[l] as number)] as const
  const convolve = (x: Tensor, k: Tensor): Tensor => {
    const y = lax.convGeneralDilated(x, k, strides, padding, {
      dimensionNumbers: layout,
      featureGroupCount: groups,
      rhsDilation: dilation,
    })
    return relu ? np.maximum(y.add(1), 0) : y
  }
  const f = (x: Tensor, k: Tensor): readonly Tensor[] => {
    const [y, pullback] = vjp(convolve, x, k)
    return [y, ...pullback(y.mul(2))]
  }
  const data = shapes.map((shape, i) =>
    integers(
      shape.reduce((a, b) => a * b, 1),
      seed + i,
    ),
  )
  const { program, captured } = trace(
    f,
    data.map((d, i) => np.array(d, { shape: shapes[i] as readonly number[], dtype: 'float64' }).aval),
    'test',
  )
  expect(captured).toHaveLength(0)
  return { program, data }
}
