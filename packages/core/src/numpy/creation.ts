/** Making tensors, from host data and by formula; and back to nested arrays. */
import { fromHost } from '../backend/execute.ts'
import { checkDType, convert, convertsItself, type DType, dtypes, hostArray, isFloat, type TypedArray } from '../dtype.ts'
import { fail, inNameOf } from '../errors.ts'
import { checkOneOf, checkOptions, checkList } from '../options.ts'
import { add, divide, multiply } from '../primitives/arithmetic.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { astype, scalarOf } from '../primitives/cast.ts'
import { equal, greaterEqual } from '../primitives/comparison.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { iota } from '../primitives/iota.ts'
import { padWith } from '../primitives/pad.ts'
import { sum } from '../primitives/reduce.ts'
import { expandDims, reshape } from '../primitives/reshape.ts'
import { DEEPEST } from '../tree/structure.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { checkNumber, checkShape, normalizeAxis, type Shape, showShape, sizeOf } from '../shape.ts'
import { newAxisAt } from './parts.ts'
import { type NestedArray, type Tensor, type TensorLike, toTensor } from '../tensor.ts'

// ---- from and to the host

export interface ArrayOptions {
  readonly dtype?: DType
  /** The shape of a flat list or typed array. Default: as nested. */
  readonly shape?: Shape
}

/**
 * A tensor with a copy of host data: nested arrays, a typed array or a number. Without `dtype`, numbers give float32 (integral ones too:
 * JavaScript does not tell 1 from 1.0) and booleans bool; a Float64Array gives float32 as in JAX's 32-bit mode (ask for `dtype: 'float64'` to
 * keep it), other typed arrays their own dtype, a Uint8ClampedArray uint8, arrays of 16-bit integers int32. Numbers that an integer dtype cannot hold wrap; fractions are cut.
 * Throws a ShapeError that names the place where nesting is ragged. NumPy: `array`.
 *
 * @example array([[1, 2], [3, 4]], { dtype: 'int32' })
 */
export function array(data: NestedArray | ArrayBufferView, options: ArrayOptions = {}): Tensor {
  const { dtype, shape } = checkOptions('array', options, 'dtype', 'shape')
  if (dtype !== undefined) checkDType('array', dtype)
  const flat: number[] = []
  const source = ArrayBuffer.isView(data) ? typedArray(data) : flat
  const nested = ArrayBuffer.isView(data) ? [source.length] : flatten(data, flat)
  const to = dtype ?? (ArrayBuffer.isView(data) ? dtypeOfTypedArray(data) : nestedDType(data))
  const target = shape ?? nested
  checkShape('array', target)
  if (sizeOf(target) !== source.length) fail('ShapeError', `array: ${source.length} elements do not fill shape ${showShape(target)}.`)
  return fromHost(toHost(source, to), target, to)
}

/** Elements as `dtype` stores them. An array of the very type is passed on: uploading copies it. */
function toHost(source: ArrayLike<number>, dtype: DType): TypedArray {
  const host = hostArray(dtype, 0),
    plain = convertsItself(dtype)
  if (source.constructor === host.constructor && plain) return source as TypedArray
  const out = hostArray(dtype, source.length)
  if (plain) out.set(source)
  else for (let i = 0; i < source.length; i++) out[i] = convert(source[i] as number, dtype)
  return out
}

function typedArray(data: ArrayBufferView): ArrayLike<number> {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array || data instanceof DataView)
    return fail('DTypeError', `array: ${data.constructor.name} is not accepted. Convert to a Float64Array or an Int32Array first.`)
  return data as unknown as ArrayLike<number>
}
function dtypeOfTypedArray(data: ArrayBufferView): DType {
  const { name } = data.constructor
  if (data instanceof Float64Array) return 'float32'
  if (data instanceof Uint8ClampedArray) return 'uint8'
  return dtypes.find(d => name.toLowerCase() === `${d}array`) ?? (name.startsWith('Float') ? 'float32' : 'int32')
}

/** bool if all leaves are. */
function nestedDType(data: NestedArray): DType {
  if (typeof data !== 'object') return typeof data === 'boolean' ? 'bool' : 'float32'
  return data.length > 0 && data.every(x => nestedDType(x) === 'bool') ? 'bool' : 'float32'
}

