/** Augmentation: pure functions of a key and a batch, one draw for each example; they run under `jit`, on the device. Images are `[n, h, w, c]`. */
import {
  type Key,
  type Shape,
  type Tensor,
  add,
  arange,
  array,
  cos,
  flip,
  image,
  lax,
  logicalAnd,
  multiply,
  pad,
  random,
  sin,
  subtract,
  take,
  vmap,
  where,
} from '@cotangent/core'
import { checkOneOf, fail, showShape } from '@cotangent/core/extend'
import { checkNumber, isFloating } from '../checks.ts'

const isShare = (p: number): boolean => p >= 0 && p <= 1
const isLength = (n: number): boolean => Number.isInteger(n) && n >= 0

function sizesOf(name: string, x: Tensor): readonly [n: number, h: number, w: number, c: number] {
  if (x.ndim !== 4) fail('ShapeError', `${name}: needs images [n, h, w, c], got ${showShape(x.shape)}.`)
  return x.shape as unknown as readonly [number, number, number, number]
}

export interface FlipOptions {
  /** `horizontal` (default) mirrors left and right. */
  readonly direction?: 'horizontal' | 'vertical'
  /** Share of images that are mirrored. Default 0.5. */
  readonly p?: number
}

/** Mirrors some of the images. */
export function randomFlip(key: Key, images: Tensor, { direction = 'horizontal', p = 0.5 }: FlipOptions = {}): Tensor {
  const [n] = sizesOf('randomFlip', images)
  checkOneOf('randomFlip', 'direction', direction, ['horizontal', 'vertical'])
  checkNumber('randomFlip', 'p', p, 'a probability', isShare)
  return where(random.bernoulli(key, p, [n, 1, 1, 1]), flip(images, { axis: direction === 'horizontal' ? 2 : 1 }), images)
}

export interface CropOptions {
  /** `[h, w]` of the results. Default: as before. */
  readonly size?: readonly [h: number, w: number]
  /** Zeros to add on each side first. Default 0. */
  readonly padding?: number
}

/** A window of each image at a place of its own. With `padding` and no `size` it shifts images by up to so many pixels. */
export function randomCrop(key: Key, images: Tensor, { size, padding = 0 }: CropOptions = {}): Tensor {
  const [n, h, w, c] = sizesOf('randomCrop', images)
  const [height, width] = size ?? [h, w],
    [rows, columns] = [h + 2 * padding - height, w + 2 * padding - width]
  if (!(rows >= 0 && columns >= 0 && height > 0 && width > 0))
    fail('ShapeError', `randomCrop: images of ${h} x ${w} with padding ${padding} have no windows of ${height} x ${width}.`)
  const edge = [padding, padding] as const
  const padded = padding === 0 ? images : pad(images, [[0, 0], edge, edge, [0, 0]])
  const [top, left] = random.split(key)
  const one = (x: Tensor, y0: Tensor, x0: Tensor): Tensor => lax.dynamicSlice(x, [y0, x0, 0], [height, width, c])
  return vmap(one)(padded, random.randint(top, [n], 0, rows + 1), random.randint(left, [n], 0, columns + 1))
}

/** Turns each image about its middle by up to so many degrees; linear interpolation, zeros from outside. */
export function randomRotate(key: Key, images: Tensor, degrees: number): Tensor {
  const [n, h, w, c] = sizesOf('randomRotate', images)
  checkNumber('randomRotate', 'degrees', degrees, 'finite', Number.isFinite)
  const limit = (degrees * Math.PI) / 180
  const y = subtract(arange(h), (h - 1) / 2).reshape([h, 1, 1]),
    x = subtract(arange(w), (w - 1) / 2).reshape([1, w, 1]),
    channels = add(multiply(add(y, x), 0), arange(c).reshape([1, 1, c]))
  const one = (img: Tensor, angle: Tensor): Tensor => {
    const s = sin(angle),
      k = cos(angle)
    const rows = add(subtract(multiply(y, k), multiply(x, s)), (h - 1) / 2),
      columns = add(add(multiply(y, s), multiply(x, k)), (w - 1) / 2),
      whole = (t: Tensor): Tensor => add(t, multiply(channels, 0))
    return image.mapCoordinates(img, [whole(rows), whole(columns), channels], { order: 1 })
  }
  return vmap(one)(images, random.uniform(key, [n], { minval: -limit, maxval: limit }))
}

