/**
 * Examples in memory: columns of typed arrays whose first axis counts examples, and which of them in which order. Choosing, shuffling and splitting change
 * the list of numbers alone; only `batches` copies elements, into tensors.
 */
import { type DType, type Key, type Shape, type Tensor, type TypedArray, array, isTensor, random } from '@cotangent/core'
import { described, fail, showShape, sizeOf } from '@cotangent/core/extend'

/** An array on the host: `[n, ...]`, row-major. */
export interface HostArray {
  readonly data: TypedArray
  readonly shape: Shape
  /** Default: that of the typed array. bfloat16 numbers are in a Float32Array, booleans in a Uint8Array. */
  readonly dtype?: DType
}
export type Columns = Readonly<Record<string, HostArray>>

export interface Dataset<C extends Columns = Columns> {
  readonly columns: C
  /** Numbers of the examples, in order. */
  readonly rows: Int32Array
}
/** One tensor a column, `[n, ...]`. */
export type BatchOf<C> = { readonly [K in keyof C]: Tensor }

/** How columns are given: as they are kept, a tensor (read once), or a list of numbers. */
export type ColumnLike = HostArray | Tensor | TypedArray
type ColumnsOf<G> = { readonly [K in keyof G]: HostArray }

/**
 * A dataset of all examples.
 * @example
 * const digits = dataset({ images: { data: bytes, shape: [60000, 28, 28, 1] }, labels: Int32Array.of(...) })
 */
export function dataset<const G extends Readonly<Record<string, ColumnLike>>>(given: G): Dataset<ColumnsOf<G>> {
  const columns = Object.fromEntries(Object.entries(given).map(([name, column]) => [name, hostArrayOf(name, column)]))
  const counts = Object.entries(columns).map(([name, { shape }]) => [name, shape[0] as number] as const)
  const count = counts[0]?.[1] ?? refuse('dataset: needs at least one column.')
  const other = counts.find(([, n]) => n !== count)
  if (other !== undefined) refuse(`dataset: ${counts[0]?.[0]} has ${count} examples, but ${other[0]} has ${other[1]}.`)
  return { columns: columns as unknown as ColumnsOf<G>, rows: Int32Array.from({ length: count }, (_, i) => i) }
}

function hostArrayOf(name: string, given: ColumnLike): HostArray {
  const column: HostArray = isTensor(given)
    ? { data: given.dataSync(), shape: given.shape, dtype: given.dtype }
    : ArrayBuffer.isView(given)
      ? { data: given, shape: [given.length] }
      : given
  checkHostArray(`dataset: ${name}`, column)
  if (column.shape.length === 0) refuse(`dataset: ${name} has shape []. The first axis counts examples.`)
  return column
}

/** Elements and a shape for them. */
export function checkHostArray(where: string, given: unknown): void {
  const { data, shape } = (given ?? {}) as { readonly data?: TypedArray; readonly shape?: Shape }
  if (!ArrayBuffer.isView(data) || !Array.isArray(shape))
    return refuse(`${where} must be a tensor, a typed array, or { data, shape } of one, got ${described(given)}.`)
  if (sizeOf(shape) !== data.length)
    refuse(`${where} has shape ${showShape(shape)} and ${data.length} elements. The first axis counts examples.`)
}

const refuse = (why: string): never => fail('ValueError', why)
const withRows = <C extends Columns>(d: Dataset<C>, rows: Int32Array): Dataset<C> => ({ columns: d.columns, rows })

/** The examples `start` to `end`, in order; negative numbers count from the end. */
export const sliceOf = <C extends Columns>(d: Dataset<C>, start: number, end?: number): Dataset<C> => withRows(d, d.rows.slice(start, end))

/** The examples for which it holds: `filter(digits, i => digits.columns.labels.data[i] < 5)`. `row` is a number of the columns. */
export const filter = <C extends Columns>(d: Dataset<C>, holds: (row: number) => boolean): Dataset<C> => withRows(d, d.rows.filter(holds))

/** In an order that the key decides: every example once. */
export const shuffle = <C extends Columns>(key: Key, d: Dataset<C>): Dataset<C> => {
  const order = random.permutation(key, d.rows.length).dataSync()
  return withRows(
    d,
    Int32Array.from(order, i => d.rows[i] as number),
  )
}

/**
 * Parts whose sizes are the shares, which add up to 1; every example is in one. With a key the examples are shuffled first.
 * @example const [train, validation] = splitDataset(digits, [0.9, 0.1], { key: random.key(0) })
 */