/** Appends the leaves in row-major order and gives the shape. */
function flatten(data: NestedArray, out: number[], path = 'array', depth = 0): number[] {
  if (typeof data === 'number' || typeof data === 'boolean') {
    out.push(Number(data))
    return []
  }
  if (!Array.isArray(data))
    return fail(
      'TreeError',
      `array: ${path} is ${data === null ? 'null' : typeof data}. Nest arrays of numbers or booleans; join tensors with stack.`,
    )
  if (depth > DEEPEST) fail('TreeError', `array: nested deeper than ${DEEPEST} levels. Does the array contain itself?`)
  const list = data as readonly NestedArray[]
  const inner = list.length === 0 ? [] : flatten(list[0] as NestedArray, out, `${path}[0]`, depth + 1)
  for (let i = 1; i < list.length; i++) {
    const shape = flatten(list[i] as NestedArray, out, `${path}[${i}]`, depth + 1)
    if (showShape(shape) !== showShape(inner))
      fail(
        'ShapeError',
        `array: ragged nesting: ${path}[${i}] has shape ${showShape(shape)}, ${path}[0] has ${showShape(inner)}. Fill the shorter ones up.`,
      )
  }
  return [list.length, ...inner]
}

// ---- constants

interface OfDType {
  /** Default float32. */
  readonly dtype?: DType
}

/** A tensor without axes, of a dtype that is not weak (unlike a plain number beside a tensor). Default float32, bool for a boolean. */
export function scalar(value: number | boolean, options: OfDType = {}): Tensor {
  const { dtype = typeof value === 'boolean' ? 'bool' : 'float32' } = checkOptions('scalar', options, 'dtype')
  return scalarOf(convert(Number(value), checkDType('scalar', dtype)), dtype)
}

/** `shape` filled with one value, which may be a tensor that broadcasts to it. NumPy: `full`. */
export function full(shape: Shape, value: TensorLike, options: { readonly dtype?: DType } = {}): Tensor {
  const { dtype } = checkOptions('full', options, 'dtype')
  return filled('full', shape, value, dtype)
}
function filled(where: string, shape: Shape, value: TensorLike, dtype: DType | undefined): Tensor {
  checkShape(where, shape)
  const t = toTensor(value, where)
  return inNameOf(where, () => broadcastTo(astype(t, dtype === undefined ? t.dtype : checkDType(where, dtype)), shape))
}
/** `shape` filled with 0. NumPy: `zeros`. */
export function zeros(shape: Shape, options: OfDType = {}): Tensor {
  const { dtype = 'float32' } = checkOptions('zeros', options, 'dtype')
  return filled('zeros', shape, 0, dtype)
}
/** `shape` filled with 1. NumPy: `ones`. */
export function ones(shape: Shape, options: OfDType = {}): Tensor {
  const { dtype = 'float32' } = checkOptions('ones', options, 'dtype')
  return filled('ones', shape, 1, dtype)
}

interface Like {
  /** Default: that of x. */
  readonly dtype?: DType
  /** Default: that of x. */
  readonly shape?: Shape
}

/** One value in the shape and dtype of x. NumPy: `full_like`. */
export function fullLike(x: TensorLike, value: TensorLike, options: Like = {}): Tensor {
  checkOptions('fullLike', options, 'dtype', 'shape')
  return filledLike('fullLike', x, value, options)
}
function filledLike(where: string, x: TensorLike, value: TensorLike, { dtype, shape }: Like): Tensor {
  const t = toTensor(x, where)
  return filled(where, shape ?? t.shape, value, dtype ?? t.dtype)
}
/** Zeros in the shape and dtype of x. NumPy: `zeros_like`. */
export function zerosLike(x: TensorLike, options: Like = {}): Tensor {
  checkOptions('zerosLike', options, 'dtype', 'shape')
  return filledLike('zerosLike', x, 0, options)
}
/** Ones in the shape and dtype of x. NumPy: `ones_like`. */
export function onesLike(x: TensorLike, options: Like = {}): Tensor {
  checkOptions('onesLike', options, 'dtype', 'shape')
  return filledLike('onesLike', x, 1, options)
}

// ---- ranges

/**
 * start, start + step, ... below `stop`; `arange(stop)` starts at 0. int32 if all arguments are integral, else float32.
 * NumPy: `arange`, with the step in the options.
 *
 * @example arange(1, 7, { step: 2 }) // [1, 3, 5]
 */