/** Adds normal noise, to data of any shape. */
export const randomNoise = (key: Key, x: Tensor, std: number): Tensor =>
  add(x, multiply(random.normal(key, x.shape, { dtype: x.dtype }), std))

/** Sets a square of each image to zero (DeVries and Taylor 2017, https://arxiv.org/abs/1708.04552); its middle is anywhere, so that parts may lie outside. */
export function cutout(key: Key, images: Tensor, size: number): Tensor {
  const [n, h, w] = sizesOf('cutout', images)
  checkNumber('cutout', 'size', size, 'an integer of at least 0', isLength)
  const [rows, columns] = random.split(key)
  const within = (k: Key, length: number, shape: Shape): Tensor => {
    const start = subtract(random.randint(k, [n, 1, 1, 1], 0, length), size >> 1),
      at = subtract(arange(0, length, { dtype: 'int32' }).reshape(shape), start)
    return logicalAnd(at.greater(-1), at.less(size))
  }
  return where(logicalAnd(within(rows, h, [1, h, 1, 1]), within(columns, w, [1, 1, w, 1])), 0, images)
}

/**
 * Convex combinations of examples and of their labels (Zhang et al. 2018, https://arxiv.org/abs/1710.09412): `lambda x + (1 - lambda) x'` with one lambda ~ Beta(alpha,
 * alpha) a batch and a random partner for each. `y` are distributions, as of `oneHot`.
 */
export function mixup(key: Key, x: Tensor, y: Tensor, alpha: number = 0.2): readonly [x: Tensor, y: Tensor] {
  if (x.shape[0] !== y.shape[0]) fail('ShapeError', `mixup: there are ${x.shape[0]} examples, but ${y.shape[0]} labels.`)
  if (!isFloating(y)) fail('DTypeError', `mixup: needs distributions, got ${y.dtype}. Class ids become some by oneHot(ids, classes).`)
  checkNumber('mixup', 'alpha', alpha, 'a number above 0', a => a > 0)
  const [share, partners] = random.split(key)
  const lambda = random.beta(share, alpha, alpha),
    order = random.permutation(partners, x.shape[0] as number)
  const mixed = (t: Tensor): Tensor => add(multiply(t, lambda), multiply(take(t, order, { axis: 0 }), subtract(1, lambda)))
  return [mixed(x), mixed(y)]
}

export interface SpecAugmentOptions {
  /** How many stretches of time are masked, and how long they are at most. Default 2 and 10. */
  readonly timeMasks?: number
  readonly timeWidth?: number
  /** The same for bands. Default 2 and 8. */
  readonly bandMasks?: number
  readonly bandWidth?: number
  /** What is put there. Default 0: the mean of normalised spectra. */
  readonly value?: number
}

/**
 * Masks of time and of frequency (Park et al. 2019, https://arxiv.org/abs/1904.08779, without time warping) for spectra `[n, t, bands]`: widths are uniform from 0 to
 * the given one, places uniform.
 */
export function specAugment(
  key: Key,
  spectra: Tensor,
  { timeMasks = 2, timeWidth = 10, bandMasks = 2, bandWidth = 8, value = 0 }: SpecAugmentOptions = {},
): Tensor {
  if (spectra.ndim !== 3) fail('ShapeError', `specAugment: needs spectra [n, t, bands], got ${showShape(spectra.shape)}.`)
  for (const [name, count] of Object.entries({ timeMasks, timeWidth, bandMasks, bandWidth }))
    checkNumber('specAugment', name, count, 'an integer of at least 0', isLength)
  const [n, t, bands] = spectra.shape as unknown as readonly [number, number, number]
  const masked = (x: Tensor, k: Key, length: number, most: number, shape: Shape): Tensor => {
    const [widths, places] = random.split(k)
    const width = random.randint(widths, [n, 1, 1], 0, Math.min(most, length) + 1)
    // Uniform on 0 to length - width.
    const start = multiply(random.uniform(places, [n, 1, 1]), subtract(length + 1, width).astype('float32')).astype('int32')
    const at = subtract(arange(0, length, { dtype: 'int32' }).reshape(shape), start)
    return where(logicalAnd(at.greater(-1), at.less(width)), array(value, { dtype: x.dtype }), x)
  }
  let out = spectra
  for (let i = 0; i < timeMasks; i++) out = masked(out, random.foldIn(key, 2 * i), t, timeWidth, [1, t, 1])
  for (let i = 0; i < bandMasks; i++) out = masked(out, random.foldIn(key, 2 * i + 1), bands, bandWidth, [1, 1, bands])
  return out
}
