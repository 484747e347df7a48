/** Handwritten digits in memory: reading the files of MNIST, batches, slices. Runs anywhere. */
import { CotangentError, type Tensor, array } from '@cotangent/core'
import { decodeIdx } from '@cotangent/nn/data'

/** Images, row after row, and their labels 0..9. */
export interface Digits {
  /** `n * 28 * 28` grey values in 0..1. */
  readonly images: Float32Array
  /** `n` bytes. */
  readonly labels: Uint8Array
  readonly count: number
}
export interface Mnist {
  readonly train: Digits
  readonly test: Digits
}

export const SIDE = 28
const PIXELS = SIDE * SIDE

/** The elements of an IDX file of bytes with `ndim` axes. `what` names it in errors. */
export function parseIdx(what: string, bytes: Uint8Array, ndim: number): { readonly sizes: readonly number[]; readonly data: Uint8Array } {
  const { data, shape } = decodeIdx(bytes, `MNIST: ${what}`)
  if (!(data instanceof Uint8Array) || shape.length !== ndim)
    throw new CotangentError('ValueError', `MNIST: ${what} are no IDX file of bytes with ${ndim} axes.`)
  return { sizes: shape, data }
}

/** Images scaled to 0..1, with their labels, from the bytes of two IDX files. `what` names them in errors. */
export function parseDigits(what: string, imageFile: Uint8Array, labelFile: Uint8Array): Digits {
  const images = parseIdx(`${what} images`, imageFile, 3),
    labels = parseIdx(`${what} labels`, labelFile, 1)
  if (images.sizes[0] !== labels.sizes[0])
    throw new CotangentError('ValueError', `MNIST: ${images.sizes[0]} images but ${labels.sizes[0]} labels.`)
  const scaled = new Float32Array(images.data)
  for (let i = 0; i < scaled.length; i++) scaled[i] = (scaled[i] as number) / 255
  return { images: scaled, labels: labels.data, count: labels.data.length }
}

export interface Batch {
  /** `[n, 28, 28, 1]`, 0..1 */
  readonly images: Tensor
  /** `[n]`, int32 */
  readonly labels: Tensor
}

/** The examples with these numbers as tensors. */
export function batch(d: Digits, indices: ArrayLike<number>): Batch {
  const n = indices.length
  const images = new Float32Array(n * PIXELS),
    labels = new Int32Array(n)
  for (let i = 0; i < n; i++) {
    const k = indices[i] as number
    images.set(d.images.subarray(k * PIXELS, (k + 1) * PIXELS), i * PIXELS)
    labels[i] = d.labels[k] as number
  }
  return { images: array(images, { shape: [n, SIDE, SIDE, 1] }), labels: array(labels) }
}

/** `count` examples from number `start` on, or as many as there are: a smaller set of the same kind. */
export function slice(d: Digits, count: number, start: number = 0): Digits {
  const end = Math.min(start + count, d.count)
  return { images: d.images.subarray(start * PIXELS, end * PIXELS), labels: d.labels.subarray(start, end), count: Math.max(end - start, 0) }
}