export function arange(start: number, stop?: number, options: { readonly step?: number; readonly dtype?: DType } = {}): Tensor {
  const { step = 1, dtype } = checkOptions('arange', options, 'step', 'dtype')
  const [from, to] = stop === undefined ? [0, start] : [start, stop]
  for (const n of [from, to, step]) checkNumber('arange', n)
  if (step === 0 || ![from, to, step].every(Number.isFinite))
    fail('ValueError', `arange: needs finite numbers and a step that is not 0, got start ${from}, stop ${to}, step ${step}.`)
  const type = dtype ?? ([from, to, step].every(Number.isInteger) ? 'int32' : 'float32')
  const counts = iota([Math.max(0, Math.ceil((to - from) / step))], { dtype: isFloat(checkDType('arange', type)) ? type : 'int32' })
  const scaled = step === 1 ? counts : multiply(counts, step)
  return astype(from === 0 ? scaled : add(scaled, from), type)
}

export interface Linspace {
  /** Number of values. Default 50. */
  readonly count?: number
  /** Is `stop` one of them? Default true. */
  readonly endpoint?: boolean
  /** Default float32. */
  readonly dtype?: DType
  /** Where the axis of the values is in the result, for starts and stops that are tensors. Default 0. */
  readonly axis?: number
}

/** `count` evenly spaced values from start to stop; both may be tensors, then the values are along a new axis, the first. NumPy: `linspace`. */
export function linspace(start: TensorLike, stop: TensorLike, options: Linspace = {}): Tensor {
  return inNameOf('linspace', () => {
    const { count = 50, endpoint = true, dtype = 'float32', axis } = checkOptions('linspace', options, 'count', 'endpoint', 'dtype', 'axis')
    if (!Number.isInteger(count) || count < 0) fail('ValueError', `linspace: count must be an integer of at least 0, got ${count}.`)
    const float = isFloat(checkDType('linspace', dtype)) ? dtype : 'float32'
    const a = astype(toTensor(start, 'linspace'), float),
      b = astype(toTensor(stop, 'linspace'), float)
    const gaps = endpoint ? count - 1 : count
    const ndim = Math.max(a.ndim, b.ndim)
    const column = reshape(iota([count], { dtype: float }), [count, ...new Array<number>(ndim).fill(1)])
    const share = divide(column, Math.max(1, gaps))
    // As JAX: the weighted mean hits both ends exactly.
    const values = add(multiply(a, add(1, multiply(share, -1))), multiply(b, share))
    const last = (): Tensor => expandDims(broadcastTo(b, values.shape.slice(1)), 0)
    return newAxisAt(astype(endpoint && count > 1 ? concatenate([sliceAxis(values, 0, count - 1), last()]) : values, dtype), axis)
  })
}

export interface Meshgrid {
  /** `xy` (default): the first two axes swapped. */
  readonly indexing?: 'xy' | 'ij'
  /** Of size 1 along all axes but their own: they broadcast to the grid. Default false. */
  readonly sparse?: boolean
}

/** Coordinate tensors of a grid, from vectors: all of shape [x.size, y.size, ...] (`ij`), or with the first two axes swapped (`xy`, default). NumPy: `meshgrid`. */
export function meshgrid(xs: readonly TensorLike[], options: Meshgrid = {}): Tensor[] {
  checkList('meshgrid', xs)
  const { indexing = 'xy', sparse = false } = checkOptions('meshgrid', options, 'indexing', 'sparse')
  checkOneOf('meshgrid', 'indexing', indexing, ['xy', 'ij'])
  const vectors = xs.map(x => toTensor(x, 'meshgrid'))
  for (const v of vectors) if (v.ndim > 1) fail('ShapeError', `meshgrid: needs vectors, got shape ${showShape(v.shape)}.`)
  const axisOf = (i: number): number => (indexing === 'xy' && vectors.length > 1 && i < 2 ? 1 - i : i)
  const shape = vectors.map((_, k) => (vectors[axisOf(k)] as Tensor).size)
  const lines = vectors.map((v, i) =>
    reshape(
      v,
      shape.map((_, k) => (k === axisOf(i) ? v.size : 1)),
    ),
  )
  return sparse ? lines : lines.map(line => broadcastTo(line, shape))
}

// ---- matrices

export interface Eye {
  /** Number of columns. Default: as many as rows. */
  readonly columns?: number
  /** The diagonal: 0 the main one, positive above it. Default 0. */
  readonly offset?: number
  /** Default float32. */
  readonly dtype?: DType
}

/** Column minus row of a matrix, int32: where it equals k is the k-th diagonal. */
const diagonals = (rows: number, columns: number): Tensor => add(iota([rows, columns], { axis: 1 }), multiply(iota([rows, columns]), -1))

