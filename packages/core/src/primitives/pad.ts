/**
 * Pads: `low[k]` elements before, `high[k]` after and `interior[k]` between the elements of axis k, all with the value `fill`. Negative
 * low and high cut off (after the interior is put in). Linear in x and fill; the transpose cuts off and strides. Source: jax.lax.pad.
 */
import { checkList } from '../options.ts'
import { type Aval, aval, showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import type { Guard } from '../lower/kernel.ts'
import { type Index, indexScale, indexShift, type Lowering, type Value } from '../lower/lowering.ts'
import { bind1 } from '../program/bind.ts'
import { type Shape, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { broadcastTo } from './broadcast.ts'
import { promoteOperands, scalarOf } from './cast.ts'
import { first } from './family.ts'
import { hostFrom, hostReader, isInside } from './host.ts'
import { type Batched, isUnknown, type SimplePrimitive, type Unknown } from './primitive.ts'
import { sum } from './reduce.ts'
import { reshape } from './reshape.ts'
import { selectP } from './select.ts'
import { slice } from './slice.ts'
import { moveToFront } from './transpose.ts'
import { instantiate, onesOf } from './zeros.ts'

export interface PadParams {
  readonly low: readonly number[]
  readonly high: readonly number[]
  readonly interior: readonly number[]
}

/** Size of axis k with the interior in place. */
const dilated = (n: number, interior: number): number => (n === 0 ? 0 : n + (n - 1) * interior)

export const padP: SimplePrimitive<PadParams> = {
  name: 'pad',
  inputs: ['x', 'fill'],
  abstractEval(avals, { low, high, interior }) {
    const [x, value] = avals as readonly [Aval, Aval]
    const config = `low [${low.join(', ')}], high [${high.join(', ')}], interior [${interior.join(', ')}]`
    if (value.shape.length !== 0) fail('ShapeError', `pad: the padding value must be a scalar, got shape ${showShape(value.shape)}.`)
    if (x.dtype !== value.dtype)
      fail('DTypeError', `pad: x is ${showAval(x)} but the padding value is ${showAval(value)}. Convert one with astype.`)
    if (
      [low, high, interior].some(v => v.length !== x.shape.length) ||
      [...low, ...high, ...interior].some(n => !Number.isInteger(n)) ||
      interior.some(n => n < 0)
    )
      fail(
        'ShapeError',
        `pad: ${config} must hold one integer for each of the ${x.shape.length} axes of shape ${showShape(x.shape)}, interior none below 0.`,
      )
    const shape = x.shape.map((n, k) => (low[k] as number) + dilated(n, interior[k] as number) + (high[k] as number))
    if (shape.some(n => n < 0)) fail('ShapeError', `pad: ${config} cut more than there is off shape ${showShape(x.shape)}.`)
    return [aval(shape, x.dtype, x.weak && value.weak)]
  },
  jvp(primals, [t = null, tv = null], _, params) {
    if (t === null && tv === null) return [null]
    const x = first(primals)
    return [bind1(padP, [instantiate(t, x.aval), tv ?? scalarOf(0, x.dtype)], params)]
  },
  transpose([ct], inputs, params) {
    const [x, value] = inputs as readonly [Tensor | Unknown, Tensor | Unknown]
    if (ct == null) return [null, null]
    const { shape } = x.aval
    return [
      isUnknown(x) ? unpad(ct, shape, params) : null,
      isUnknown(value) ? sum(bind1(selectP, [insideMask(shape, params), scalarOf(0, ct.dtype), ct])) : null,
    ]
  },
  batch: batchPad,
  lower(l, values, params, outputs) {
    const [x, value] = values as readonly [Value, Value]
    return [
      params.interior.every(n => n === 0)
        ? padOutside(l, x, value, params, first(outputs))
        : padInside(l, x, value, params, first(outputs)),
    ]
  },
  evaluate(arrays, { low, interior }, outputs) {
    const x = first(arrays),
      value = arrays[1]?.data[0] as number,
      read = hostReader(x)
    return [
      hostFrom(first(outputs), index => {
        const at = index.map((i, k) => (i - (low[k] as number)) / ((interior[k] as number) + 1))
        return at.every(Number.isInteger) && isInside(at, x.aval.shape) ? read(at) : value
      }),
    ]
  },
}

/** Where the elements of x are in the result: bool. */
const insideMask = (shape: Shape, params: PadParams): Tensor => bind1(padP, [onesOf(aval(shape, 'bool')), scalarOf(0, 'bool')], params)

/** The elements of a cotangent at the places of those of x; zero where they were cut off. */
function unpad(ct: Tensor, shape: Shape, { low, high, interior }: PadParams): Tensor {
  const none = interior.map(() => 0),
    negative = (sizes: readonly number[]): number[] => sizes.map(n => 0 - n)
  const spread = bind1(padP, [ct, scalarOf(0, ct.dtype)], { low: negative(low), high: negative(high), interior: none })
  return slice(
    spread,
    none,
    shape.map((n, k) => dilated(n, interior[k] as number)),
    interior.map(n => n + 1),
  )
}

function batchPad(tensors: readonly Tensor[], axes: readonly (number | null)[], size: number, params: PadParams): Batched {
  const [x, value] = tensors as readonly [Tensor, Tensor],
    [i = null, j = null] = axes
  const inner = i === null ? broadcastTo(x, [size, ...x.shape]) : moveToFront(x, i)
  const wide: PadParams = { low: [0, ...params.low], high: [0, ...params.high], interior: [0, ...params.interior] }
  if (j === null) return { outputs: [bind1(padP, [inner, value], wide)], axes: [0] }
  const padded = bind1(padP, [inner, scalarOf(0, x.dtype)], wide)
  const fill = reshape(value, [size, ...params.low.map(() => 1)])
  return { outputs: [bind1(selectP, [insideMask(inner.shape, wide), padded, fill])], axes: [0] }
}

/** Without interior every result element is one of x, behind a guard, or the fill. */
function padOutside(l: Lowering, x: Value, fill: Value, { low, high }: PadParams, out: Aval): Value {
  const padded = low.flatMap((n, k) => (n > 0 || (high[k] as number) > 0 ? [k] : []))
  const ones = l.elements(aval(x.aval.shape, 'bool'), [], b => b.constant(1, 'bool'), { cost: 0 })
  return l.elements(
    out,
    [x, fill],
    (b, index) => {
      const at = index.map((i: Index, k) => indexShift(i, -(low[k] as number)))
      const guards = padded.map((k): Guard => ({ index: at[k] as Index, extent: x.aval.shape[k] as number }))
      if (guards.length === 0) return b.read(x, at)
      if (fill.literal !== undefined) return b.readGuarded(x, at, guards, fill.literal)
      return b.apply('select', [b.readGuarded(ones, at, guards, 0), b.readGuarded(x, at, guards, 0), b.read(fill, [])], out.dtype)
    },
    { cost: padded.length === 0 ? 0 : 1 },
  )
}

/** With interior: the fill everywhere, then the elements of x that are not cut off at their places. */
function padInside(l: Lowering, x: Value, fill: Value, { low, interior }: PadParams, out: Aval): Value {
  const buffer = l.allocate(out)
  l.store(
    l.elements(out, [fill], b => b.read(fill, []), { cost: 0 }),
    buffer,
    out.shape,
    index => index,
  )
  const step = interior.map(n => n + 1)
  const from = low.map((n, k) => Math.max(0, Math.ceil(-n / (step[k] as number))))
  const sizes = x.aval.shape.map(
    (n, k) => Math.min(n, Math.floor(((out.shape[k] as number) - 1 - (low[k] as number)) / (step[k] as number)) + 1) - (from[k] as number),
  )
  if (sizes.every(n => n > 0)) {
    const kept = l.elements(
      aval(sizes, out.dtype),
      [x],
      (b, index) =>
        b.read(
          x,
          index.map((i: Index, k) => indexShift(i, from[k] as number)),
        ),
      { cost: 0 },
    )
    l.store(kept, buffer, out.shape, index =>
      index.map((i: Index, k) =>
        indexShift(indexScale(i, step[k] as number), (low[k] as number) + (from[k] as number) * (step[k] as number)),
      ),
    )
  }
  return l.wrap(out, buffer)
}

/**
 * x with `low[k]` elements before, `high[k]` after and `interior[k]` between the elements of axis k, of value `fill`; negative low and high
 * cut off. JAX: `lax.pad`.
 *
 * @example padWith(array([1, 2]), 0, [[1, 0, 1]]) // [0, 1, 0, 2]
 */
export function padWith(
  x: TensorLike,
  fill: TensorLike,
  config: readonly (readonly [low: number, high: number, interior: number])[],
): Tensor {
  checkList('pad', config, '[low, high, interior]')
  const t = toTensor(x, 'pad'),
    value = toTensor(fill, 'pad')
  const cast = value.aval.weak ? first(promoteOperands('pad', value, t)) : value
  return bind1(padP, [t, cast], { low: config.map(c => c[0]), high: config.map(c => c[1]), interior: config.map(c => c[2]) })
}
