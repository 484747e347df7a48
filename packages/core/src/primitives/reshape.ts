/** The same elements, in row-major order, in another shape. Linear; the transpose reshapes back. */
import { aval } from '../aval.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { bind1 } from '../program/bind.ts'
import { checkNumber, checkShape, normalizeAxes, sameShape, type Shape, showShape, sizeOf, axisList } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { first } from './family.ts'
import { linearJvp } from './linear.ts'
import { isUnknown, type SimplePrimitive } from './primitive.ts'
import { moveToFront } from './transpose.ts'

export interface ReshapeParams {
  readonly shape: Shape
}

export const reshapeP: SimplePrimitive<ReshapeParams> = {
  name: 'reshape',
  inputs: ['x'],
  abstractEval(avals, { shape }) {
    const x = first(avals)
    if (x.size !== sizeOf(shape))
      fail(
        'ShapeError',
        `reshape: shape ${showShape(x.shape)} has ${x.size} elements, ${showShape(shape)} has ${sizeOf(shape)}. Use -1 for a size to be inferred.`,
      )
    return [aval(shape, x.dtype, x.weak)]
  },
  jvp: (primals, tangents, outputs, params) => linearJvp(reshapeP)(primals, tangents, outputs, params),
  transpose: ([ct], inputs) => {
    const x = first(inputs)
    return [ct && isUnknown(x) ? reshape(ct, x.aval.shape) : null]
  },
  batch: (tensors, axes, size, { shape }) => ({
    outputs: [reshape(moveToFront(first(tensors), first(axes) as number), [size, ...shape])],
    axes: [0],
  }),
  lower: (l, values, _, outputs) => [l.reshape(first(outputs), first(values))],
  evaluate: (arrays, _, outputs) => [{ aval: first(outputs), data: first(arrays).data }],
}

/**
 * The same elements, in row-major order, in another shape. One size may be -1: it is inferred. NumPy: `reshape`.
 *
 * @example reshape(arange(6), [2, -1]) // shape [2, 3]
 */
export function reshape(x: TensorLike, shape: Shape): Tensor {
  const t = toTensor(x, 'reshape')
  if (!Array.isArray(shape)) checkShape('reshape', shape)
  if (sameShape(t.shape, shape)) return t
  return bind1(reshapeP, [t], { shape: inferShape(t.shape, shape) })
}

function inferShape(from: Shape, to: Shape): Shape {
  for (const n of to) checkNumber('reshape', n)
  const known = sizeOf(to.filter(n => n !== -1)),
    size = sizeOf(from)
  const inferred = to.length - to.filter(n => n !== -1).length
  if (inferred > 1) fail('ShapeError', `reshape: only one size may be -1, got ${showShape(to)}.`)
  if (inferred === 1 && (known === 0 || size % known !== 0))
    fail('ShapeError', `reshape: ${size} elements (shape ${showShape(from)}) do not divide into ${showShape(to)}.`)
  const shape = to.map(n => (n === -1 ? size / known : n))
  checkShape('reshape', shape)
  return shape
}

/** All elements in one axis. NumPy: `ravel`. */
export function ravel(x: TensorLike): Tensor {
  const t = toTensor(x, 'ravel')
  return reshape(t, [t.size])
}

/** New axes of size 1: `axis` counts axes of the result. NumPy: `expand_dims`. */
export function expandDims(x: TensorLike, axis: number | readonly number[]): Tensor {
  const t = toTensor(x, 'expandDims')
  const ndim = t.ndim + axisList('expandDims', axis).length
  const axes = normalizeAxes('expandDims', axis, ndim)
  const rest = [...t.shape]
  return reshape(
    t,
    Array.from({ length: ndim }, (_, k) => (axes.includes(k) ? 1 : (rest.shift() as number))),
  )
}

/** Drops axes of size 1: those in `axis` (an error if one has another size), or all. NumPy: `squeeze`. */
export function squeeze(x: TensorLike, options: { readonly axis?: number | readonly number[] } = {}): Tensor {
  const { axis } = checkOptions('squeeze', options, 'axis')
  const t = toTensor(x, 'squeeze')
  const axes = axis === undefined ? t.shape.flatMap((n, k) => (n === 1 ? [k] : [])) : normalizeAxes('squeeze', axis, t.ndim)
  for (const k of axes)
    if (t.shape[k] !== 1)
      fail(
        'ShapeError',
        `squeeze: axis ${k} of shape ${showShape(t.shape)} has size ${t.shape[k]}, not 1. Index it or reduce over it instead.`,
      )
  return reshape(
    t,
    t.shape.filter((_, k) => !axes.includes(k)),
  )
}
