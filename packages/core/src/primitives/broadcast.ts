/**
 * Broadcasting: repeats axes of size 1 and adds axes in front, as NumPy. Linear; its transpose sums over the repeated axes.
 */
import { type Aval, aval } from '../aval.ts'
import { fail } from '../errors.ts'
import { indexConstant } from '../lower/lowering.ts'
import { bind1 } from '../program/bind.ts'
import { broadcastShapes, checkShape, sameShape, type Shape, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { first, mapHost } from './family.ts'
import { linearJvp } from './linear.ts'
import { isUnknown, type SimplePrimitive } from './primitive.ts'
import { reduceSumP } from './reduce.ts'
import { reshape } from './reshape.ts'
import { moveToFront } from './transpose.ts'

export interface BroadcastParams {
  readonly shape: Shape
}

export const broadcastP: SimplePrimitive<BroadcastParams> = {
  name: 'broadcast',
  inputs: ['x'],
  abstractEval(avals, { shape }) {
    const x = first(avals)
    const lead = shape.length - x.shape.length
    if (lead < 0 || x.shape.some((n, k) => n !== 1 && n !== shape[lead + k]))
      fail(
        'ShapeError',
        `broadcastTo: shape ${showShape(x.shape)} does not broadcast to ${showShape(shape)}: from the last axis backwards, sizes must be equal or 1. Reshape or expandDims first.`,
      )
    return [aval(shape, x.dtype, x.weak)]
  },
  jvp: (primals, tangents, outputs, params) => linearJvp(broadcastP)(primals, tangents, outputs, params),
  transpose: (cts, inputs) => {
    const x = first(inputs)
    return [isUnknown(x) ? sumTo(first(cts) as Tensor, x.aval.shape) : null]
  },
  batch: (tensors, axes, size, { shape }) => {
    const x = moveToFront(first(tensors), first(axes) as number)
    const ones = new Array<number>(shape.length + 1 - x.ndim).fill(1)
    return { outputs: [broadcastTo(reshape(x, [size, ...ones, ...x.shape.slice(1)]), [size, ...shape])], axes: [0] }
  },
  lower(l, values, { shape }, outputs) {
    const x = first(values)
    const lead = shape.length - x.aval.shape.length
    return [
      l.elements(
        first(outputs),
        [x],
        (b, index) =>
          b.read(
            x,
            x.aval.shape.map((n, k) => (n === 1 ? indexConstant(0, b.axes) : (index[lead + k] as (typeof index)[number]))),
          ),
        { cost: 0, repeats: true },
      ),
    ]
  },
  evaluate: (arrays, _, [out]) => [mapHost(out as Aval, arrays, first)],
}

/** x with axes of size 1 repeated, and new axes in front, to `shape`. NumPy: `broadcast_to`. */
export function broadcastTo(x: TensorLike, shape: Shape): Tensor {
  const t = toTensor(x, 'broadcastTo')
  if (!Array.isArray(shape)) checkShape('broadcastTo', shape)
  if (sameShape(t.shape, shape)) return t
  checkShape('broadcastTo', shape)
  return bind1(broadcastP, [t], { shape: [...shape] })
}

/** All of `xs` in their common shape. NumPy: `broadcast_arrays`. */
export function broadcastArrays(...xs: readonly TensorLike[]): Tensor[] {
  const tensors = xs.map(x => toTensor(x, 'broadcastArrays'))
  const shape = broadcastShapes('broadcastArrays', ...tensors.map(t => t.shape))
  return tensors.map(t => broadcastTo(t, shape))
}

/** The transpose of broadcasting: sums a cotangent over the axes along which `shape` was repeated. */
export function sumTo(ct: Tensor, shape: Shape): Tensor {
  if (sameShape(ct.shape, shape)) return ct
  const lead = ct.ndim - shape.length
  const axes = ct.shape.flatMap((n, k) => (k < lead || (shape[k - lead] === 1 && n !== 1) ? [k] : []))
  return reshape(axes.length === 0 ? ct : bind1(reduceSumP, [ct], { axes }), shape)
}

/**
 * Operands of a batched elementwise primitive: each batch axis comes first, followed by axes of size 1 where another operand has a higher
 * rank, so that NumPy's broadcasting from the right lines up. Operands that are not batched stay as they are.
 */
export function alignBatch(tensors: readonly Tensor[], axes: readonly (number | null)[]): readonly Tensor[] {
  const batched = (i: number): number | null => axes[i] ?? null
  const ndim = Math.max(...tensors.map((t, i) => t.ndim - (batched(i) === null ? 0 : 1)))
  return tensors.map((t, i) => {
    const axis = batched(i)
    if (axis === null) return t
    const front = moveToFront(t, axis)
    const missing = ndim + 1 - front.ndim
    return missing === 0 ? front : reshape(front, [first(front.shape), ...new Array<number>(missing).fill(1), ...front.shape.slice(1)])
  })
}

/** Operands that all have the batch axis in front; those without one are repeated. For primitives that do not broadcast. */
export const batchAll = (tensors: readonly Tensor[], axes: readonly (number | null)[], size: number): readonly Tensor[] =>
  tensors.map((t, i) => {
    const axis = axes[i] ?? null
    return axis === null ? broadcastTo(t, [size, ...t.shape]) : moveToFront(t, axis)
  })
