/** Stable sorting along an axis: by the first operand, ascending, NaN last, -0 equal to 0; the other operands follow. */
import { type Aval, aval } from '../aval.ts'
import { fail } from '../errors.ts'
import { narrowed, widened } from '../lower/narrow.ts'
import { checkOptions, checkList } from '../options.ts'
import { bind, bind1 } from '../program/bind.ts'
import { normalizeAxis, sameShape, type Shape, showShape, stridesOf } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import type { Index, Lowering, Value } from '../lower/lowering.ts'
import { subtract } from './arithmetic.ts'
import { batchAll } from './broadcast.ts'
import { first } from './family.ts'
import { gatherP } from './gather.ts'
import { eachIndex } from './host.ts'
import { iota } from './iota.ts'
import { none, type SimplePrimitive } from './primitive.ts'
import { flip } from './reverse.ts'
import { sliceAxis } from './slice.ts'

export interface SortParams {
  readonly axis: number
}

export const sortP: SimplePrimitive<SortParams> = {
  name: 'sort',
  inputs: ['keys', 'operands'],
  abstractEval(avals) {
    const { shape } = first(avals)
    const other = avals.find(a => !sameShape(a.shape, shape))
    if (other) fail('ShapeError', `sort: all operands need one shape, got ${showShape(shape)} and ${showShape(other.shape)}.`)
    return avals
  },
  jvp(primals, tangents, _, { axis }) {
    if (tangents.every(t => t === null)) return primals.map(() => null)
    const order = permutationOf(primals, axis)
    return tangents.map(t => (t === null ? null : along(t, order, axis)))
  },
  transpose: none('sort is not linear'),
  batch: (tensors, axes, size, { axis }) => ({
    outputs: bind(sortP, batchAll(tensors, axes, size), { axis: axis + 1 }),
    axes: tensors.map(() => 0),
  }),
  lower(l, values, { axis }, outputs) {
    const { shape } = first(outputs),
      length = shape[axis] as number
    if (first(outputs).size === 0) return values
    const rows = values.map(v => l.stored(widened(l, toLast(l, v, axis))))
    const buffers = rows.map(v => l.allocate(v.aval))
    l.emit({ kind: 'sort', rows: first(outputs).size / length, length, inputs: rows.map(v => l.buffer(v)), outputs: buffers })
    return rows.map((v, k) => {
      const out = outputs[k] as Aval
      return narrowed(l, fromLast(l, l.wrap(v.aval, buffers[k] as number), axis, aval(out.shape, v.aval.dtype)), out)
    })
  },
  evaluate(arrays, { axis }, outputs) {
    const { shape } = first(outputs),
      n = shape[axis] as number,
      stride = stridesOf(shape)[axis] as number
    const results = arrays.map(a => Float64Array.from(a.data)),
      keys = first(arrays).data
    eachIndex(
      shape.map((size, k) => (k === axis ? Math.min(1, size) : size)),
      index => {
        const start = index.reduce((sum, i, k) => sum + i * (stridesOf(shape)[k] as number), 0)
        const key = (i: number): number => keys[start + i * stride] as number
        const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => compare(key(i), key(j)) || i - j)
        order.forEach((from, to) => {
          results.forEach((r, k) => (r[start + to * stride] = (arrays[k] as { data: Float64Array }).data[start + from * stride] as number))
        })
      },
    )
    return results.map((data, k) => ({ aval: outputs[k] as Aval, data }))
  },
}

const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : Number(a !== a) - Number(b !== b))

/** Where each element of the result was along the axis: int32. */
const permutationOf = (operands: readonly Tensor[], axis: number): Tensor =>
  bind(sortP, [first(operands), iota(first(operands).shape, { axis })], { axis })[1] as Tensor

/** x at positions along one axis; the other axes go along. */
const along = (x: Tensor, positions: Tensor, axis: number): Tensor =>
  bind1(gatherP, [x, positions], { axes: [axis], paired: others(x.shape, axis), mode: 'clip', negative: false, fillValue: 0 })
const others = (shape: Shape, axis: number): (readonly [number, number])[] => shape.flatMap((_, k) => (k === axis ? [] : [[k, k] as const]))

const order = (n: number, axis: number): number[] => [...Array.from({ length: n }, (_, k) => k).filter(k => k !== axis), axis]

