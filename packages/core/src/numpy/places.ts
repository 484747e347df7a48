/** Positions as data: grids of indices, triangles and diagonals of matrices, flat positions; and choosing by them. */
import { fromHost } from '../backend/execute.ts'

import { checkDType, type DType } from '../dtype.ts'
import { fail, inNameOf } from '../errors.ts'
import { checkOneOf, checkOptions, checkList } from '../options.ts'
import { add, floorDivide, multiply, remainder } from '../primitives/arithmetic.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { astype, promoteOperands, scalarOf, toBool } from '../primitives/cast.ts'
import { clip } from '../primitives/clamp.ts'
import { equal, less } from '../primitives/comparison.ts'
import { toIndices } from '../primitives/gather.ts'
import { iota } from '../primitives/iota.ts'
import { ravel, reshape } from '../primitives/reshape.ts'
import { where } from '../primitives/select.ts'
import { broadcastShapes, checkShape, type Shape, showShape, sizeOf, stridesOf } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { slice } from './atIndex.ts'
import { diag } from './creation.ts'
import { stack } from './manipulation.ts'
import { resize } from './shapes.ts'

const vector = (positions: readonly number[]): Tensor => fromHost(Int32Array.from(positions), [positions.length], 'int32')

// ---- grids and flat positions

interface Indices {
  /** Default int32. */
  readonly dtype?: DType
}
/**
 * The position along each axis, for all elements of a shape: `[axes, ...shape]`. With `sparse` a list with one tensor for each axis, of size 1 along
 * the others. NumPy: `indices`.
 */
export function indices(shape: Shape, options: Indices & { readonly sparse: true }): Tensor[]
export function indices(shape: Shape, options?: Indices): Tensor
export function indices(shape: Shape, options: Indices & { readonly sparse?: boolean } = {}): Tensor | Tensor[] {
  const { dtype = 'int32', sparse = false } = checkOptions('indices', options, 'dtype', 'sparse')
  checkShape('indices', shape)
  checkDType('indices', dtype)
  const only = (axis: number): number[] => shape.map((n, k) => (k === axis ? n : 1))
  if (sparse) return shape.map((_, axis) => iota(only(axis), { axis, dtype }))
  if (shape.length === 0) return iota([0], { dtype })
  return stack(shape.map((_, axis) => iota(shape, { axis, dtype })))
}

/** What happens to positions that are out of range. */
export interface OutOfRange {
  /** `clip` (default) takes the nearest position, `wrap` counts round and round. NumPy's `raise` would have to wait for values. */
  readonly mode?: 'clip' | 'wrap'
}
const modes: readonly NonNullable<OutOfRange['mode']>[] = ['clip', 'wrap']
function inRange(caller: string, i: Tensor, n: number, { mode = 'clip' }: OutOfRange): Tensor {
  return checkOneOf(caller, 'mode', mode, modes) === 'clip' ? clip(i, 0, Math.max(0, n - 1)) : remainder(i, Math.max(1, n))
}

/** Positions along the axes of a shape as positions in the flattened tensor. The index tensors broadcast. NumPy: `ravel_multi_index`. */
export function ravelMultiIndex(multiIndex: readonly TensorLike[], shape: Shape, options: OutOfRange = {}): Tensor {
  checkOptions('ravelMultiIndex', options, 'mode')
  checkShape('ravelMultiIndex', shape)
  if (checkList('ravelMultiIndex', multiIndex).length !== shape.length || shape.length === 0)
    fail('ShapeError', `ravelMultiIndex: ${multiIndex.length} index tensors for the ${shape.length} axes of shape ${showShape(shape)}.`)
  const strides = stridesOf(shape)
  const parts = multiIndex.map((i, k) =>
    multiply(inRange('ravelMultiIndex', toIndices('ravelMultiIndex', i), shape[k] as number, options), strides[k] as number),
  )
  broadcastShapes('ravelMultiIndex', ...parts.map(p => p.shape))
  return parts.reduce(add)
}
/**
 * Positions in a flattened tensor as positions along the axes of its shape, an int32 tensor for each. Negative ones count from the end, those out of range
 * are taken as the nearest. NumPy: `unravel_index`.
 */
export function unravelIndex(positions: TensorLike, shape: Shape): readonly Tensor[] {
  checkShape('unravelIndex', shape)
  const i = toIndices('unravelIndex', positions),
    n = sizeOf(shape)
  const flat = inRange('unravelIndex', where(less(i, 0), add(i, n), i), n, {})
  return stridesOf(shape).map((stride, k) => remainder(floorDivide(flat, Math.max(1, stride)), Math.max(1, shape[k] as number)))
}

// ---- diagonals and triangles

