/** Joining, splitting, repeating and shifting. */
import { fail } from '../errors.ts'
import { checkList, checkOptions } from '../options.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { expandDims, ravel, reshape, squeeze } from '../primitives/reshape.ts'
import { flip } from '../primitives/reverse.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { swapaxes } from '../primitives/transpose.ts'
import { axisList, checkIntegers, normalizeAxis, type Shape, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { checkTimes, join, splitAt, splitEvenly } from './parts.ts'

interface OneAxis {
  /** Default 0. */
  readonly axis?: number
}

// ---- what a tensor is

/** Sizes of the axes. NumPy: `shape`. */
export function shape(x: TensorLike): Shape {
  return toTensor(x, 'shape').shape
}
/** Number of axes. NumPy: `ndim`. */
export function ndim(x: TensorLike): number {
  return toTensor(x, 'ndim').ndim
}
/** Number of elements, or the size of one axis. NumPy: `size`. */
export function size(x: TensorLike, options: OneAxis = {}): number {
  const { axis } = checkOptions('size', options, 'axis')
  const t = toTensor(x, 'size')
  return axis === undefined ? t.size : (t.shape[normalizeAxis('size', axis, t.ndim)] as number)
}

// ---- joining

/** Tensors of one shape along a new axis (default 0). NumPy: `stack`. */
export function stack(xs: readonly TensorLike[], options: OneAxis = {}): Tensor {
  checkList('stack', xs)
  const { axis = 0 } = checkOptions('stack', options, 'axis')
  const tensors = xs.map(x => toTensor(x, 'stack'))
  const [x] = tensors
  if (x === undefined) return fail('ValueError', 'stack: needs at least one tensor.')
  tensors.forEach((t, i) => {
    if (showShape(t.shape) !== showShape(x.shape))
      fail('ShapeError', `stack: operand ${i} has shape ${showShape(t.shape)}, operand 0 has ${showShape(x.shape)}. Broadcast them first.`)
  })
  const k = normalizeAxis('stack', axis, x.ndim + 1)
  return concatenate(
    tensors.map(t => expandDims(t, k)),
    { axis: k },
  )
}

/** The parts of size 1 along an axis (default 0), without it: the inverse of `stack`. Array API, JAX: `unstack`. */
export function unstack(x: TensorLike, options: OneAxis = {}): readonly Tensor[] {
  const { axis = 0 } = checkOptions('unstack', options, 'axis')
  const t = toTensor(x, 'unstack')
  if (t.ndim === 0) fail('ShapeError', 'unstack: a scalar has no axis, got shape [].')
  const k = normalizeAxis('unstack', axis, t.ndim)
  return Array.from({ length: t.shape[k] as number }, (_, i) => squeeze(sliceAxis(t, i, i + 1, { axis: k }), { axis: k }))
}

const atLeast =
  (n: number, where = `atleast${n}d`) =>
  (x: TensorLike): Tensor => {
    const t = toTensor(x, where)
    return t.ndim >= n ? t : reshape(t, [...new Array<number>(n - t.ndim).fill(1), ...t.shape])
  }
/** A scalar becomes a vector of one element. NumPy: `atleast_1d`. */
export function atleast1d(x: TensorLike): Tensor {
  return atLeast(1)(x)
}
/** A vector becomes a row. NumPy: `atleast_2d`. */
export function atleast2d(x: TensorLike): Tensor {
  return atLeast(2)(x)
}
/** Side by side: along the second axis, vectors along their only one. NumPy: `hstack`. */
export function hstack(xs: readonly TensorLike[]): Tensor {
  const tensors = checkList('hstack', xs).map(atLeast(1, 'hstack'))
  return join('hstack', tensors, { axis: tensors.some(t => t.ndim > 1) ? 1 : 0 })
}
/** On top of each other: along the first axis; vectors are rows. NumPy: `vstack`. */
export function vstack(xs: readonly TensorLike[]): Tensor {
  return join('vstack', checkList('vstack', xs).map(atLeast(2, 'vstack')), { axis: 0 })
}

// ---- splitting

/** `sections` equal parts along an axis, or parts that end before each of the given positions. NumPy: `split`. */
export function split(x: TensorLike, sections: number | readonly number[], options: OneAxis = {}): Tensor[] {
  const { axis = 0 } = checkOptions('split', options, 'axis')
  return splitEvenly('split', toTensor(x, 'split'), sections, axis)
}
/** Like `split`, but the parts may differ in size: the first ones are longer by one. NumPy: `array_split`. */
export function arraySplit(x: TensorLike, sections: number | readonly number[], options: OneAxis = {}): Tensor[] {
  const { axis = 0 } = checkOptions('arraySplit', options, 'axis')
  return splitAt('arraySplit', toTensor(x, 'arraySplit'), sections, axis)
}
// ---- repeating

/** x as a tile, `repetitions[k]` times along axis k; missing axes are added in front. NumPy: `tile`. */
export function tile(x: TensorLike, repetitions: number | readonly number[]): Tensor {
  const t = toTensor(x, 'tile')
  const given = typeof repetitions === 'number' ? [repetitions] : checkIntegers('tile', 'repetitions', repetitions)
  given.forEach(n => checkTimes('tile', n))
  const n = Math.max(t.ndim, given.length)
  const sizes = [...new Array<number>(n - t.ndim).fill(1), ...t.shape]
  const times = [...new Array<number>(n - given.length).fill(1), ...given]
  const interleaved = broadcastTo(
    reshape(
      t,
      sizes.flatMap(s => [1, s]),
    ),
    sizes.flatMap((s, k) => [times[k] as number, s]),
  )
  return reshape(
    interleaved,
    sizes.map((s, k) => s * (times[k] as number)),
  )
}

// ---- shifting and turning

/** Elements shifted along axes, those that leave come back at the other end. Without `axis`, of the flattened tensor. NumPy: `roll`. */
export function roll(
  x: TensorLike,
  shift: number | readonly number[],
  options: { readonly axis?: number | readonly number[] } = {},
): Tensor {
  const { axis } = checkOptions('roll', options, 'axis')
  const t = toTensor(x, 'roll')
  const by = typeof shift === 'number' ? shift : checkIntegers('roll', 'shift', shift)
  if (axis === undefined) return reshape(rollOne(ravel(t), typeof by === 'number' ? by : by.reduce((a, b) => a + b, 0), 0), t.shape)
  const axes = axisList('roll', axis).map(k => normalizeAxis('roll', k, t.ndim))
  const shifts = typeof by === 'number' ? axes.map(() => by) : by
  if (shifts.length !== axes.length) fail('ValueError', `roll: ${shifts.length} shifts for ${axes.length} axes. They pair up by position.`)
  return axes.reduce((y, k, i) => rollOne(y, shifts[i] as number, k), t)
}
function rollOne(t: Tensor, shift: number, axis: number): Tensor {
  const n = size(t, { axis })
  const by = n === 0 ? 0 : ((shift % n) + n) % n
  return by === 0 ? t : concatenate([sliceAxis(t, n - by, n, { axis }), sliceAxis(t, 0, n - by, { axis })], { axis })
}

/** A turn by 90 degrees, `times` times, from the first towards the second of two axes (default: the first two). NumPy: `rot90`. */
export function rot90(x: TensorLike, options: { readonly times?: number; readonly axes?: readonly [number, number] } = {}): Tensor {
  const { times = 1, axes = [0, 1] } = checkOptions('rot90', options, 'times', 'axes')
  const t = toTensor(x, 'rot90')
  axes.forEach(k => normalizeAxis('rot90', k, t.ndim))
  if (!Number.isInteger(times)) fail('ValueError', `rot90: the number of turns must be an integer, got ${times}.`)
  switch (((times % 4) + 4) % 4) {
    case 0:
      return t
    case 1:
      return swapaxes(flip(t, { axis: axes[1] }), ...axes)
    case 2:
      return flip(t, { axis: axes })
    default:
      return flip(swapaxes(t, ...axes), { axis: axes[1] })
  }
}
