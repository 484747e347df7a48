/** Images of another size, by products with matrices of weights along each axis that changes. */
import { hostArray, isFloat } from '../dtype.ts'
import { fail } from '../errors.ts'
import { take } from '../numpy/indexing.ts'
import { tensordot } from '../numpy/linalg.ts'
import { array } from '../numpy/creation.ts'
import { checkOptions } from '../options.ts'
import { toFloat } from '../primitives/cast.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { checkShape, type Shape, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'

export type ResizeMethod = 'nearest' | 'linear' | 'cubic'

export interface ResizeOptions {
  /** Average over the pixels that one new pixel covers where the size shrinks. Default true; does not concern `nearest`. */
  readonly antialias?: boolean
}

/** Weights by the distance in pixels. Cubic: R. Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -1/2. */
const kernels: Readonly<Record<'linear' | 'cubic', (distance: number) => number>> = {
  linear: x => Math.max(0, 1 - x),
  cubic: x => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0),
}

/** `[from, to]`: the share of each old pixel in each new one; shares sum to 1. As `jax.image.scale_and_translate`. */
function weights(from: number, to: number, method: 'linear' | 'cubic', antialias: boolean): Float64Array {
  const ratio = from / to,
    width = antialias ? Math.max(ratio, 1) : 1,
    out = hostArray('float64', from * to) as Float64Array
  for (let j = 0; j < to; j++) {
    const center = (j + 0.5) * ratio - 0.5
    const column = Array.from({ length: from }, (_, i) => kernels[method](Math.abs(center - i) / width))
    const total = column.reduce((a, b) => a + b, 0)
    column.forEach((w, i) => {
      out[i * to + j] = Math.abs(total) > 1e-4 ? w / total : 0
    })
  }
  return out
}

function along(x: Tensor, axis: number, to: number, method: ResizeMethod, antialias: boolean): Tensor {
  const from = x.shape[axis] as number
  if (method === 'nearest') {
    const nearest = Int32Array.from({ length: to }, (_, j) => Math.floor(((2 * j + 1) * from) / (2 * to)))
    return take(x, array(nearest), { axis, mode: 'clip' })
  }
  const matrix = array(weights(from, to, method, antialias), { shape: [from, to], dtype: x.dtype })
  return moveaxis(tensordot(x, matrix, [[axis], [0]]), -1, axis)
}

/**
 * `x` with the sizes of `shape`, which has as many axes: positions are the centres of pixels. `linear` and `cubic` give floats. JAX: `image.resize`.
 *
 * @example image.resize(photos, [8, 32, 32, 3], 'linear') // photos [8, h, w, 3]
 */
export function resize(x: TensorLike, shape: Shape, method: ResizeMethod, options: ResizeOptions = {}): Tensor {
  const { antialias = true } = checkOptions('resize', options, 'antialias')
  const given = toTensor(x, 'resize')
  checkShape('resize', shape)
  if (method !== 'nearest' && method !== 'linear' && method !== 'cubic')
    fail('ValueError', `resize: method must be 'nearest', 'linear' or 'cubic', got '${String(method)}'.`)
  if (shape.length !== given.ndim)
    fail('ShapeError', `resize: the new shape ${showShape(shape)} must have as many axes as the old one, ${showShape(given.shape)}.`)
  const t = method === 'nearest' || isFloat(given.dtype) ? given : toFloat('resize', given)
  return shape.reduce((y, size, axis) => {
    if (y.shape[axis] === 0 && size > 0)
      fail('ShapeError', `resize: axis ${axis} of shape ${showShape(given.shape)} is empty, so that it has no pixels.`)
    return y.shape[axis] === size ? y : along(y, axis, size, method, antialias)
  }, t)
}