/** A vector of 0 to n - 1 for each of `ndim` axes (default 2): where the main diagonal is. NumPy: `diag_indices`. */
export function diagIndices(n: number, options: { readonly ndim?: number } = {}): readonly Tensor[] {
  const { ndim = 2 } = checkOptions('diagIndices', options, 'ndim')
  checkShape('diagIndices', [n, ndim])
  return Array.from({ length: ndim }, () => iota([n]))
}
/** Where the main diagonal of x is, whose axes are of one size. NumPy: `diag_indices_from`. */
export function diagIndicesFrom(x: TensorLike): readonly Tensor[] {
  const t = toTensor(x, 'diagIndicesFrom')
  return diagIndices(cubeSize('diagIndicesFrom', t), { ndim: t.ndim })
}
function cubeSize(caller: string, t: Tensor): number {
  const [n] = t.shape
  return t.ndim >= 2 && n !== undefined && t.shape.every(m => m === n)
    ? n
    : fail('ShapeError', `${caller}: needs at least 2 axes of one size, got shape ${showShape(t.shape)}.`)
}

export interface Triangle {
  /** The diagonal: 0 the main one, positive above it. Default 0. */
  readonly offset?: number
}
export interface TriangleOf extends Triangle {
  /** Number of columns. Default: as many as rows. */
  readonly columns?: number
}
type RowsAndColumns = readonly [rows: Tensor, columns: Tensor]

function triangle(caller: string, rows: number, columns: number, holds: (columnLessRow: number) => boolean): RowsAndColumns {
  checkShape(caller, [rows, columns])
  const places = Array.from({ length: rows * columns }, (_, i) => i).filter(i => holds((i % columns) - Math.floor(i / columns)))
  return [vector(places.map(i => Math.floor(i / columns))), vector(places.map(i => i % columns))]
}
/** Rows and columns of the elements on and below a diagonal of a matrix. NumPy: `tril_indices`. */
export function trilIndices(rows: number, options: TriangleOf = {}): RowsAndColumns {
  const { columns = rows, offset = 0 } = checkOptions('trilIndices', options, 'offset', 'columns')
  return triangle('trilIndices', rows, columns, d => d <= offset)
}
/** Rows and columns of the elements on and above a diagonal of a matrix. NumPy: `triu_indices`. */
export function triuIndices(rows: number, options: TriangleOf = {}): RowsAndColumns {
  const { columns = rows, offset = 0 } = checkOptions('triuIndices', options, 'offset', 'columns')
  return triangle('triuIndices', rows, columns, d => d >= offset)
}
/** Rows and columns of the elements of a matrix x on and below a diagonal. NumPy: `tril_indices_from`. */
export function trilIndicesFrom(x: TensorLike, options: Triangle = {}): RowsAndColumns {
  const { offset = 0 } = checkOptions('trilIndicesFrom', options, 'offset')
  return triangle('trilIndicesFrom', ...matrixShape('trilIndicesFrom', x), d => d <= offset)
}
/** Rows and columns of the elements of a matrix x on and above a diagonal. NumPy: `triu_indices_from`. */
export function triuIndicesFrom(x: TensorLike, options: Triangle = {}): RowsAndColumns {
  const { offset = 0 } = checkOptions('triuIndicesFrom', options, 'offset')
  return triangle('triuIndicesFrom', ...matrixShape('triuIndicesFrom', x), d => d >= offset)
}
function matrixShape(caller: string, x: TensorLike): readonly [number, number] {
  const { shape } = toTensor(x, caller)
  return shape.length === 2 ? (shape as [number, number]) : fail('ShapeError', `${caller}: needs a matrix, got shape ${showShape(shape)}.`)
}

/** The elements of x, flattened, on a diagonal of a square matrix. NumPy: `diagflat`. */
export function diagflat(x: TensorLike, options: Triangle = {}): Tensor {
  const { offset = 0 } = checkOptions('diagflat', options, 'offset')
  return diag(ravel(toTensor(x, 'diagflat')), { offset })
}

/**
 * x with its main diagonal replaced by a value, or by values in turn. With more than two axes all must have one size. `wrap`: in a matrix of more rows than
 * columns the diagonal starts again below. NumPy: `fill_diagonal`, which changes x.
 */
export function fillDiagonal(x: TensorLike, values: TensorLike, options: { readonly wrap?: boolean } = {}): Tensor {
  return inNameOf('fillDiagonal', () => {
    const { wrap = false } = checkOptions('fillDiagonal', options, 'wrap')
    const t = toTensor(x, 'fillDiagonal')
    if (t.ndim !== 2) cubeSize('fillDiagonal', t)
    const step = stridesOf(t.shape).reduce((a, b) => a + b, 0)
    // Without `wrap` it ends where the matrix is square.
    const end = t.ndim === 2 && !wrap ? Math.min(t.size, (t.shape[1] as number) ** 2) : t.size
    const count = Math.ceil(end / Math.max(1, step))
    const part = ravel(t).at(slice(0, end, Math.max(1, step)))
    return reshape(part.set(inTurn('fillDiagonal', values, count)), t.shape)
  })
}
/** Values flattened and repeated to a length. */
function inTurn(caller: string, values: TensorLike, count: number): Tensor {
  const v = toTensor(values, caller)
  if (v.size === 0 && count > 0) fail('ShapeError', `${caller}: values of shape ${showShape(v.shape)} have nothing to write.`)
  return v.size === 1 ? reshape(v, []) : resize(v, [count])
}

