/** The rows of the comparison in a browser: what every library computes, and from which numbers. */
import { dataOf } from '../rows.ts'

export interface Input {
  readonly data: Float32Array | Int32Array
  readonly shape: readonly number[]
}

/** What one library does in one row. */
export interface Job {
  /** Orders the work of one repetition. Whether it is complete is the caller's affair (see page.ts). */
  run(): void
  /** What the latest repetition gave: the result, or the loss of a step. Images as `[n, h, w, c]`, filters as `[h, w, in, out]`. */
  result(): Promise<ArrayLike<number>>
}

export type RowName = keyof typeof rows

export interface Library {
  readonly version: string
  /** Rows that are missing are not measured. */
  readonly jobs: { readonly [R in RowName]?: (...inputs: readonly Input[]) => Job }
}

export interface Row {
  readonly inputs: () => readonly Input[]
  /** Repetitions whose results are compared. */
  readonly compared: number
  /** Largest accepted difference, as a part of the largest number. */
  readonly tolerance: number
}

const { uniform, ints } = dataOf()
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)
let seed = 0
const numbers = (low: number, high: number, ...shape: number[]): Input => ({ data: uniform(++seed, sizeOf(shape), low, high), shape })
const labels = (count: number): Input => ({ data: ints(++seed, count, 10), shape: [count] })

const million = 1 << 20,
  batch = 32
const once = (tolerance: number, inputs: () => readonly Input[]): Row => ({ inputs, compared: 1, tolerance })
const steps = (inputs: () => readonly Input[]): Row => ({ inputs, compared: 5, tolerance: 1e-3 })
const squares = (n: number): Row => once(1e-4, () => [numbers(-1, 1, n, n), numbers(-1, 1, n, n)])
const images = (channels: number): Input => numbers(-1, 1, batch, 28, 28, channels)

export const rows = {
  'matmul 512': squares(512),
  'matmul 1024': squares(1024),
  'add 1M': once(1e-6, () => [numbers(-1, 1, million), numbers(-1, 1, million)]),
  'tanh(a*b+a)*2 1M': once(1e-4, () => [numbers(-2, 2, million), numbers(-2, 2, million)]),
  'softmax 1024': once(1e-4, () => [numbers(-4, 4, 1024, 1024)]),
  'sum 1M': once(1e-3, () => [numbers(0, 1, million)]),
  'MLP step': steps(() => [
    numbers(0, 1, batch, 784),
    labels(batch),
    numbers(-0.05, 0.05, 784, 64),
    numbers(-0.05, 0.05, 64),
    numbers(-0.2, 0.2, 64, 10),
    numbers(-0.05, 0.05, 10),
  ]),
  'CNN step': steps(() => [
    numbers(0, 1, batch, 28, 28, 1),
    labels(batch),
    numbers(-0.3, 0.3, 3, 3, 1, 8),
    numbers(-0.05, 0.05, 8),
    numbers(-0.1, 0.1, 3, 3, 8, 16),
    numbers(-0.05, 0.05, 16),
    numbers(-0.05, 0.05, 784, 10),
    numbers(-0.05, 0.05, 10),
  ]),
  conv: once(1e-4, () => [images(8), numbers(-0.1, 0.1, 3, 3, 8, 16)]),
  'conv weights': once(1e-4, () => [images(8), images(16)]),
} satisfies Record<string, Row>
