/**
 * Writes updates into x at index tensors: the counterpart of gather (see indexed.ts for how axes correspond). Where indices repeat, updates combine in
 * row-major order of the updates; for `set` the last one wins. Out of bounds nothing is written (mode `fill`).
 */
import { type Aval, aval, showAval } from '../aval.ts'
import { fail, inNameOf } from '../errors.ts'
import { instructions } from '../lower/instructions.ts'
import { flatten } from '../lower/body.ts'
import { narrowed, widened } from '../lower/narrow.ts'
import { indexAxis, type Value } from '../lower/lowering.ts'
import { checkOptions, checkList } from '../options.ts'
import { bind1 } from '../program/bind.ts'
import { checkIndices } from '../program/modes.ts'
import { axisList, normalizeAxis, sameShape, showShape, sizeOf, stridesOf } from '../shape.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { divide, multiply, subtract } from './arithmetic.ts'
import { alignBatch, broadcastTo } from './broadcast.ts'
import { astype, promoteOperands, scalarOf } from './cast.ts'
import { equal } from './comparison.ts'
import { square } from './exponential.ts'
import { first, wrap } from './family.ts'
import { checkMode, gatherP, toIndices } from './gather.ts'
import { eachIndex } from './host.ts'
import { hostAddress, type IndexMode, type IndexParams, indexedLayout, indexedShape, lowerAddress, shiftIndexParams } from './indexed.ts'
import { iota } from './iota.ts'
import { type Batched, isUnknown, type HostArray, type MaybeTensor, type SimplePrimitive, type Unknown } from './primitive.ts'
import { reshape } from './reshape.ts'
import { where } from './select.ts'
import { moveaxis, moveToFront } from './transpose.ts'
import { instantiate, zerosOf } from './zeros.ts'

export interface ScatterParams extends IndexParams {
  readonly combine: 'set' | 'add' | 'mul' | 'min' | 'max'
}

const names = { set: 'scatter', add: 'scatterAdd', mul: 'scatterMul', min: 'scatterMin', max: 'scatterMax' } as const
const layoutOf = (
  x: { readonly aval: Aval },
  indices: readonly { readonly aval: Aval }[],
  p: ScatterParams,
): ReturnType<typeof indexedLayout> =>
  indexedLayout(
    names[p.combine],
    x.aval,
    indices.map(i => i.aval),
    p,
  )

export const scatterP: SimplePrimitive<ScatterParams> = {
  name: 'scatter',
  inputs: ['x', 'updates', 'indices'],
  abstractEval([x, updates, ...indices], params) {
    const a = x as Aval,
      u = updates as Aval,
      name = names[params.combine]
    if (a.dtype !== u.dtype) fail('DTypeError', `${name}: x is ${showAval(a)} but updates are ${showAval(u)}. Convert one with astype.`)
    if (a.dtype === 'bool' && (params.combine === 'add' || params.combine === 'mul'))
      fail('DTypeError', `${name}: needs numbers, got bool. Convert with astype('int32').`)
    const expected = indexedShape(a, indexedLayout(name, a, indices, params))
    if (!sameShape(expected, u.shape))
      fail(
        'ShapeError',
        `${name}: updates have shape ${showShape(u.shape)}; for x ${showShape(a.shape)} and these indices it must be ${showShape(expected)}: the index shape, then the axes of x without an index.`,
      )
    return [a.weak && !u.weak ? aval(a.shape, a.dtype) : a]
  },
  jvp([x, updates, ...indices], [tx = null, tu = null], [out], params) {
    const a = x as Tensor,
      u = updates as Tensor
    switch (params.combine) {
      case 'add':
      case 'set':
        return [tx === null && tu === null ? null : bind1(scatterP, [instantiate(tx, a.aval), instantiate(tu, u.aval), ...indices], params)]
      case 'mul':
        return [productTangent(a, u, indices, tx, tu, params)]
      default:
        return [extremumTangent(a, u, indices, tx, tu, out as Tensor, params)]
    }
  },
  transpose([ct], [x, updates, ...indices], params) {
    const rest = indices.map(() => null)
    if (ct == null) return [null, null, ...rest]
    const known = indices as Tensor[],
      u = updates as Tensor | Unknown
    const cx = x && isUnknown(x) ? cotangentOfX(ct, u, known, params) : null
    return [cx, isUnknown(u) ? cotangentOfUpdates(ct, u.aval, known, params) : null, ...rest]
  },
  batch: batchScatter,
  lower(l, [x, updates, ...indices], params, outputs) {
    const out = first(outputs),
      target = widened(l, x as Value),
      u = widened(l, updates as Value)
    const layout = layoutOf(target, indices, params),
      { shape } = u.aval
    const buffer = l.allocate(target.aval)
    l.store(target, buffer, out.shape, index => index)
    if (u.aval.size === 0 || out.size === 0) return [narrowed(l, l.wrap(target.aval, buffer), out)]
    const b = l.body(shape.length),
      point = shape.map((_, k) => indexAxis(k, shape.length)),
      strides = stridesOf(out.shape)
    const { index, indirect, inside } = lowerAddress(b, out, indices, params, layout, point)
    const value = b.read(u, point)
    l.emit({
      kind: 'scatter',
      extents: shape,
      body: b.nodes(),
      buffer,
      combine: params.combine,
      map: flatten(out.shape, index, shape.length),
      indirect: indirect.map(({ axis, node }) => ({ index: node, stride: strides[axis] as number })),
      value,
      ...(inside !== null && { where: inside }),
    })
    return [narrowed(l, l.wrap(target.aval, buffer), out)]
  },
  evaluate([x, updates, ...indices], params, outputs) {
    const out = first(outputs),
      u = updates as HostArray,
      data = Float64Array.from((x as HostArray).data),
      strides = stridesOf(out.shape)
    const at = hostAddress(out, indices, params, layoutOf(x as HostArray, indices, params))
    eachIndex(u.aval.shape, (point, flat) => {
      const position = at(point)?.reduce((sum, i, k) => sum + i * (strides[k] as number), 0)
      if (position === undefined) return
      const old = data[position] as number,
        update = u.data[flat] as number
      data[position] =
        params.combine === 'set' ? update : wrap(instructions[params.combine].evaluate([old, update], out.dtype, out.dtype), out.dtype)
    })
    return [{ aval: out, data }]
  },
}

