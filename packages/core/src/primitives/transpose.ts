/** Permutes axes: axis k of the result is axis `permutation[k]` of x. Linear; the transpose is the inverse permutation. */
import { aval } from '../aval.ts'
import { fail } from '../errors.ts'
import type { Index } from '../lower/lowering.ts'
import { bind1 } from '../program/bind.ts'
import { axisList, normalizeAxis, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { first } from './family.ts'
import { hostFrom, hostReader } from './host.ts'
import { linearJvp } from './linear.ts'
import { isUnknown, type SimplePrimitive } from './primitive.ts'

export interface TransposeParams {
  readonly permutation: readonly number[]
}

export const transposeP: SimplePrimitive<TransposeParams> = {
  name: 'transpose',
  inputs: ['x'],
  abstractEval(avals, { permutation }) {
    const x = first(avals)
    if (permutation.length !== x.shape.length || !x.shape.every((_, k) => permutation.includes(k)))
      fail(
        'ShapeError',
        `transpose: axes [${permutation.join(', ')}] are not a permutation of the ${x.shape.length} axes of shape ${showShape(x.shape)}.`,
      )
    return [
      aval(
        permutation.map(k => x.shape[k] as number),
        x.dtype,
        x.weak,
      ),
    ]
  },
  jvp: (primals, tangents, outputs, params) => linearJvp(transposeP)(primals, tangents, outputs, params),
  transpose: ([ct], inputs, { permutation }) => [ct && isUnknown(first(inputs)) ? transpose(ct, inverse(permutation)) : null],
  batch: (tensors, axes, _, { permutation }) => {
    const axis = first(axes) as number
    return { outputs: [transpose(first(tensors), [axis, ...permutation.map(k => (k >= axis ? k + 1 : k))])], axes: [0] }
  },
  lower(l, values, { permutation }, outputs) {
    const x = first(values),
      source = inverse(permutation)
    return [
      l.elements(
        first(outputs),
        [x],
        (b, index) =>
          b.read(
            x,
            source.map(k => index[k] as Index),
          ),
        { cost: 0 },
      ),
    ]
  },
  evaluate(arrays, { permutation }, outputs) {
    const read = hostReader(first(arrays)),
      source = inverse(permutation)
    return [hostFrom(first(outputs), index => read(source.map(k => index[k] as number)))]
  },
}

const inverse = (permutation: readonly number[]): number[] => permutation.map((_, k) => permutation.indexOf(k))

/** x with its axes permuted: axis k of the result is axis `axes[k]` of x. Default: all axes reversed. NumPy: `transpose`. */
export function transpose(x: TensorLike, axes?: readonly number[]): Tensor {
  const t = toTensor(x, 'transpose')
  const permutation =
    axes === undefined ? t.shape.map((_, k) => t.ndim - 1 - k) : axisList('transpose', axes).map(k => normalizeAxis('transpose', k, t.ndim))
  if (permutation.length === t.ndim && permutation.every((axis, k) => axis === k)) return t
  return bind1(transposeP, [t], { permutation })
}

/** x with axis `source` at `destination`; the other axes keep their order. Lists pair up by position. NumPy: `moveaxis`. */
export function moveaxis(x: TensorLike, source: number | readonly number[], destination: number | readonly number[]): Tensor {
  const t = toTensor(x, 'moveaxis')
  const list = (axes: number | readonly number[]): number[] => axisList('moveaxis', axes).map(k => normalizeAxis('moveaxis', k, t.ndim))
  const from = list(source),
    to = list(destination)
  if (from.length !== to.length || new Set(from).size !== from.length || new Set(to).size !== to.length)
    fail('ShapeError', `moveaxis: source [${from.join(', ')}] and destination [${to.join(', ')}] must list as many axes, each once.`)
  const rest = t.shape.map((_, k) => k).filter(k => !from.includes(k))
  return transpose(
    t,
    t.shape.map((_, k) => (to.includes(k) ? (from[to.indexOf(k)] as number) : (rest.shift() as number))),
  )
}

/** x with `axis` in front, where batch rules want it. */
export const moveToFront = (x: Tensor, axis: number): Tensor => (axis === 0 ? x : moveaxis(x, axis, 0))

/** x with two axes exchanged. NumPy: `swapaxes`. */
export function swapaxes(x: TensorLike, axis1: number, axis2: number): Tensor {
  const t = toTensor(x, 'swapaxes')
  const a = normalizeAxis('swapaxes', axis1, t.ndim),
    b = normalizeAxis('swapaxes', axis2, t.ndim)
  return transpose(
    t,
    t.shape.map((_, k) => (k === a ? b : k === b ? a : k)),
  )
}
