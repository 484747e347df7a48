/** Pooling to a size that does not depend on the input's: one value a channel, or a given number of bins. */
import { type Tensor, concatenate, sliceAxis, where } from '@cotangent/core'
import { fail, showShape } from '@cotangent/core/extend'
import { type Layer, shapeError, stateless } from '../layer.ts'
import { ratio } from '../ratio.ts'
import { type Sizes, type Sizes1, type Sizes2, type Sizes3, checkBatch, perAxis, splitExample } from './window.ts'

type Over = (x: Tensor, axis: readonly number[], mask: Tensor | undefined) => Tensor

function global(name: string, over: Over): Layer<null> {
  return stateless<null>(
    (_key, input) => {
      if (input.length < 2) shapeError(name, '[..., c] with a spatial axis', input)
      return { params: null, output: input.slice(-1) }
    },
    (_, x, { mask }) => {
      const axis = x.shape.slice(1, -1).map((_size, k) => k + 1)
      return over(x, axis, mask?.reshape([...mask.shape, ...new Array<number>(x.ndim - mask.ndim).fill(1)]))
    },
    name,
  )
}

/** The mean over all axes between the first and the last, `[n, ..., c]` to `[n, c]`; of sequences without what `mode.mask` hides. */
export const globalAvgPool = (): Layer<null> =>
  global('globalAvgPool', (x, axis, mask) => {
    if (mask === undefined) return x.mean({ axis })
    return ratio(where(mask, x, 0).sum({ axis }), mask.astype(x.dtype).sum({ axis }))
  })
/** The maximum likewise. */
export const globalMaxPool = (): Layer<null> =>
  global('globalMaxPool', (x, axis, mask) => (mask === undefined ? x : where(mask, x, -Infinity)).max({ axis }))

/** `bins` along an axis, bin i from `floor(i n / bins)` to `ceil((i + 1) n / bins)`, each reduced to one place. */
function binned(x: Tensor, axis: number, bins: number, over: (x: Tensor) => Tensor): Tensor {
  const n = x.shape[axis] as number
  const bin = (i: number): Tensor => over(sliceAxis(x, Math.floor((i * n) / bins), Math.ceil(((i + 1) * n) / bins), { axis }))
  return concatenate(
    Array.from({ length: bins }, (_, i) => bin(i)),
    { axis },
  )
}

function adaptive(name: string, rank: number, bins: Sizes, over: (x: Tensor, axis: number) => Tensor): Layer<null> {
  const counts = perAxis(name, rank, bins)
  return stateless<null>(
    (_key, input) => {
      const [sizes, c] = splitExample(name, rank, input)
      if (sizes.includes(0)) fail('ShapeError', `${name}: an axis of ${showShape(input)} is empty.`)
      return { params: null, output: [...counts, c] }
    },
    (_, x) => {
      checkBatch(name, rank, x)
      return counts.reduce((y, count, k) => (y.shape[k + 1] === count ? y : binned(y, k + 1, count, v => over(v, k + 1))), x)
    },
    name,
  )
}
const largest = (x: Tensor, axis: number): Tensor => x.max({ axis, keepdims: true })
const average = (x: Tensor, axis: number): Tensor => x.mean({ axis, keepdims: true })

/** The largest value of each of `bins` bins along the spatial axis of `[n, t, c]`. PyTorch: `AdaptiveMaxPool1d`. */
export const adaptiveMaxPool1d = (bins: Sizes1): Layer<null> => adaptive('adaptiveMaxPool1d', 1, bins, largest)
/** The same of `[n, h, w, c]`. */
export const adaptiveMaxPool2d = (bins: Sizes2): Layer<null> => adaptive('adaptiveMaxPool2d', 2, bins, largest)
/** The same of `[n, d, h, w, c]`. */
export const adaptiveMaxPool3d = (bins: Sizes3): Layer<null> => adaptive('adaptiveMaxPool3d', 3, bins, largest)
/** The mean of each of `bins` bins along the spatial axis of `[n, t, c]`. PyTorch: `AdaptiveAvgPool1d`. */
export const adaptiveAvgPool1d = (bins: Sizes1): Layer<null> => adaptive('adaptiveAvgPool1d', 1, bins, average)
/** The same of `[n, h, w, c]`. */
export const adaptiveAvgPool2d = (bins: Sizes2): Layer<null> => adaptive('adaptiveAvgPool2d', 2, bins, average)
/** The same of `[n, d, h, w, c]`. */
export const adaptiveAvgPool3d = (bins: Sizes3): Layer<null> => adaptive('adaptiveAvgPool3d', 3, bins, average)
