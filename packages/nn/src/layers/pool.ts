/** Pooling over the spatial axes of sequences, images and volumes, channels last; and flattening. */
import { type Shape, type Tensor, lax, ones, reshape } from '@cotangent/core'
import { sizeOf } from '@cotangent/core/extend'
import { atLeastFloat32, keepFloat } from '../checks.ts'
import { type Layer, stateless } from '../layer.ts'
import {
  type Padding,
  type Sizes,
  type Sizes1,
  type Sizes2,
  type Sizes3,
  checkBatch,
  perAxis,
  splitExample,
  windowOutput,
} from './window.ts'

export interface PoolOptions<N = Sizes2> {
  /** Step of the window. Default: its size, so that windows do not overlap. */
  readonly strides?: N
  /** Default `'VALID'`, as Keras. */
  readonly padding?: Padding
}

type Reduce = (x: Tensor, window: readonly [dimensions: Shape, strides: Shape, padding: Padding]) => Tensor

function pool(name: string, rank: number, size: Sizes, options: PoolOptions<Sizes>, over: Reduce): Layer<null> {
  const { padding = 'VALID' } = options
  const window = {
    size: perAxis(name, rank, size),
    strides: perAxis(name, rank, options.strides ?? size),
    dilation: perAxis(name, rank, 1),
    padding,
  }
  const pads = typeof padding === 'string' ? padding : ([[0, 0], ...padding, [0, 0]] as const)
  return stateless<null>(
    (_key, input) => {
      const [sizes, c] = splitExample(name, rank, input)
      return { params: null, output: [...windowOutput(name, sizes, window), c] }
    },
    (_, x) => {
      checkBatch(name, rank, x)
      return over(x, [[1, ...window.size, 1], [1, ...window.strides, 1], pads])
    },
    name,
  )
}

const largest: Reduce = (x, window) => lax.reduceWindow(x, 'max', ...window)
const average: Reduce = (given, window) => {
  // Sums of integers of 8 bits would wrap around, those of float16 overflow.
  const x = atLeastFloat32(given)
  const counts = lax.reduceWindow(ones([1, ...x.shape.slice(1, -1), 1]), 'sum', ...window)
  return keepFloat(given, lax.reduceWindow(x, 'sum', ...window).div(counts.astype(x.dtype)))
}

/** The largest value of each window of `[n, t, c]`. Keras: `MaxPooling1D`. */
export const maxPool1d = (size: Sizes1, options: PoolOptions<Sizes1> = {}): Layer<null> => pool('maxPool1d', 1, size, options, largest)
/** The largest value of each window of `[n, h, w, c]`. Keras: `MaxPooling2D`. */
export const maxPool2d = (size: Sizes2, options: PoolOptions = {}): Layer<null> => pool('maxPool2d', 2, size, options, largest)
/** The largest value of each window of `[n, d, h, w, c]`. Keras: `MaxPooling3D`. */
export const maxPool3d = (size: Sizes3, options: PoolOptions<Sizes3> = {}): Layer<null> => pool('maxPool3d', 3, size, options, largest)
/** The mean of each window of `[n, t, c]`; padding does not count. Keras: `AveragePooling1D`. */
export const avgPool1d = (size: Sizes1, options: PoolOptions<Sizes1> = {}): Layer<null> => pool('avgPool1d', 1, size, options, average)
/** The mean of each window of `[n, h, w, c]`; padding does not count. Keras: `AveragePooling2D`. */
export const avgPool2d = (size: Sizes2, options: PoolOptions = {}): Layer<null> => pool('avgPool2d', 2, size, options, average)
/** The mean of each window of `[n, d, h, w, c]`; padding does not count. Keras: `AveragePooling3D`. */
export const avgPool3d = (size: Sizes3, options: PoolOptions<Sizes3> = {}): Layer<null> => pool('avgPool3d', 3, size, options, average)

/** `[n, ...]` to `[n, product]`: from images to vectors. */
export const flatten = (x: Tensor): Tensor => reshape(x, [x.shape[0] ?? 1, sizeOf(x.shape.slice(1))])
