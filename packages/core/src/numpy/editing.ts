/** Slices taken out of a tensor, and put in between. */
import { described, fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { add } from '../primitives/arithmetic.ts'
import { bitwiseNot } from '../primitives/bitwise.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { astype, scalarOf } from '../primitives/cast.ts'
import { less } from '../primitives/comparison.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { toIndices } from '../primitives/gather.ts'
import { iota } from '../primitives/iota.ts'
import { ravel, reshape } from '../primitives/reshape.ts'
import { scatter } from '../primitives/scatter.ts'
import { where } from '../primitives/select.ts'
import { argsort } from '../primitives/sort.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { normalizeAxis, showShape } from '../shape.ts'
import { isTensor, type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { clip } from '../primitives/clamp.ts'
import { array, zeros } from './creation.ts'
import { take } from './indexing.ts'
import { taken } from './nonzero.ts'
import { countBefore } from './search.ts'
import type { FilledSize } from './staticSize.ts'

/** One position, or a list of them, along an axis; negative ones count from the end. */
export type Positions = number | readonly number[] | Tensor

interface Along {
  readonly t: Tensor
  readonly axis: number
  readonly n: number
}
function alongAxis(caller: string, x: TensorLike, axis: number | undefined): Along {
  const given = toTensor(x, caller),
    t = axis === undefined ? ravel(given) : given
  const k = normalizeAxis(caller, axis ?? 0, t.ndim)
  return { t, axis: k, n: t.shape[k] as number }
}

/** Positions as a vector (int32), from 0; known ones are checked to be at most `last`. */
function positions(caller: string, at: Positions, n: number, last: number): Tensor {
  if (isTensor(at)) {
    if (at.ndim > 1) fail('ShapeError', `${caller}: positions must be an integer or a vector, got shape ${showShape(at.shape)}.`)
    const i = ravel(toIndices(caller, at))
    return where(less(i, 0), add(i, n), i)
  }
  const known = [at].flat()
  for (const i of known)
    if (!Number.isInteger(i) || i < -n || i > last)
      fail('ValueError', `${caller}: position ${described(i)} is outside of an axis of size ${n}.`)
  return array(Int32Array.from(known, i => (i < 0 ? i + n : i)))
}

export interface DeleteOptions extends FilledSize {
  /** The axis to shorten. Default: x is flattened first. */
  readonly axis?: number
}

/**
 * x without the slices at some positions along an axis. The positions are numbers, which must be inside, or a tensor of integers, of which those
 * outside and repeated ones do no harm, or a bool vector that tells for each slice whether it goes. Under jit, where a tensor does not tell how
 * many stay, that is `size`, with `fillValue` (default 0) behind them. NumPy: `delete`.
 *
 * @example np.delete(array([1, 2, 3]), 1) // [1, 3]
 */
function deleteAt(x: TensorLike, at: Positions, options: DeleteOptions = {}): Tensor {
  const { axis, size, fillValue = 0 } = checkOptions('delete', options, 'axis', 'size', 'fillValue')
  if (typeof at !== 'number' && !Array.isArray(at)) toTensor(at as Tensor, 'delete')
  const { t, axis: k, n } = alongAxis('delete', x, axis)
  if (!isTensor(at) && size === undefined) {
    const gone = new Set([at].flat().map(i => (i < 0 ? i + n : i)))
    positions('delete', at, n, n - 1)
    return take(t, array(Int32Array.from([...Array(n).keys()].filter(i => !gone.has(i)))), { axis: k, mode: 'clip' })
  }
  return taken('delete', staying(at, n), t, k, size, fillValue)
}
export { deleteAt as delete }

/** Which of n slices stay. */
function staying(at: Positions, n: number): Tensor {
  if (isTensor(at) && at.dtype === 'bool') {
    if (at.ndim !== 1 || at.size !== n)
      fail('ShapeError', `delete: a mask of shape ${showShape(at.shape)} does not fit an axis of size ${n}.`)
    return bitwiseNot(at)
  }
  return scatter(broadcastTo(scalarOf(1, 'bool'), [n]), [positions('delete', at, n, n - 1)], false, { mode: 'fill' })
}

/**
 * x with slices put in before some positions along an axis (default: x is flattened first). One position takes all of `values`, several take one slice
 * each; values broadcast to them and are converted to the dtype of x. Positions of a tensor that are outside count as the nearest end. NumPy: `insert`.
 *
 * @example insert(array([1, 4]), 1, array([2, 3])) // [1, 2, 3, 4]
 */
export function insert(x: TensorLike, at: Positions, values: TensorLike, options: { readonly axis?: number } = {}): Tensor {
  const { axis } = checkOptions('insert', options, 'axis')
  toTensor(values, 'insert')
  const { t, axis: k, n } = alongAxis('insert', x, axis)
  const given = clip(positions('insert', at, n, n), 0, n),
    isOne = typeof at === 'number' || (isTensor(at) && at.ndim === 0)
  const slices = inserted(astype(values, t.dtype), t, k, given.size, isOne),
    count = slices.shape[k] as number
  const before = broadcastTo(given, [count])
  // Where everything goes: an old slice moves by what comes before it; the new ones are in the order of their positions.
  const order = argsort(before),
    sorted = take(before, order, { mode: 'clip' }),
    own = iota([n])
  const rank = scatter(zeros([count], { dtype: 'int32' }), [order], iota([count]))
  const to = concatenate([add(own, countBefore(sorted, own, 'right')), add(before, rank)])
  const from = scatter(zeros([n + count], { dtype: 'int32' }), [to], iota([n + count]))
  return take(concatenate([t, slices], { axis: k }), from, { axis: k, mode: 'clip' })
}

/** The values in the shape of x but for the axis, which counts what is put in. */
function inserted(values: Tensor, t: Tensor, axis: number, count: number, isOne: boolean): Tensor {
  const wide = values.ndim < t.ndim ? reshape(values, [...new Array<number>(t.ndim - values.ndim).fill(1), ...values.shape]) : values
  // As NumPy: beside a single number, the first axis of the values is the one along which they are put in.
  const turned = isOne ? moveaxis(wide, 0, axis) : wide
  const length = count === 1 ? (turned.shape[axis] as number) : count
  const shape = t.shape.map((m, k) => (k === axis ? length : m))
  if (turned.ndim !== t.ndim || turned.shape.some((m, k) => m !== 1 && m !== shape[k]))
    fail('ShapeError', `insert: values of shape ${showShape(values.shape)} do not broadcast to the slices put in, ${showShape(shape)}.`)
  return broadcastTo(turned, shape)
}
