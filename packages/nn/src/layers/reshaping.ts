/** Functions that change the shape of examples; each is a layer without parameters in `serial`. Axes of examples do not count the batch. */
import { type Shape, type Tensor, broadcastTo, image, pad, repeat, sliceAxis } from '@cotangent/core'
import { fail, showShape } from '@cotangent/core/extend'
import type { Sizes } from './window.ts'

type ShapeFunction = (x: Tensor) => Tensor
/** The name is what printouts show. */
const called = (name: string, f: ShapeFunction): ShapeFunction => Object.defineProperty(f, 'name', { value: name })

/** Axes between the batch and the channels. */
const spatialSizes = (x: Tensor): Shape => x.shape.slice(1, -1)
function forEachAxis<T>(name: string, x: Tensor, given: T | readonly T[], isOne: (v: T | readonly T[]) => v is T): readonly T[] {
  const rank = x.ndim - 2
  if (rank < 1) fail('ShapeError', `${name}: needs [n, ..., c] with a spatial axis, got ${showShape(x.shape)}.`)
  const list = isOne(given) ? new Array<T>(rank).fill(given) : given
  if (list.length !== rank) fail('ShapeError', `${name}: got ${list.length} entries for the ${rank} spatial axes of ${showShape(x.shape)}.`)
  return list
}
const isNumber = (v: number | readonly number[]): v is number => typeof v === 'number'

export interface ResizeOptions {
  /** Default `'nearest'` (Keras: `UpSampling2D`). */
  readonly method?: image.ResizeMethod
  /** Average where the size shrinks. Default true. */
  readonly antialias?: boolean
}
const resized = (x: Tensor, sizes: Shape, { method = 'nearest', antialias = true }: ResizeOptions): Tensor =>
  image.resize(x, [x.shape[0] as number, ...sizes, x.shape[x.ndim - 1] as number], method, { antialias })

/** Each spatial axis of `[n, ..., c]` times a factor (one for all, or one for each). Keras: `UpSampling1D` to `UpSampling3D`. */
export function upsample(factor: Sizes, options: ResizeOptions = {}): ShapeFunction {
  return called('upsample', x => {
    const factors = forEachAxis('upsample', x, factor, isNumber)
    if (options.method === undefined || options.method === 'nearest') return factors.reduce((y, f, k) => repeat(y, f, { axis: k + 1 }), x)
    return resized(
      x,
      spatialSizes(x).map((n, k) => n * (factors[k] as number)),
      options,
    )
  })
}
/** The spatial axes of `[n, ..., c]` with these sizes. Default method `'nearest'`. Keras: `Resizing`. */
export function resize(sizes: Sizes, options: ResizeOptions = {}): ShapeFunction {
  return called('resize', x => resized(x, forEachAxis('resize', x, sizes, isNumber), options))
}

/** How much before and after: one number for both, or a pair; for all spatial axes, or a list with one entry for each. */
export type Margins = number | readonly (number | readonly [before: number, after: number])[]
function margins(name: string, x: Tensor, given: Margins): readonly (readonly [number, number])[] {
  const isOne = (v: unknown): v is number | readonly [number, number] => typeof v === 'number'
  const list = forEachAxis<number | readonly [number, number]>(name, x, given, isOne)
  return list.map(m => (typeof m === 'number' ? [m, m] : m))
}

/** Zeros around the spatial axes of `[n, ..., c]`. Keras: `ZeroPadding2D`. */
export function zeroPad(padding: Margins): ShapeFunction {
  return called('zeroPad', x => pad(x, [[0, 0], ...margins('zeroPad', x, padding), [0, 0]]))
}
/** Without a margin of the spatial axes of `[n, ..., c]`. Keras: `Cropping2D`. */
export function crop(cropping: Margins): ShapeFunction {
  return called('crop', x => {
    const cuts = margins('crop', x, cropping)
    if (spatialSizes(x).some((n, k) => (cuts[k] as readonly number[]).reduce((a, b) => a + b, 0) >= n))
      fail('ShapeError', `crop: nothing would stay of ${showShape(x.shape)}.`)
    return cuts.reduce((y, [before, after], k) => sliceAxis(y, before, (y.shape[k + 1] as number) - after, { axis: k + 1 }), x)
  })
}

/** The axes of examples in another order, counted from 1 (0 is the batch): `permute(2, 1)` exchanges two. Keras: `Permute`. */
export const permute = (...axes: readonly number[]): ShapeFunction => called('permute', x => x.transpose([0, ...axes]))
/** A vector `[n, c]` at each of `times` steps: `[n, times, c]`. Keras: `RepeatVector`. */
export function repeatVector(times: number): ShapeFunction {
  return called('repeatVector', x => {
    if (x.ndim !== 2) fail('ShapeError', `repeatVector: needs [n, c], got ${showShape(x.shape)}.`)
    const [n, c] = x.shape as readonly [number, number]
    return broadcastTo(x.reshape([n, 1, c]), [n, times, c])
  })
}
/** Examples of this shape; one size may be -1. Keras: `Reshape`. */
export const reshapeTo = (shape: Shape): ShapeFunction => called('reshapeTo', x => x.reshape([x.shape[0] as number, ...shape]))
