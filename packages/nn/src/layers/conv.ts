/** Two-dimensional convolution over images `[n, h, w, c]`. */
import { CotangentError, type Tensor, lax, random } from '@cotangent/core'
import { type Initializer, glorotUniform, zeros } from '../init.ts'
import { type Layer, shapeError, stateless } from '../layer.ts'

export interface Conv {
  /** `[h, w, in, out]` */
  readonly kernel: Tensor
  /** `[out]` */
  readonly bias: Tensor
}
export interface ConvOptions {
  /** Step of the window, for both axes or `[h, w]`. Default 1. */
  readonly strides?: number | readonly [number, number]
  /** `'SAME'` keeps `ceil(size / stride)`, `'VALID'` does not pad. Default `'SAME'`. */
  readonly padding?: 'SAME' | 'VALID'
  /** Default Glorot uniform, as Keras. */
  readonly kernelInit?: Initializer
  /** Default zeros. */
  readonly biasInit?: Initializer
}

export const pair = (n: number | readonly [number, number]): readonly [number, number] => (typeof n === 'number' ? [n, n] : n)

/** Size of one axis after a window of `size` has moved over it. */
export function windowOutput(n: number, size: number, stride: number, padding: 'SAME' | 'VALID'): number {
  return padding === 'SAME' ? Math.ceil(n / stride) : Math.max(0, Math.floor((n - size) / stride) + 1)
}

/** `[n, h, w, in]` to `[n, h', w', filters]` with a window of `size` (both axes, or `[h, w]`). Keras: `Conv2D`. */
export function conv2d(filters: number, size: number | readonly [number, number], options: ConvOptions = {}): Layer<Conv> {
  const { padding = 'SAME', kernelInit = glorotUniform(), biasInit = zeros } = options
  const [kh, kw] = pair(size),
    windowStrides = pair(options.strides ?? 1)
  return stateless<Conv>(
    (key, input) => {
      const [h, w, c] = input
      if (input.length !== 3 || h === undefined || w === undefined || c === undefined) shapeError(`conv2d(${filters})`, '[h, w, c]', input)
      const [k, b] = random.split(key)
      const output = [windowOutput(h, kh, windowStrides[0], padding), windowOutput(w, kw, windowStrides[1], padding), filters]
      return { params: { kernel: kernelInit(k, [kh, kw, c, filters]), bias: biasInit(b, [filters]) }, output }
    },
    (p, x) => {
      if (x.ndim !== 4)
        throw new CotangentError(
          'ShapeError',
          `conv2d(${filters}): needs images [n, h, w, c], got [${x.shape.join(', ')}]. One image gets its batch axis by expandDims(x, 0).`,
        )
      return lax.convGeneralDilated(x, p.kernel, windowStrides, padding, { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] }).add(p.bias)
    },
  )
}
