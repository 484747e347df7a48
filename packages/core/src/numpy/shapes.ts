/** Further ways to join, split, turn and resize: all are made of those in manipulation.ts. */
import { fail } from '../errors.ts'
import { checkOptions, checkList } from '../options.ts'
import { promoteOperands } from '../primitives/cast.ts'
import { ravel, reshape } from '../primitives/reshape.ts'
import { flip } from '../primitives/reverse.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { broadcastShapes as shapesTogether, checkShape, normalizeAxis, type Shape, showShape, sizeOf } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { zeros } from './creation.ts'
import { tile } from './manipulation.ts'
import { join, splitEvenly } from './parts.ts'

// ---- joining

/** The shape that tensors of these shapes broadcast to. NumPy: `broadcast_shapes`. */
export function broadcastShapes(...shapes: readonly Shape[]): Shape {
  for (const s of shapes) checkShape('broadcastShapes', s)
  return shapesTogether('broadcastShapes', ...shapes)
}

/** At least three axes: `[]` and `[n]` become `[1, n, 1]`, `[m, n]` becomes `[m, n, 1]`. NumPy: `atleast_3d`. */
export function atleast3d(x: TensorLike): Tensor {
  return withThreeAxes('atleast3d')(x)
}
const withThreeAxes =
  (caller: string) =>
  (x: TensorLike): Tensor => {
    const t = toTensor(x, caller)
    if (t.ndim > 2) return t
    return reshape(t, t.ndim === 2 ? [...t.shape, 1] : [1, t.size, 1])
  }

/** `values` behind x along an axis (default: both are flattened first). NumPy: `append`. */
export function append(x: TensorLike, values: TensorLike, options: { readonly axis?: number } = {}): Tensor {
  const { axis } = checkOptions('append', options, 'axis')
  const both = promoteOperands('append', x, values).map(t => (axis === undefined ? ravel(t) : t)) as [Tensor, Tensor]
  return join('append', both, { axis: normalizeAxis('append', axis ?? 0, both[0].ndim) })
}
/** Vectors as the columns of a matrix; matrices are put side by side. NumPy: `column_stack`. */
export function columnStack(xs: readonly TensorLike[]): Tensor {
  const columns = checkList('columnStack', xs).map(x => {
    const t = toTensor(x, 'columnStack')
    return t.ndim < 2 ? reshape(t, [t.size, 1]) : t
  })
  return join('columnStack', columns, { axis: 1 })
}
/** Joined along the third axis; tensors of fewer axes as `atleast3d` makes them. NumPy: `dstack`. */
export function dstack(xs: readonly TensorLike[]): Tensor {
  return join('dstack', checkList('dstack', xs).map(withThreeAxes('dstack')), { axis: 2 })
}

/** Tensors in nested arrays, all of one depth. */
export type Blocks = TensorLike | readonly Blocks[]

/**
 * A tensor from blocks: those of the innermost lists are joined along the last axis, these along the one before it, and so on. Blocks get leading axes
 * of size 1 as needed. NumPy: `block`.
 *
 * @example block([[a, b], [c, d]]) // a matrix of four
 */
export function block(blocks: Blocks): Tensor {
  const depth = depthOf(blocks),
    ndim = Math.max(depth, ...leavesOf(blocks).map(t => t.ndim))
  return joined(blocks, ndim, ndim - depth)
}
function depthOf(blocks: Blocks, path = 'blocks'): number {
  if (!Array.isArray(blocks)) return 0
  const list = blocks as readonly Blocks[]
  if (list.length === 0) fail('ValueError', `block: ${path} is empty: each list needs at least one block.`)
  const depths = list.map((b, i) => depthOf(b, `${path}[${i}]`))
  const other = depths.findIndex(d => d !== depths[0])
  if (other >= 0)
    fail('ShapeError', `block: ${path}[${other}] is nested ${depths[other]} deep, ${path}[0] ${depths[0]} deep: all must be alike.`)
  return 1 + (depths[0] as number)
}
const leavesOf = (blocks: Blocks): readonly Tensor[] =>
  Array.isArray(blocks) ? (blocks as readonly Blocks[]).flatMap(leavesOf) : [toTensor(blocks as TensorLike, 'block')]
