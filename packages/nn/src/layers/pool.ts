/** Pooling over images `[n, h, w, c]`, and flattening. */
import { type Shape, type Tensor, lax, ones, reshape } from '@cotangent/core'
import { type Layer, shapeError, stateless } from '../layer.ts'
import { pair, windowOutput } from './conv.ts'

export interface PoolOptions {
  /** Step of the window. Default: its size, so that windows do not overlap. */
  readonly strides?: number | readonly [number, number]
  /** Default `'VALID'`, as Keras. */
  readonly padding?: 'SAME' | 'VALID'
}

function pool(
  name: string,
  size: number | readonly [number, number],
  options: PoolOptions,
  over: (x: Tensor, window: Window) => Tensor,
): Layer<null> {
  const { padding = 'VALID' } = options
  const [h, w] = pair(size),
    [sh, sw] = pair(options.strides ?? size)
  const window: Window = [[1, h, w, 1], [1, sh, sw, 1], padding]
  return stateless<null>(
    (_key, input) => {
      const [ih, iw, c] = input
      if (input.length !== 3 || ih === undefined || iw === undefined || c === undefined) shapeError(name, '[h, w, c]', input)
      return { params: null, output: [windowOutput(ih, h, sh, padding), windowOutput(iw, w, sw, padding), c] }
    },
    (_, x) => over(x, window),
  )
}
type Window = readonly [dimensions: Shape, strides: Shape, padding: 'SAME' | 'VALID']

/** The largest value of each window. Keras: `MaxPooling2D`. */
export function maxPool2d(size: number | readonly [number, number], options: PoolOptions = {}): Layer<null> {
  return pool('maxPool2d', size, options, (x, window) => lax.reduceWindow(x, 'max', ...window))
}
/** The mean of each window; padding does not count. Keras: `AveragePooling2D`. */
export function avgPool2d(size: number | readonly [number, number], options: PoolOptions = {}): Layer<null> {
  return pool('avgPool2d', size, options, (x, window) =>
    lax.reduceWindow(x, 'sum', ...window).div(lax.reduceWindow(ones([1, ...x.shape.slice(1, 3), 1]), 'sum', ...window)),
  )
}

/** `[n, ...]` to `[n, product]`: from images to vectors. */
export const flatten = (x: Tensor): Tensor => reshape(x, [x.shape[0] ?? 1, x.shape.slice(1).reduce((a, b) => a * b, 1)])