// ---- derivatives ----------------------------------------------------------------------------------------

const read = (x: Tensor, indices: readonly Tensor[], { axes, paired, mode, negative }: ScatterParams): Tensor =>
  bind1(gatherP, [x, ...indices], { axes, paired, mode, negative, fillValue: 0 })
const write = (x: Tensor, updates: Tensor, indices: readonly Tensor[], params: ScatterParams, combine: ScatterParams['combine']): Tensor =>
  bind1(scatterP, [x, updates, ...indices], { ...params, combine })

function cotangentOfX(ct: Tensor, updates: Tensor | Unknown, indices: readonly Tensor[], params: ScatterParams): Tensor {
  switch (params.combine) {
    case 'add':
      return ct
    case 'set':
      return write(ct, zerosOf(updates.aval), indices, params, 'set')
    case 'mul':
      return write(ct, updates as Tensor, indices, params, 'mul')
    default:
      return fail('InternalError', `${names[params.combine]} is not linear`)
  }
}

function cotangentOfUpdates(ct: Tensor, updates: Aval, indices: readonly Tensor[], params: ScatterParams): Tensor {
  const seen = read(ct, indices, params)
  return params.combine === 'set' ? where(isWinner(ct.aval, updates, indices, params), seen, 0) : seen
}

/** Which updates of a `set` are the last at their place: each writes its number, and looks whether it is still there. */
function isWinner(x: Aval, updates: Aval, indices: readonly Tensor[], params: ScatterParams): Tensor {
  const number = reshape(iota([sizeOf(updates.shape)]), updates.shape)
  const written = write(broadcastTo(scalarOf(-1, 'int32'), x.shape), number, indices, params, 'set')
  return equal(read(written, indices, params), number)
}

/**
 * d(x * u1 * u2 ...): each tangent times all other factors at its place. Those of an update are the product there of what is not zero, divided by the
 * update, times the product of zeros among the others, which is zero itself but has slopes.
 */
function productTangent(
  x: Tensor,
  u: Tensor,
  indices: readonly Tensor[],
  tx: MaybeTensor,
  tu: MaybeTensor,
  params: ScatterParams,
): MaybeTensor {
  const byX = tx === null ? null : write(tx, u, indices, params, 'mul')
  if (tu === null) return byX
  const isZero = equal(u, 0),
    factor = where(isZero, 1, u)
  const product = read(write(x, factor, indices, params, 'mul'), indices, params)
  const others = multiply(divide(product, factor), productOfOtherZeros(x, u, isZero, indices, params))
  return write(byX ?? zerosOf(x.aval), multiply(tu, others), indices, params, 'add')
}

/**
 * For each update the product of the other ones at its place that are zero: 1 if there are none, else the elementary symmetric polynomial of their number,
 * by Newton's identities, so that it has its slopes. Those of three zeros and more are left out: they would count in fourth derivatives.
 */
function productOfOtherZeros(x: Tensor, u: Tensor, isZero: Tensor, indices: readonly Tensor[], params: ScatterParams): Tensor {
  const sumOfOthers = (v: Tensor): Tensor =>
    subtract(read(write(broadcastTo(scalarOf(0, v.dtype), x.shape), v, indices, params, 'add'), indices, params), v)
  const zeros = where(isZero, u, 0),
    count = sumOfOthers(astype(isZero, 'int32')),
    sum = sumOfOthers(zeros)
  const pairs = divide(subtract(square(sum), sumOfOthers(square(zeros))), 2)
  return where(equal(count, 0), 1, where(equal(count, 1), sum, where(equal(count, 2), pairs, 0)))
}