function joined(blocks: Blocks, ndim: number, axis: number): Tensor {
  if (Array.isArray(blocks))
    return join(
      'block',
      (blocks as readonly Blocks[]).map(b => joined(b, ndim, axis + 1)),
      { axis },
    )
  const t = toTensor(blocks as TensorLike, 'block')
  return reshape(t, [...new Array<number>(ndim - t.ndim).fill(1), ...t.shape])
}

// ---- splitting

type Sections = number | readonly number[]

function splitAlong(caller: string, x: TensorLike, sections: Sections, axis: number): Tensor[] {
  const t = toTensor(x, caller)
  if (t.ndim <= axis) fail('ShapeError', `${caller}: needs at least ${axis + 1} axes, got shape ${showShape(t.shape)}.`)
  return splitEvenly(caller, t, sections, axis)
}
/** Parts along the first axis, as `split`: of a matrix, rows. NumPy: `vsplit`. */
export function vsplit(x: TensorLike, sections: Sections): Tensor[] {
  const t = toTensor(x, 'vsplit')
  if (t.ndim < 2) fail('ShapeError', `vsplit: needs at least 2 axes, got shape ${showShape(t.shape)}. Use split.`)
  return splitAlong('vsplit', t, sections, 0)
}
/** Parts along the second axis, as `split`; of a vector along its only one. NumPy: `hsplit`. */
export function hsplit(x: TensorLike, sections: Sections): Tensor[] {
  const t = toTensor(x, 'hsplit')
  return splitAlong('hsplit', t, sections, t.ndim === 1 ? 0 : 1)
}
/** Parts along the third axis, as `split`. NumPy: `dsplit`. */
export function dsplit(x: TensorLike, sections: Sections): Tensor[] {
  return splitAlong('dsplit', x, sections, 2)
}

// ---- turning and resizing

/** The first axis reversed. NumPy: `flipud`. */
export function flipud(x: TensorLike): Tensor {
  return flip(withAxis('flipud', x, 0), { axis: 0 })
}
/** The second axis reversed. NumPy: `fliplr`. */
export function fliplr(x: TensorLike): Tensor {
  return flip(withAxis('fliplr', x, 1), { axis: 1 })
}
function withAxis(caller: string, x: TensorLike, axis: number): Tensor {
  const t = toTensor(x, caller)
  return t.ndim > axis ? t : fail('ShapeError', `${caller}: needs at least ${axis + 1} axes, got shape ${showShape(t.shape)}.`)
}

/** `axis` moved to stand before the axis that is now at `start` (default 0). NumPy: `rollaxis`; `moveaxis` is simpler. */
export function rollaxis(x: TensorLike, axis: number, options: { readonly start?: number } = {}): Tensor {
  const { start = 0 } = checkOptions('rollaxis', options, 'start')
  const t = toTensor(x, 'rollaxis'),
    from = normalizeAxis('rollaxis', axis, t.ndim)
  const before = start === t.ndim ? start : normalizeAxis('rollaxis', start, t.ndim)
  return moveaxis(t, from, before > from ? before - 1 : before)
}

/** The elements of x in another shape, repeated from the start as often as it takes, or cut off. NumPy: `resize`. */
export function resize(x: TensorLike, shape: Shape): Tensor {
  checkShape('resize', shape)
  const flat = ravel(toTensor(x, 'resize')),
    n = sizeOf(shape)
  if (n === 0 || flat.size === 0) return zeros(shape, { dtype: flat.dtype })
  const copies = tile(flat, Math.ceil(n / flat.size))
  return reshape(sliceAxis(copies, 0, n), shape)
}
