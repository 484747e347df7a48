/** Positions of the largest and smallest elements along an axis: int32. The first of equal ones, and the first NaN before all, as NumPy. */
import { aval } from '../aval.ts'
import { fail } from '../errors.ts'
import type { Index } from '../lower/lowering.ts'
import { unrollReductions } from '../lower/unroll.ts'
import { checkOptions } from '../options.ts'
import { bind1 } from '../program/bind.ts'
import { normalizeAxis, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { first } from './family.ts'
import { hostFrom, hostReader } from './host.ts'
import { none, type SimplePrimitive } from './primitive.ts'
import { expandDims, ravel } from './reshape.ts'
import { moveToFront } from './transpose.ts'

export interface ArgReduceParams {
  readonly axis: number
}

/* @__NO_SIDE_EFFECTS__ */
function argReduction(name: 'argmax' | 'argmin'): SimplePrimitive<ArgReduceParams> {
  const beats = (a: number, b: number): boolean => (name === 'argmax' ? a > b : a < b)
  const self: SimplePrimitive<ArgReduceParams> = {
    name,
    inputs: ['x'],
    abstractEval(avals, { axis }) {
      const { shape } = first(avals)
      if (shape[axis] === 0)
        fail(
          'ShapeError',
          `${name}: no elements to choose from: axis ${axis} of shape ${showShape(shape)} is empty. Concatenate an initial value first.`,
        )
      return [
        aval(
          shape.filter((_, k) => k !== axis),
          'int32',
        ),
      ]
    },
    jvp: () => [null],
    transpose: none('positions are integers'),
    batch: (tensors, axes, _, { axis }) => ({
      outputs: [bind1(self, [moveToFront(first(tensors), first(axes) as number)], { axis: axis + 1 })],
      axes: [0],
    }),
    lower(l, values, { axis }, outputs) {
      const x = first(values)
      const at = (kept: readonly Index[], reduced: readonly Index[]): Index[] => kept.toSpliced(axis, 0, first(reduced))
      return [
        l.reduce(
          first(outputs),
          [x],
          name,
          [x.aval.shape[axis] as number],
          (b, kept, reduced) => b.read(x, at(kept, reduced)),
          (b, _, reduced) => b.iota(first(reduced), 'int32'),
        ),
      ]
    },
    rewrite: unrollReductions,
    evaluate(arrays, { axis }, outputs) {
      const x = first(arrays),
        read = hostReader(x)
      return [
        hostFrom(first(outputs), index => {
          const row = Array.from({ length: x.aval.shape[axis] as number }, (_, i) => read(index.toSpliced(axis, 0, i)))
          const nan = row.findIndex(Number.isNaN)
          return nan >= 0 ? nan : row.reduce((best, v, i) => (beats(v, row[best] as number) ? i : best), 0)
        }),
      ]
    },
  }
  return self
}

export const argmaxP: SimplePrimitive<ArgReduceParams> = argReduction('argmax')
export const argminP: SimplePrimitive<ArgReduceParams> = argReduction('argmin')

export interface ArgReduce {
  /** Default: the position in the flattened tensor. */
  readonly axis?: number
  /** Keep the reduced axis (without `axis`: all axes) with size 1. Default false. */
  readonly keepdims?: boolean
}

function argReduce(primitive: SimplePrimitive<ArgReduceParams>, x: TensorLike, { axis, keepdims = false }: ArgReduce): Tensor {
  const t = toTensor(x, primitive.name)
  if (axis === undefined) {
    const out = bind1(primitive, [ravel(t)], { axis: 0 })
    return keepdims
      ? expandDims(
          out,
          t.shape.map((_, k) => k),
        )
      : out
  }
  const k = normalizeAxis(primitive.name, axis, t.ndim)
  const out = bind1(primitive, [t], { axis: k })
  return keepdims ? expandDims(out, k) : out
}

/** Position of the largest element along an axis: int32; the first of several, and of NaN if there is one. NumPy: `argmax`. */
export function argmax(x: TensorLike, options: ArgReduce = {}): Tensor {
  checkOptions('argmax', options, 'axis', 'keepdims')
  return argReduce(argmaxP, x, options)
}
/** Position of the smallest element along an axis: int32; the first of several, and of NaN if there is one. NumPy: `argmin`. */
export function argmin(x: TensorLike, options: ArgReduce = {}): Tensor {
  checkOptions('argmin', options, 'axis', 'keepdims')
  return argReduce(argminP, x, options)
}
