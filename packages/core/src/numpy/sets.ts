/** Vectors as sets: distinct elements, membership, union, intersection, difference. Under jit the number of results is given as `size`. */
import { isFloat } from '../dtype.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { subtract } from '../primitives/arithmetic.ts'
import { bitwiseAnd, bitwiseNot } from '../primitives/bitwise.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { promoteOperands, scalarOf } from '../primitives/cast.ts'
import { equal, isnan, less, notEqual } from '../primitives/comparison.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { cumsum } from '../primitives/cumulative.ts'
import { iota } from '../primitives/iota.ts'
import { any, sum } from '../primitives/reduce.ts'
import { ravel, reshape } from '../primitives/reshape.ts'
import { scatter } from '../primitives/scatter.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { argsort } from '../primitives/sort.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { normalizeAxis, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { zeros } from './creation.ts'
import { take } from './indexing.ts'
import { positionsOf } from './nonzero.ts'
import { countBefore } from './search.ts'
import type { FilledSize } from './staticSize.ts'

// ---- distinct elements

export interface UniqueOptions extends FilledSize {
  /** Distinct slices along an axis, in lexicographic order. Default: distinct elements of the flattened tensor. */
  readonly axis?: number
  /** Do all NaN count as one? Default true. */
  readonly equalNan?: boolean
}
interface UniqueReturns<Flag extends boolean = boolean> {
  /** Also the position of the first of each, int32. Default false. */
  readonly returnIndex?: Flag
  /** Also, for each element, which of the distinct ones it is: int32. Default false. */
  readonly returnInverse?: Flag
  /** Also how often each occurs, int32. Default false. */
  readonly returnCounts?: Flag
}
/** With one of them, `unique` gives a list. */
export type UniqueReturning = UniqueOptions &
  UniqueReturns &
  ({ readonly returnIndex: true } | { readonly returnInverse: true } | { readonly returnCounts: true })

/**
 * The distinct elements, ascending, NaN last. With `return...` a list: the elements, then positions, inverse and counts, those that were asked
 * for. Up to `size` stands `fillValue`, by default the smallest element; its count is 0. Distinct slices take a sort for each element of a
 * slice. NumPy: `unique`.
 *
 * @example const [ids, counts] = unique(labels, { returnCounts: true })
 */
export function unique(x: TensorLike, options: UniqueReturning): readonly Tensor[]
export function unique(x: TensorLike, options?: UniqueOptions & UniqueReturns<false>): Tensor
export function unique(x: TensorLike, options: UniqueOptions & UniqueReturns = {}): Tensor | readonly Tensor[] {
  checkOptions('unique', options, 'size', 'fillValue', 'axis', 'equalNan', 'returnIndex', 'returnInverse', 'returnCounts')
  const { axis, returnIndex = false, returnInverse = false, returnCounts = false } = options
  const given = toTensor(x, 'unique'),
    k = axis === undefined ? 0 : normalizeAxis('unique', axis, given.ndim)
  const rows = axis === undefined ? ravel(given) : moveaxis(given, k, 0)
  const { values, order, isFirst, starts, count } = distinct('unique', rows, options)
  const n = rows.shape[0] as number,
    out = moveaxis(values, 0, k)
  if (!returnIndex && !returnInverse && !returnCounts) return out
  const inverse = (): Tensor => {
    const ranks = scatter(zeros([n], { dtype: 'int32' }), [order], subtract(cumsum(isFirst), 1))
    return axis === undefined ? reshape(ranks, given.shape) : ranks
  }
  return [
    out,
    ...(returnIndex ? [take(order, starts, { mode: 'clip' })] : []),
    ...(returnInverse ? [inverse()] : []),
    ...(returnCounts ? [runLengths(starts, count, n)] : []),
  ]
}

interface Distinct {
  /** The distinct rows, up to the size. */
  readonly values: Tensor
  /** The positions that sort the rows. */
  readonly order: Tensor
  /** Which sorted rows differ from the one before. */
  readonly isFirst: Tensor
  /** The positions of those among the sorted rows; 0 where there is none. */
  readonly starts: Tensor
  /** How many there are: int32. */
  readonly count: Tensor
}

function distinct(caller: string, rows: Tensor, { size, fillValue, equalNan = true }: UniqueOptions): Distinct {
  const order = lexicographicOrder(rows),
    sorted = take(rows, order, { axis: 0, mode: 'clip' }),
    isFirst = firsts(sorted, equalNan)
  if (rows.size === 0 && (size ?? 0) > 0)
    fail('ShapeError', `${caller}: no elements: shape ${showShape(rows.shape)} cannot fill size ${size}.`)
  const starts = positionsOf(caller, isFirst, size, 0),
    count = sum(isFirst)
  const found = take(sorted, starts, { axis: 0, mode: 'clip' })
  if (size === undefined || fillValue === undefined) return { values: found, order, isFirst, starts, count }
  const isFound = reshape(less(iota([size]), count), [size, ...rows.shape.slice(1).map(() => 1)])
  return { values: where(isFound, found, scalarOf(fillValue, rows.dtype)), order, isFirst, starts, count }
}

/** The positions that sort rows by their first elements, then the second, ...: stable sorts from the last to the first. */
function lexicographicOrder(rows: Tensor): Tensor {
  const n = rows.shape[0] as number
  if (rows.ndim === 1) return argsort(rows)
  const flat = reshape(rows, [n, rows.size / Math.max(1, n)])
  let order = iota([n])
  for (let k = (flat.shape[1] as number) - 1; k >= 0; k--) {
    const column = ravel(sliceAxis(flat, k, k + 1, { axis: 1 }))
    order = take(order, argsort(take(column, order, { mode: 'clip' })), { mode: 'clip' })
  }
  return order
}

/** Which sorted rows differ from the one before. */
function firsts(sorted: Tensor, equalNan: boolean): Tensor {
  const before = sliceAxis(sorted, 0, -1),
    own = sliceAxis(sorted, 1)
  const differs = notEqual(own, before)
  const isOther = equalNan && isFloat(sorted.dtype) ? bitwiseAnd(differs, bitwiseNot(bitwiseAnd(isnan(own), isnan(before)))) : differs
  const rows = any(isOther, { axis: sorted.shape.map((_, k) => k).slice(1) })
  return concatenate([firstRow(sorted.shape[0] as number), rows])
}
/** The first row, if there is one, is new. */
const firstRow = (n: number): Tensor => equal(iota([Math.min(1, n)]), 0)

/** How many sorted elements there are from each start to the next one, 0 behind the last. */
function runLengths(starts: Tensor, count: Tensor, n: number): Tensor {
  const own = iota([starts.size]),
    next = concatenate([sliceAxis(starts, 1), zeros([Math.min(1, starts.size)], { dtype: 'int32' })])
  const ends = where(less(own, subtract(count, 1)), next, n)
  return where(less(own, count), subtract(ends, starts), 0)
}

// ---- membership

/** Is each element of x an element of y? bool, in the shape of x. NaN is not. NumPy: `isin`. */
export function isin(x: TensorLike, y: TensorLike, options: { readonly invert?: boolean } = {}): Tensor {
  const { invert = false } = checkOptions('isin', options, 'invert')
  const [t, among] = promoteOperands('isin', x, y)
  const isThere = isElement(t, ravel(among))
  return invert ? bitwiseNot(isThere) : isThere
}

const sortedOf = (t: Tensor): Tensor => take(t, argsort(t), { mode: 'clip' })

function isElement(t: Tensor, among: Tensor): Tensor {
  if (among.size === 0) return broadcastTo(scalarOf(0, 'bool'), t.shape)
  const table = sortedOf(among)
  return equal(take(table, countBefore(table, t, 'left'), { mode: 'clip' }), t)
}

// ---- sets

const vectors = (caller: string, x: TensorLike, y: TensorLike): readonly [Tensor, Tensor] => {
  const [a, b] = promoteOperands(caller, x, y)
  return [ravel(a), ravel(b)]
}

/** The distinct elements of both, ascending. Up to `size` stands `fillValue`, by default the smallest element. NumPy: `union1d`. */
export function union1d(x: TensorLike, y: TensorLike, options: FilledSize = {}): Tensor {
  checkOptions('union1d', options, 'size', 'fillValue')
  return distinct('union1d', concatenate(vectors('union1d', x, y)), options).values
}

export interface IntersectOptions extends FilledSize {
  /** Also the positions of each element in x and in y (of the first of several), int32; -1 up to `size`. Default false. */
  readonly returnIndices?: boolean
}

/**
 * The distinct elements that are in both, ascending. Up to `size` stands `fillValue` (default 0). With `returnIndices` a list of the elements, their
 * positions in x and those in y. NumPy: `intersect1d`.
 */
export function intersect1d(
  x: TensorLike,
  y: TensorLike,
  options: IntersectOptions & { readonly returnIndices: true },
): readonly [Tensor, Tensor, Tensor]
export function intersect1d(x: TensorLike, y: TensorLike, options?: IntersectOptions & { readonly returnIndices?: false }): Tensor
export function intersect1d(x: TensorLike, y: TensorLike, options: IntersectOptions = {}): Tensor | readonly [Tensor, Tensor, Tensor] {
  const { size, fillValue = 0, returnIndices = false } = checkOptions('intersect1d', options, 'size', 'fillValue', 'returnIndices')
  const [a, b] = vectors('intersect1d', x, y)
  const order = argsort(a),
    sorted = take(a, order, { mode: 'clip' })
  const places = positionsOf('intersect1d', bitwiseAnd(firsts(sorted, false), isElement(sorted, b)), size, a.size)
  const values = take(sorted, places, { fillValue })
  if (!returnIndices) return values
  const theirs = argsort(b),
    table = take(b, theirs)
  const found = take(theirs, countBefore(table, values, 'left'), { fillValue: -1 })
  return [values, take(order, places, { fillValue: -1 }), where(equal(places, a.size), -1, found)]
}

export interface SetdiffOptions extends FilledSize {
  /** x has no element twice: the result keeps the order of x. Default false. */
  readonly assumeUnique?: boolean
}

/** The distinct elements of x that are not in y, ascending. Up to `size` stands `fillValue` (default 0). NumPy: `setdiff1d`. */
export function setdiff1d(x: TensorLike, y: TensorLike, options: SetdiffOptions = {}): Tensor {
  const { size, fillValue = 0, assumeUnique = false } = checkOptions('setdiff1d', options, 'size', 'fillValue', 'assumeUnique')
  const [a, b] = vectors('setdiff1d', x, y)
  const candidates = assumeUnique ? a : sortedOf(a)
  const isOther = bitwiseNot(isElement(candidates, b))
  const kept = assumeUnique ? isOther : bitwiseAnd(isOther, firsts(candidates, true))
  return take(candidates, positionsOf('setdiff1d', kept, size, a.size), { fillValue })
}