/** Ones on a diagonal, zeros elsewhere. NumPy: `eye`. */
export function eye(rows: number, options: Eye = {}): Tensor {
  const { columns = rows, offset = 0, dtype = 'float32' } = checkOptions('eye', options, 'columns', 'offset', 'dtype')
  checkShape('eye', [rows, columns])
  checkDType('eye', dtype)
  return astype(equal(diagonals(rows, columns), offset), dtype)
}
/** Ones on and below a diagonal. NumPy: `tri`. */
export function tri(rows: number, options: Eye = {}): Tensor {
  const { columns = rows, offset = 0, dtype = 'float32' } = checkOptions('tri', options, 'columns', 'offset', 'dtype')
  checkShape('tri', [rows, columns])
  checkDType('tri', dtype)
  return astype(greaterEqual(offset, diagonals(rows, columns)), dtype)
}

interface Diagonal {
  /** The diagonal: 0 the main one, positive above it. Default 0. */
  readonly offset?: number
}

function matrices(where: string, x: TensorLike): Tensor {
  const t = toTensor(x, where)
  return t.ndim >= 2 ? t : fail('ShapeError', `${where}: needs at least 2 axes, got shape ${showShape(t.shape)}.`)
}
const lastTwo = (t: Tensor): readonly [number, number] => [t.shape.at(-2) as number, t.shape.at(-1) as number]

/** The part of the last two axes on and below a diagonal; zeros above. NumPy: `tril`. */
export function tril(x: TensorLike, options: Diagonal = {}): Tensor {
  const { offset = 0 } = checkOptions('tril', options, 'offset')
  const t = matrices('tril', x)
  return where(greaterEqual(offset, diagonals(...lastTwo(t))), t, scalarOf(0, t.dtype))
}
/** The part of the last two axes on and above a diagonal; zeros below. NumPy: `triu`. */
export function triu(x: TensorLike, options: Diagonal = {}): Tensor {
  const { offset = 0 } = checkOptions('triu', options, 'offset')
  const t = matrices('triu', x)
  return where(greaterEqual(diagonals(...lastTwo(t)), offset), t, scalarOf(0, t.dtype))
}

interface DiagonalOf extends Diagonal {
  /** The axes of the matrices. Default -2 and -1: stacks of matrices. */
  readonly axis1?: number
  readonly axis2?: number
}

/**
 * The elements of a diagonal of two axes, along a new last axis. NumPy: `diagonal`, whose axes are the first two by default.
 */
export function diagonal(x: TensorLike, options: DiagonalOf = {}): Tensor {
  const { offset = 0, axis1 = -2, axis2 = -1 } = checkOptions('diagonal', options, 'offset', 'axis1', 'axis2')
  const given = matrices('diagonal', x)
  const row = normalizeAxis('diagonal', axis1, given.ndim),
    column = normalizeAxis('diagonal', axis2, given.ndim)
  if (row === column) fail('ShapeError', `diagonal: axis1 and axis2 are both axis ${row} of shape ${showShape(given.shape)}. Use two axes.`)
  const t = row === given.ndim - 2 && column === given.ndim - 1 ? given : moveaxis(given, [row, column], [-2, -1])
  const [rows, columns] = lastTwo(t)
  const r = Math.max(0, -offset),
    c = Math.max(0, offset)
  const n = Math.max(0, Math.min(rows - r, columns - c))
  const square = sliceAxis(sliceAxis(t, r, r + n, { axis: -2 }), c, c + n, { axis: -1 })
  // In a row of n * n elements the diagonal is every (n + 1)-th.
  return sliceAxis(reshape(square, [...t.shape.slice(0, -2), n * n]), 0, n * n, { axis: -1, stride: n + 1 })
}
/** A vector as the diagonal of a square matrix, or the diagonal of a matrix. NumPy: `diag`. */
export function diag(x: TensorLike, options: Diagonal = {}): Tensor {
  const { offset = 0 } = checkOptions('diag', options, 'offset')
  const t = toTensor(x, 'diag')
  if (t.ndim === 2) return diagonal(t, { offset })
  if (t.ndim !== 1)
    fail('ShapeError', `diag: needs a vector or a matrix, got shape ${showShape(t.shape)}. Use diagonal for stacks of matrices.`)
  const n = t.size + Math.abs(offset)
  const row = padWith(t, scalarOf(0, t.dtype), [[Math.max(0, offset), Math.max(0, -offset), 0]])
  return where(equal(diagonals(n, n), offset), row, scalarOf(0, t.dtype))
}
/** The sum of a diagonal of two axes. NumPy: `trace`, whose axes are the first two by default. */
export function trace(x: TensorLike, options: DiagonalOf = {}): Tensor {
  checkOptions('trace', options, 'offset', 'axis1', 'axis2')
  return sum(diagonal(matrices('trace', x), options), { axis: -1 })
}