function toLast(l: Lowering, value: Value, axis: number): Value {
  const { shape, dtype } = value.aval,
    layout = order(shape.length, axis)
  if (axis === shape.length - 1) return value
  return l.elements(
    aval(
      layout.map(k => shape[k] as number),
      dtype,
    ),
    [value],
    (b, index) =>
      b.read(
        value,
        shape.map((_, k) => index[layout.indexOf(k)] as Index),
      ),
    { cost: 0 },
  )
}

function fromLast(l: Lowering, value: Value, axis: number, out: Aval): Value {
  const layout = order(out.shape.length, axis)
  return axis === out.shape.length - 1
    ? value
    : l.elements(
        out,
        [value],
        (b, index) =>
          b.read(
            value,
            layout.map(k => index[k] as Index),
          ),
        { cost: 0 },
      )
}

export interface SortKeys {
  /** How many of the operands order them: the first one, where its elements are equal the second, and so on. Default 1. */
  readonly numKeys?: number
}

/** Operands of one shape, sorted together along an axis by the first ones; stable. JAX: `lax.sort`. */
export function sortOperands(operands: readonly TensorLike[], axis = -1, options: SortKeys = {}): readonly Tensor[] {
  const { numKeys = 1 } = checkOptions('sort', options, 'numKeys')
  const tensors = checkList('sort', operands).map(x => toTensor(x, 'sort'))
  if (tensors.length === 0) fail('ValueError', 'sort: needs at least one operand.')
  const k = normalizeAxis('sort', axis, first(tensors).ndim)
  if (!Number.isInteger(numKeys) || numKeys < 1 || numKeys > tensors.length)
    fail('ValueError', `sort: numKeys must be an integer from 1 to the number of operands, ${tensors.length}, got ${numKeys}.`)
  return numKeys === 1 ? bind(sortP, tensors, { axis: k }) : sortByKeys(tensors, numKeys, k)
}
/** By the last key first: later sorts keep the order of what is equal. */
function sortByKeys(tensors: readonly Tensor[], numKeys: number, axis: number): readonly Tensor[] {
  sortP.abstractEval(
    tensors.map(t => t.aval),
    { axis },
  ) // shapes must be equal
  const positions = tensors
    .slice(0, numKeys)
    .reduceRight<Tensor>(
      (order, key) => bind(sortP, [along(key, order, axis), order], { axis })[1] as Tensor,
      iota(first(tensors).shape, { axis }),
    )
  return tensors.map(t => along(t, positions, axis))
}

export interface SortOptions {
  /** Default: the last axis. */
  readonly axis?: number
  /** Largest first. Default false. */
  readonly descending?: boolean
}

/** x sorted along an axis, ascending unless asked otherwise; NaN last (first when descending). NumPy: `sort`. */
export function sort(x: TensorLike, options: SortOptions = {}): Tensor {
  const { axis = -1, descending = false } = checkOptions('sort', options, 'axis', 'descending')
  const sorted = first(sortOperands([x], axis))
  return descending ? flip(sorted, { axis }) : sorted
}

/** The positions (int32) that sort x along an axis. Stable: equal elements keep their order, also when descending. NumPy: `argsort`. */
export function argsort(x: TensorLike, options: SortOptions = {}): Tensor {
  const { axis = -1, descending = false } = checkOptions('argsort', options, 'axis', 'descending')
  const t = toTensor(x, 'argsort'),
    k = normalizeAxis('argsort', axis, t.ndim)
  return descending ? (sortDescending(t, k)[1] as Tensor) : permutationOf([t], k)
}

/** Values and positions, largest first, equal elements in order: the mirror image of an ascending sort of the mirror image. */
function sortDescending(x: Tensor, axis: number): readonly Tensor[] {
  const [values, positions] = bind(sortP, [flip(x, { axis }), iota(x.shape, { axis })], { axis }) as readonly [Tensor, Tensor]
  return [flip(values, { axis }), subtract((x.shape[axis] as number) - 1, flip(positions, { axis }))]
}

/** The k largest elements along the last axis, largest first, and their positions (int32); of equal ones the first. JAX: `lax.top_k`. */
export function topK(x: TensorLike, k: number): readonly [values: Tensor, indices: Tensor] {
  const t = toTensor(x, 'topK'),
    n = t.shape.at(-1)
  if (n === undefined || !Number.isInteger(k) || k < 0 || k > n)
    fail('ShapeError', `topK: k = ${k} must be an integer from 0 to the size of the last axis of shape ${showShape(t.shape)}.`)
  const [values, positions] = sortDescending(t, t.ndim - 1) as readonly [Tensor, Tensor]
  return [sliceAxis(values, 0, k, { axis: -1 }), sliceAxis(positions, 0, k, { axis: -1 })]
}
