/** Where elements are not zero, and the elements at such places. Under jit the number of results is given as `size`. */
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { floorDivide, remainder, subtract } from '../primitives/arithmetic.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { scalarOf, toBool } from '../primitives/cast.ts'
import { less } from '../primitives/comparison.ts'
import { cumsum } from '../primitives/cumulative.ts'
import { iota } from '../primitives/iota.ts'
import { sum } from '../primitives/reduce.ts'
import { ravel } from '../primitives/reshape.ts'
import { scatter } from '../primitives/scatter.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { normalizeAxis, showShape, stridesOf } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { take } from './indexing.ts'
import { atleast1d, stack } from './manipulation.ts'
import { type FilledSize, staticSize } from './staticSize.ts'

/** The positions (int32, ascending) at which a bool vector holds; `fill` behind them. */
export function positionsOf(caller: string, mask: Tensor, size: number | undefined, fill: number): Tensor {
  const n = staticSize(caller, size, () => sum(mask))
  // The running count is where a position goes, one behind the end is where nothing is written.
  const to = where(mask, subtract(cumsum(mask), 1), n)
  return scatter(broadcastTo(scalarOf(fill, 'int32'), [n]), [to], iota([mask.size]), { mode: 'fill' })
}

export interface NonzeroOptions extends Omit<FilledSize, 'fillValue'> {
  /** What stands behind the positions where there are fewer than `size`: a number, or one for each axis. Default 0. */
  readonly fillValue?: number | readonly number[]
}

/**
 * The positions of the elements that are not zero, in row-major order: a vector (int32) for each axis. NumPy: `nonzero`.
 *
 * @example const [rows, columns] = nonzero(x.greater(0), { size: 10, fillValue: -1 }) // under jit
 */
export function nonzero(x: TensorLike, options: NonzeroOptions = {}): readonly Tensor[] {
  checkOptions('nonzero', options, 'size', 'fillValue')
  const t = toTensor(x, 'nonzero')
  if (t.ndim === 0) fail('ShapeError', 'nonzero: a scalar of shape [] has no positions. Use atleast1d.')
  return coordinates('nonzero', t, options)
}

function coordinates(caller: string, t: Tensor, { size, fillValue = 0 }: NonzeroOptions): readonly Tensor[] {
  const mask = ravel(toBool(caller, t)),
    flat = positionsOf(caller, mask, size, 0)
  const fills = typeof fillValue === 'number' ? t.shape.map(() => fillValue) : fillValue
  if (fills.length !== t.ndim)
    fail('ShapeError', `${caller}: ${fills.length} fill values for the ${t.ndim} axes of shape ${showShape(t.shape)}.`)
  const strides = stridesOf(t.shape),
    isFound = size === undefined ? null : less(iota([size]), sum(mask))
  return t.shape.map((n, k) => {
    // Sizes of 0 have no position to be split.
    const along = remainder(floorDivide(flat, Math.max(1, strides[k] as number)), Math.max(1, n))
    return isFound === null ? along : where(isFound, along, scalarOf(fills[k] as number, 'int32'))
  })
}

/** The positions, in the flattened tensor, of the elements that are not zero: int32. NumPy: `flatnonzero`. */
export function flatnonzero(x: TensorLike, options: FilledSize = {}): Tensor {
  const { size, fillValue = 0 } = checkOptions('flatnonzero', options, 'size', 'fillValue')
  return positionsOf('flatnonzero', ravel(toBool('flatnonzero', x)), size, fillValue)
}

/** The positions of the elements that are not zero as rows: `[count, axes]`, int32. NumPy: `argwhere`. */
export function argwhere(x: TensorLike, options: NonzeroOptions = {}): Tensor {
  checkOptions('argwhere', options, 'size', 'fillValue')
  const t = toTensor(x, 'argwhere')
  if (t.ndim > 0) return stack(coordinates('argwhere', t, options), { axis: 1 })
  const { fillValue: _, ...size } = options
  return sliceAxis(stack(coordinates('argwhere', atleast1d(t), size), { axis: 1 }), 0, 0, { axis: 1 })
}

export interface CompressOptions extends FilledSize {
  /** The axis to choose from. Default: x is flattened first. */
  readonly axis?: number
}

/**
 * The slices of x along an axis for which a vector of conditions is not zero; a vector that is shorter than the axis chooses among the first
 * ones. Behind them, up to `size`, stands `fillValue` (default 0). NumPy: `compress`.
 */
export function compress(condition: TensorLike, x: TensorLike, options: CompressOptions = {}): Tensor {
  const { axis, size, fillValue = 0 } = checkOptions('compress', options, 'size', 'fillValue', 'axis')
  const mask = toBool('compress', condition),
    given = toTensor(x, 'compress')
  const t = axis === undefined ? ravel(given) : given
  const k = normalizeAxis('compress', axis ?? 0, t.ndim),
    n = t.shape[k] as number
  if (mask.ndim !== 1 || mask.size > n)
    fail(
      'ShapeError',
      `compress: conditions of shape ${showShape(mask.shape)} must be a vector of at most ${n} for axis ${k} of shape ${showShape(t.shape)}.`,
    )
  return taken('compress', mask, t, k, size, fillValue)
}

/** The slices along an axis for which a mask holds, and `fillValue` up to `size`. */
export function taken(caller: string, mask: Tensor, t: Tensor, axis: number, size: number | undefined, fillValue: number): Tensor {
  const n = t.shape[axis] as number
  return take(t, positionsOf(caller, mask, size, n), { axis, fillValue })
}

/** The elements of x, in row-major order, for which a condition of its shape is not zero; `fillValue` (default 0) up to `size`. NumPy: `extract`. */
export function extract(condition: TensorLike, x: TensorLike, options: FilledSize = {}): Tensor {
  const { size, fillValue = 0 } = checkOptions('extract', options, 'size', 'fillValue')
  const mask = toBool('extract', condition),
    t = toTensor(x, 'extract')
  if (mask.size > t.size)
    fail('ShapeError', `extract: a condition of shape ${showShape(mask.shape)} has more elements than x of shape ${showShape(t.shape)}.`)
  return taken('extract', ravel(mask), ravel(t), 0, size, fillValue)
}
