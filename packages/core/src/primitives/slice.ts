/** A box of elements, every `strides[k]`-th along axis k, with bounds known while tracing. Linear; the transpose pads with zeros. */
import { aval } from '../aval.ts'
import { described, fail } from '../errors.ts'
import { type Index, indexScale, indexShift } from '../lower/lowering.ts'
import { checkOptions } from '../options.ts'
import { bind1 } from '../program/bind.ts'
import { checkIntegers, normalizeAxis, sameShape, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { scalarOf } from './cast.ts'
import { first } from './family.ts'
import { hostFrom, hostReader } from './host.ts'
import { linearJvp } from './linear.ts'
import { padP } from './pad.ts'
import { isUnknown, type SimplePrimitive } from './primitive.ts'
import { moveToFront } from './transpose.ts'

export interface SliceParams {
  readonly starts: readonly number[]
  /** Exclusive. */
  readonly limits: readonly number[]
  /** At least 1. */
  readonly strides: readonly number[]
}

const lengthOf = (start: number, limit: number, stride: number): number => Math.ceil((limit - start) / stride)

export const sliceP: SimplePrimitive<SliceParams> = {
  name: 'slice',
  inputs: ['x'],
  abstractEval(avals, { starts, limits, strides }) {
    const x = first(avals),
      { shape } = x
    const box = `starts [${starts.join(', ')}], limits [${limits.join(', ')}], strides [${strides.join(', ')}]`
    if ([starts, limits, strides].some(v => v.length !== shape.length))
      fail('ShapeError', `slice: ${box} need one entry for each of the ${shape.length} axes of shape ${showShape(shape)}.`)
    shape.forEach((n, k) => {
      const [start, limit, stride] = [starts[k] as number, limits[k] as number, strides[k] as number]
      const fits = Number.isInteger(start) && Number.isInteger(limit) && 0 <= start && start <= limit && limit <= n
      if (!fits || !Number.isInteger(stride) || stride < 1)
        fail(
          'ShapeError',
          `slice: ${box} do not fit axis ${k} of shape ${showShape(shape)}: 0 <= start <= limit <= ${n} and stride >= 1 must hold.`,
        )
    })
    return [
      aval(
        shape.map((_, k) => lengthOf(starts[k] as number, limits[k] as number, strides[k] as number)),
        x.dtype,
        x.weak,
      ),
    ]
  },
  jvp: (primals, tangents, outputs, params) => linearJvp(sliceP)(primals, tangents, outputs, params),
  transpose([ct], inputs, { starts, strides }) {
    const x = first(inputs)
    if (ct == null || !isUnknown(x)) return [null]
    const covered = ct.shape.map((n, k) => (n === 0 ? 0 : (n - 1) * (strides[k] as number) + 1))
    const high = x.aval.shape.map((n, k) => n - (starts[k] as number) - (covered[k] as number))
    return [bind1(padP, [ct, scalarOf(0, ct.dtype)], { low: starts, high, interior: strides.map(s => s - 1) })]
  },
  batch: (tensors, axes, size, { starts, limits, strides }) => ({
    outputs: [
      bind1(sliceP, [moveToFront(first(tensors), first(axes) as number)], {
        starts: [0, ...starts],
        limits: [size, ...limits],
        strides: [1, ...strides],
      }),
    ],
    axes: [0],
  }),
  lower(l, values, { starts, strides }, outputs) {
    const x = first(values)
    return [
      l.elements(
        first(outputs),
        [x],
        (b, index) =>
          b.read(
            x,
            index.map((i: Index, k) => indexShift(indexScale(i, strides[k] as number), starts[k] as number)),
          ),
        { cost: 0 },
      ),
    ]
  },
  evaluate(arrays, { starts, strides }, outputs) {
    const read = hostReader(first(arrays))
    return [hostFrom(first(outputs), index => read(index.map((i, k) => (starts[k] as number) + i * (strides[k] as number))))]
  },
}

/** The elements from `starts` to `limits` (exclusive), every `strides[k]`-th along axis k. Bounds must be inside x. JAX: `lax.slice`. */
export function slice(x: TensorLike, starts: readonly number[], limits: readonly number[], strides?: readonly number[]): Tensor {
  const t = toTensor(x, 'slice')
  const steps = strides ?? checkIntegers('slice', 'starts', starts).map(() => 1)
  for (const [what, list] of Object.entries({ starts, limits, strides: steps })) checkIntegers('slice', what, list)
  if (starts.every(s => s === 0) && steps.every(s => s === 1) && sameShape(limits, t.shape)) return t
  return bind1(sliceP, [t], { starts: [...starts], limits: [...limits], strides: [...steps] })
}

export interface SliceAxis {
  /** Default 0. */
  readonly axis?: number
  /** Every `stride`-th element; at least 1. Default 1. */
  readonly stride?: number
}

/**
 * Positions `start` to `end` (exclusive, default: all) along one axis. Negative ones count from the end, and both are clipped to the axis, as
 * in `x[start:end:stride]`.
 *
 * @example sliceAxis(arange(6), 1, -1, { stride: 2 }) // [1, 3]
 */
export function sliceAxis(x: TensorLike, start: number, end?: number, options: SliceAxis = {}): Tensor {
  const { axis = 0, stride = 1 } = checkOptions('sliceAxis', options, 'axis', 'stride')
  const t = toTensor(x, 'sliceAxis')
  if (!Number.isInteger(stride) || stride < 1)
    fail('ValueError', `sliceAxis: the stride must be a positive integer, got ${described(stride)}. Reverse with flip.`)
  for (const i of [start, end])
    if (i !== undefined && !Number.isInteger(i)) fail('ValueError', `sliceAxis: positions must be integers, got ${described(i)}.`)
  const k = normalizeAxis('sliceAxis', axis, t.ndim)
  const n = t.shape[k] as number
  const clip = (i: number): number => Math.min(n, Math.max(0, i < 0 ? i + n : i))
  const from = clip(start),
    to = Math.max(from, clip(end ?? n))
  const at = (value: number, others: readonly number[]): number[] => others.map((o, i) => (i === k ? value : o))
  const zeros = t.shape.map(() => 0),
    ones = t.shape.map(() => 1)
  return slice(t, at(from, zeros), at(to, t.shape), at(stride, ones))
}