export function splitDataset<C extends Columns, const N extends readonly number[]>(
  d: Dataset<C>,
  shares: N,
  { key }: { readonly key?: Key } = {},
): { readonly [K in keyof N]: Dataset<C> } {
  const total = shares.reduce((a, b) => a + b, 0)
  if (shares.some(s => !(s >= 0)) || Math.abs(total - 1) > 1e-6)
    refuse(`splitDataset: the shares must add up to 1, got ${shares.join(' + ')}.`)
  const from = key === undefined ? d : shuffle(key, d)
  let share = 0
  const ends = shares.map(s => Math.round((share += s) * d.rows.length))
  return ends.map((end, i) => sliceOf(from, ends[i - 1] ?? 0, end)) as unknown as { readonly [K in keyof N]: Dataset<C> }
}

export interface Fold<C extends Columns> {
  readonly train: Dataset<C>
  readonly validation: Dataset<C>
}

/** k ways to set a part aside: each example is in one `validation`, and in all other `train`s. With a key the examples are shuffled first. scikit-learn: `KFold`. */
export function kFold<C extends Columns>(d: Dataset<C>, k: number, { key }: { readonly key?: Key } = {}): readonly Fold<C>[] {
  const n = d.rows.length
  if (!Number.isInteger(k) || k < 2 || k > n) refuse(`kFold: k must be an integer from 2 to ${n}, the number of examples, got ${k}.`)
  const { rows } = key === undefined ? d : shuffle(key, d)
  // The first n % k parts have one more, as in scikit-learn.
  const startOf = (i: number): number => i * Math.floor(n / k) + Math.min(i, n % k)
  return Array.from({ length: k }, (_, i) => {
    const start = startOf(i),
      end = startOf(i + 1)
    const train = new Int32Array(n - (end - start))
    train.set(rows.subarray(0, start))
    train.set(rows.subarray(end), start)
    return { train: withRows(d, train), validation: withRows(d, rows.slice(start, end)) }
  })
}

/** Every `size`th example from number `rank` on: the part of one of `size` workers. */
export function shard<C extends Columns>(d: Dataset<C>, rank: number, size: number): Dataset<C> {
  if (!Number.isInteger(rank) || !Number.isInteger(size) || rank < 0 || rank >= size)
    refuse(`shard: needs a rank from 0 to size - 1, got ${rank} of ${size}.`)
  return withRows(
    d,
    d.rows.filter((_, i) => i % size === rank),
  )
}

export interface BatchesOptions {
  /** Shuffle by this key first. Default: in order. */
  readonly key?: Key
  /** Leave out a last batch that is smaller. Default false. */
  readonly dropLast?: boolean
}

/** Batches that can be iterated again, and from any one on. */
export interface Batches<B> extends Iterable<B> {
  /** How many. */
  readonly length: number
  /** All but the first `count`, which are not made. */
  drop(count: number): Batches<B>
}

/**
 * The examples as tensors, `size` at a time.
 * @example
 * for (const { images, labels } of batches(digits, 32, { key })) ... // images: [32, 28, 28, 1]
 */
export function batches<C extends Columns>(
  d: Dataset<C>,
  size: number,
  { key, dropLast = false }: BatchesOptions = {},
): Batches<BatchOf<C>> {
  if (!Number.isInteger(size) || size < 1) refuse(`batches: the size must be a positive integer, got ${size}.`)
  const { rows } = key === undefined ? d : shuffle(key, d)
  const count = dropLast ? Math.floor(rows.length / size) : Math.ceil(rows.length / size)
  const startingAt = (first: number): Batches<BatchOf<C>> => ({
    length: Math.max(count - first, 0),
    drop: more => startingAt(first + more),
    *[Symbol.iterator]() {
      for (let i = first; i < count; i++) yield gather(d.columns, rows.subarray(i * size, (i + 1) * size))
    },
  })
  return startingAt(0)
}

/** All examples as one batch. */
export const tensorsOf = <C extends Columns>(d: Dataset<C>): BatchOf<C> => gather(d.columns, d.rows)

function gather<C extends Columns>(columns: C, rows: Int32Array): BatchOf<C> {
  const one = ({ data, shape, dtype }: HostArray): Tensor => {
    const width = sizeOf(shape.slice(1))
    const out = new (data.constructor as new (n: number) => TypedArray)(rows.length * width)
    for (let i = 0; i < rows.length; i++) {
      const from = (rows[i] as number) * width
      out.set(data.subarray(from, from + width), i * width)
    }
    const options = { shape: [rows.length, ...shape.slice(1)] }
    return array(out, dtype === undefined ? options : { ...options, dtype })
  }
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, one(column)])) as BatchOf<C>
}