/** The mean of the tangents of x and of those updates that are the extremum. */
function extremumTangent(
  x: Tensor,
  u: Tensor,
  indices: readonly Tensor[],
  tx: MaybeTensor,
  tu: MaybeTensor,
  out: Tensor,
  params: ScatterParams,
): MaybeTensor {
  if (tx === null && tu === null) return null
  const own = astype(equal(x, out), out.dtype),
    theirs = astype(equal(u, read(out, indices, params)), out.dtype)
  const tangent = write(multiply(own, instantiate(tx, x.aval)), multiply(theirs, instantiate(tu, u.aval)), indices, params, 'add')
  return divide(tangent, write(own, theirs, indices, params, 'add'))
}

// ---- batching -------------------------------------------------------------------------------------------

function batchScatter(inputs: readonly Tensor[], axes: readonly (number | null)[], size: number, params: ScatterParams): Batched {
  const [x, updates, ...indices] = inputs as readonly [Tensor, Tensor, ...Tensor[]]
  const [ix = null, iu = null, ...indexAxes] = axes
  const front = (t: Tensor, axis: number | null): Tensor => (axis === null ? broadcastTo(t, [size, ...t.shape]) : moveToFront(t, axis))
  const target = front(x, ix),
    all = front(updates, iu)
  if (indexAxes.some(k => k !== null))
    return { outputs: [bind1(scatterP, [target, all, ...alignBatch(indices, indexAxes)], shiftIndexParams(params, 0, true))], axes: [0] }
  // The batch axis is the first window.
  const shifted = shiftIndexParams(params, 0, false)
  const { indexShape } = layoutOf(target, indices, shifted)
  return { outputs: [bind1(scatterP, [target, moveaxis(all, 0, indexShape.length), ...indices], shifted)], axes: [0] }
}

// ---- public functions -----------------------------------------------------------------------------------

export interface ScatterOptions {
  /** The axis of x for each index tensor. Default: the leading axes. */
  readonly axes?: readonly number[]
  /** Out of bounds: `fill` (default) writes nothing, `clip` writes to the nearest place. */
  readonly mode?: IndexMode
}

function scatterWith(
  combine: ScatterParams['combine'],
  x: TensorLike,
  indices: readonly TensorLike[],
  updates: TensorLike,
  { axes, mode }: ScatterOptions,
): Tensor {
  const name = names[combine],
    [t, u] = promoteOperands(name, x, updates) as readonly [Tensor, Tensor]
  const along =
    axes === undefined
      ? checkList(name, indices, 'indices').map((_, k) => k)
      : axisList(name, axes).map(k => normalizeAxis(name, k, t.ndim))
  const params: ScatterParams = { axes: along, paired: [], mode: checkMode(name, mode ?? 'fill'), negative: false, combine }
  const at = indices.map(i => toIndices(name, i))
  if (mode === undefined) checkIndices(name, t, at, along, false)
  const all = inNameOf(name, () => broadcastTo(u, indexedShape(t.aval, layoutOf(t, at, params))))
  return bind1(scatterP, [t, all, ...at], params)
}

/**
 * x with updates written at index tensors, which broadcast to one shape S: `x[i, j] = updates`. Updates broadcast to `[...S, ...axes of x without an
 * index]`. Where places repeat, the last update wins. JAX: `lax.scatter`, `x.at[...].set` in NumPy's terms.
 */
export function scatter(x: TensorLike, indices: readonly TensorLike[], updates: TensorLike, options: ScatterOptions = {}): Tensor {
  checkOptions('scatter', options, 'axes', 'mode')
  return scatterWith('set', x, indices, updates, options)
}
/** x with updates added at index tensors; repeated places add up. See `scatter`. JAX: `lax.scatter_add`. */
export function scatterAdd(x: TensorLike, indices: readonly TensorLike[], updates: TensorLike, options: ScatterOptions = {}): Tensor {
  checkOptions('scatterAdd', options, 'axes', 'mode')
  return scatterWith('add', x, indices, updates, options)
}
/** x multiplied by updates at index tensors; repeated places by all of them. See `scatter`. JAX: `lax.scatter_mul`. */
export function scatterMul(x: TensorLike, indices: readonly TensorLike[], updates: TensorLike, options: ScatterOptions = {}): Tensor {
  checkOptions('scatterMul', options, 'axes', 'mode')
  return scatterWith('mul', x, indices, updates, options)
}
/** The minimum of x and the updates at index tensors. Ties share the gradient equally. See `scatter`. JAX: `lax.scatter_min`. */
export function scatterMin(x: TensorLike, indices: readonly TensorLike[], updates: TensorLike, options: ScatterOptions = {}): Tensor {
  checkOptions('scatterMin', options, 'axes', 'mode')
  return scatterWith('min', x, indices, updates, options)
}
/** The maximum of x and the updates at index tensors. Ties share the gradient equally. See `scatter`. JAX: `lax.scatter_max`. */
export function scatterMax(x: TensorLike, indices: readonly TensorLike[], updates: TensorLike, options: ScatterOptions = {}): Tensor {
  checkOptions('scatterMax', options, 'axes', 'mode')
  return scatterWith('max', x, indices, updates, options)
}