// ---- choosing

/**
 * x with values written at positions in the flattened tensor: in turn, if there are fewer values than positions. Negative positions count from the end;
 * those out of range: see `mode`. Where positions repeat, the last value wins. NumPy: `put`, which changes x.
 */
export function put(x: TensorLike, positions: TensorLike, values: TensorLike, options: OutOfRange = {}): Tensor {
  return inNameOf('put', () => {
    const { mode = 'clip' } = checkOptions('put', options, 'mode')
    checkOneOf('put', 'mode', mode, modes)
    toTensor(values, 'put')
    const t = toTensor(x, 'put'),
      i = ravel(toIndices('put', positions))
    const at = inRange('put', mode === 'wrap' ? i : where(less(i, 0), add(i, t.size), i), t.size, options)
    return reshape(
      ravel(t)
        .at(at)
        .set(inTurn('put', values, i.size)),
      t.shape,
    )
  })
}

/** At each place the element of that one of the choices that `which` names; all broadcast. NumPy: `choose`. */
export function choose(which: TensorLike, choices: readonly TensorLike[], options: OutOfRange = {}): Tensor {
  checkOptions('choose', options, 'mode')
  if (checkList('choose', choices).length === 0) fail('ValueError', 'choose: needs at least one choice.')
  const at = toIndices('choose', which),
    typed = promoteOperands('choose', ...choices)
  const i = inRange('choose', at, choices.length, options)
  const shape = broadcastShapes('choose', i.shape, ...typed.map(t => t.shape))
  return broadcastTo(
    typed.slice(1).reduce((out, t, k) => where(equal(i, k + 1), t, out), typed[0] as Tensor),
    shape,
  )
}

/** At each place the element of the first choice whose condition holds, else `otherwise` (default 0); all broadcast. NumPy: `select`. */
export function select(
  conditions: readonly TensorLike[],
  choices: readonly TensorLike[],
  options: { readonly otherwise?: TensorLike } = {},
): Tensor {
  const { otherwise = 0 } = checkOptions('select', options, 'otherwise')
  if (checkList('select', conditions).length !== checkList('select', choices).length || choices.length === 0)
    fail('ValueError', `select: ${conditions.length} conditions for ${choices.length} choices: there must be one each, and at least one.`)
  const tests = conditions.map(c => toBool('select', c))
  const [last, ...typed] = promoteOperands('select', otherwise, ...choices) as [Tensor, ...Tensor[]]
  const shape = broadcastShapes('select', ...tests.map(c => c.shape), ...typed.map(t => t.shape), last.shape)
  return broadcastTo(
    tests.reduceRight((out, test, k) => where(test, typed[k] as Tensor, out), last),
    shape,
  )
}

export type Piece = ((x: Tensor) => TensorLike) | number
/**
 * A function given in pieces: at each place that of the last condition that holds, or what stands behind the others (default 0). All are computed everywhere:
 * where one has an infinite derivative outside of its place, keep its argument away from there, as for `where`. NumPy: `piecewise`.
 *
 * @example piecewise(x, [x.less(0), x.greater(1)], [0, 1, x => x]) // clipped to [0, 1]
 */
export function piecewise(x: TensorLike, conditions: readonly TensorLike[], pieces: readonly Piece[]): Tensor {
  const t = toTensor(x, 'piecewise')
  checkList('piecewise', conditions)
  checkList('piecewise', pieces, 'functions and numbers')
  if (pieces.length !== conditions.length && pieces.length !== conditions.length + 1)
    fail('ValueError', `piecewise: ${pieces.length} functions for ${conditions.length} conditions: as many, or one more for elsewhere.`)
  const tests = conditions.map(c => toBool('piecewise', c))
  broadcastShapes('piecewise', t.shape, ...tests.map(c => c.shape))
  const valueOf = (p: Piece): Tensor => broadcastTo(astype(typeof p === 'function' ? p(t) : p, t.dtype), t.shape)
  const elsewhere = pieces.length > tests.length ? valueOf(pieces.at(-1) as Piece) : broadcastTo(scalarOf(0, t.dtype), t.shape)
  return tests.reduce((out, test, k) => where(test, valueOf(pieces[k] as Piece), out), elsewhere)
}
