/**
 * Slices whose start is computed: int32 scalars, one an axis. Starts are clamped so that the slice lies inside x, as in XLA. Reading is linear in x, writing
 * is linear in x and update together; each is the other's transpose.
 */
import { checkList } from '../options.ts'
import { type Aval, aval, showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import type { BufferId } from '../lower/kernel.ts'
import { type Index, indexPlusDynamic, type Lowering, type Value } from '../lower/lowering.ts'
import { bind1 } from '../program/bind.ts'
import { checkIntegers, sameShape, type Shape, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { add, maximum, minimum } from './arithmetic.ts'
import { broadcastTo } from './broadcast.ts'
import { promoteOperands } from './cast.ts'
import { first } from './family.ts'
import { gatherP, toIndices } from './gather.ts'
import { hostFrom, hostReader, isInside } from './host.ts'
import type { IndexParams } from './indexed.ts'
import { iota } from './iota.ts'
import { type Batched, type HostArray, isUnknown, type NoParams, noParams, type SimplePrimitive } from './primitive.ts'
import { reshape } from './reshape.ts'
import { scatterP } from './scatter.ts'
import { moveToFront, transpose } from './transpose.ts'
import { instantiate, zerosOf } from './zeros.ts'

export interface DynamicSliceParams {
  readonly sizes: readonly number[]
}

function checkStarts(where: string, x: Aval, sizes: Shape, starts: readonly Aval[]): void {
  if (sizes.length !== x.shape.length || starts.length !== x.shape.length)
    fail(
      'ShapeError',
      `${where}: needs a start and a size for each of the ${x.shape.length} axes of shape ${showShape(x.shape)}, got ${starts.length} starts and sizes ${showShape(sizes)}.`,
    )
  if (sizes.some((n, k) => !(n >= 0 && n <= (x.shape[k] as number))))
    fail('ShapeError', `${where}: sizes ${showShape(sizes)} are larger than shape ${showShape(x.shape)}.`)
  for (const s of starts)
    if (s.dtype !== 'int32' || s.shape.length > 0) fail('ShapeError', `${where}: starts must be int32 scalars, got ${showAval(s)}.`)
}

/** Starts as int32 scalars in buffers; null where the slice is the whole axis. */
function lowerStarts(l: Lowering, shape: Shape, sizes: Shape, starts: readonly Value[]): (BufferId | null)[] {
  return starts.map((start, k) => {
    const room = (shape[k] as number) - (sizes[k] as number)
    if (room === 0) return null
    return l.buffer(
      l.elements(
        aval([], 'int32'),
        [start],
        b => b.apply('max', [b.apply('min', [b.read(start, []), b.constant(room, 'int32')], 'int32'), b.constant(0, 'int32')], 'int32'),
        { cost: 2 },
      ),
    )
  })
}
const shifted = (index: readonly Index[], starts: readonly (BufferId | null)[]): Index[] =>
  index.map((i, k) => (starts[k] == null ? i : indexPlusDynamic(i, starts[k])))
const hostStarts = (shape: Shape, sizes: Shape, starts: readonly HostArray[]): number[] =>
  starts.map((s, k) => Math.max(0, Math.min((shape[k] as number) - (sizes[k] as number), s.data[0] as number)))

export const dynamicSliceP: SimplePrimitive<DynamicSliceParams> = {
  name: 'dynamicSlice',
  inputs: ['x', 'starts'],
  abstractEval([x, ...starts], { sizes }) {
    const a = x as Aval
    checkStarts('dynamicSlice', a, sizes, starts)
    return [aval(sizes, a.dtype, a.weak)]
  },
  jvp: ([, ...starts], [t], _, params) => [t ? bind1(dynamicSliceP, [t, ...starts], params) : null],
  transpose([ct], [x, ...starts]) {
    const rest = starts.map(() => null)
    return [ct && x && isUnknown(x) ? bind1(dynamicUpdateSliceP, [zerosOf(x.aval), ct, ...(starts as Tensor[])]) : null, ...rest]
  },
  batch(inputs, axes, size, { sizes }) {
    const [x, ...starts] = inputs as readonly [Tensor, ...Tensor[]],
      [axis = null, ...startAxes] = axes
    if (startAxes.every(k => k === null))
      return {
        outputs: [bind1(dynamicSliceP, [moveToFront(x, axis as number), zeroStart(), ...starts], { sizes: [size, ...sizes] })],
        axes: [0],
      }
    const lead = axis === null ? x : moveToFront(x, axis)
    if (sameShape(lead.shape.slice(axis === null ? 0 : 1), sizes)) return { outputs: [lead], axes: [axis === null ? null : 0] }
    const { indices, params, order } = batchedIndices(lead.shape.slice(axis === null ? 0 : 1), sizes, starts, size, axis !== null)
    const out = bind1(gatherP, [lead, ...indices], { ...params, fillValue: 0 })
    return {
      outputs: [
        transpose(
          out,
          order.map((_, k) => order.indexOf(k)),
        ),
      ],
      axes: [0],
    }
  },
  lower(l, [x, ...starts], { sizes }, outputs) {
    const source = x as Value,
      at = lowerStarts(l, source.aval.shape, sizes, starts)
    return [l.elements(first(outputs), [source], (b, index) => b.read(source, shifted(index, at)), { cost: 0 })]
  },
  evaluate([x, ...starts], { sizes }, outputs) {
    const source = x as HostArray,
      at = hostStarts(source.aval.shape, sizes, starts),
      read = hostReader(source)
    return [hostFrom(first(outputs), index => read(index.map((i, k) => i + (at[k] as number))))]
  },
}

export const dynamicUpdateSliceP: SimplePrimitive<NoParams> = {
  name: 'dynamicUpdateSlice',
  inputs: ['x', 'update', 'starts'],
  abstractEval([x, update, ...starts]) {
    const a = x as Aval,
      u = update as Aval
    if (a.dtype !== u.dtype)
      fail('DTypeError', `dynamicUpdateSlice: x is ${showAval(a)} but update is ${showAval(u)}. Convert one with astype.`)
    checkStarts('dynamicUpdateSlice', a, u.shape, starts)
    return [a.weak && !u.weak ? aval(a.shape, a.dtype) : a]
  },
  jvp([x, update, ...starts], [tx = null, tu = null]) {
    if (tx === null && tu === null) return [null]
    return [bind1(dynamicUpdateSliceP, [instantiate(tx, (x as Tensor).aval), instantiate(tu, (update as Tensor).aval), ...starts])]
  },
  transpose([ct], [x, update, ...starts]) {
    const rest = starts.map(() => null)
    if (ct == null || !x || !update) return [null, null, ...rest]
    const at = starts as Tensor[],
      { aval: type } = update
    return [
      isUnknown(x) ? bind1(dynamicUpdateSliceP, [ct, zerosOf(type), ...at]) : null,
      isUnknown(update) ? bind1(dynamicSliceP, [ct, ...at], { sizes: type.shape }) : null,
      ...rest,
    ]
  },
  batch: batchUpdate,
  lower(l, [x, update, ...starts], _, outputs) {
    const out = first(outputs),
      u = update as Value,
      at = lowerStarts(l, out.shape, u.aval.shape, starts)
    const value = l.stored(u),
      buffer = l.allocate(out)
    l.store(x as Value, buffer, out.shape, index => index)
    l.store(value, buffer, out.shape, index => shifted(index, at))
    return [l.wrap(out, buffer)]
  },
  evaluate([x, update, ...starts], _, outputs) {
    const out = first(outputs),
      u = update as HostArray,
      at = hostStarts(out.shape, u.aval.shape, starts)
    const readX = hostReader(x as HostArray),
      readU = hostReader(u)
    return [
      hostFrom(out, index => {
        const local = index.map((i, k) => i - (at[k] as number))
        return isInside(local, u.aval.shape) ? readU(local) : readX(index)
      }),
    ]
  },
}

// ---- batching: starts that differ between examples become gathers and scatters ------------------------------

const zeroStart = (): Tensor => toIndices('dynamicSlice', 0)

interface BatchedIndices {
  /** int32, each `[batch, 1, ..., size, ..., 1]`. */
  readonly indices: readonly Tensor[]
  readonly params: IndexParams
  /** Axes of the slice (batch first) in the order in which gather has them: batch, sliced axes, whole axes. */
  readonly order: readonly number[]
}

/** `shape` and `sizes` without the batch axis; `batched`: x has it in front. */
function batchedIndices(shape: Shape, sizes: Shape, starts: readonly Tensor[], size: number, batched: boolean): BatchedIndices {
  const all = shape.map((_, k) => k),
    sliced = all.filter(k => sizes[k] !== shape[k]),
    whole = all.filter(k => sizes[k] === shape[k])
  const rank = sliced.length + 1,
    lead = batched ? 1 : 0
  const indices = sliced.map((k, i) => {
    const clamped = maximum(minimum(starts[k] as Tensor, (shape[k] as number) - (sizes[k] as number)), 0)
    // One of them has the full batch, whatever the starts have.
    const rows = i === 0 ? broadcastTo(clamped, [size]) : clamped
    const along = iota(
      Array.from({ length: rank }, (_, d) => (d === i + 1 ? (sizes[k] as number) : 1)),
      { axis: i + 1 },
    )
    return add(reshape(rows, [rows.size, ...new Array<number>(rank - 1).fill(1)]), along)
  })
  const params: IndexParams = { axes: sliced.map(k => k + lead), paired: batched ? [[0, 0]] : [], mode: 'clip', negative: false }
  return { indices, params, order: [0, ...sliced.map(k => k + 1), ...whole.map(k => k + 1)] }
}

function batchUpdate(inputs: readonly Tensor[], axes: readonly (number | null)[], size: number): Batched {
  const [x, update, ...starts] = inputs as readonly [Tensor, Tensor, ...Tensor[]],
    [ix = null, iu = null, ...startAxes] = axes
  const front = (t: Tensor, axis: number | null): Tensor => (axis === null ? broadcastTo(t, [size, ...t.shape]) : moveToFront(t, axis))
  const target = front(x, ix),
    all = front(update, iu)
  if (startAxes.every(k => k === null))
    return { outputs: [bind1(dynamicUpdateSliceP, [target, all, zeroStart(), ...starts], noParams)], axes: [0] }
  if (sameShape(target.shape, all.shape)) return { outputs: [all], axes: [0] }
  const { indices, params, order } = batchedIndices(target.shape.slice(1), all.shape.slice(1), starts, size, true)
  return { outputs: [bind1(scatterP, [target, transpose(all, order), ...indices], { ...params, combine: 'set' })], axes: [0] }
}

// ---- public functions -----------------------------------------------------------------------------------

const toStarts = (where: string, starts: readonly TensorLike[]): Tensor[] =>
  checkList(where, starts, 'starts').map(s => toIndices(where, s))

/** The box of `sizes` at computed starts (integer scalars), which are clamped so that it lies inside x. JAX: `lax.dynamic_slice`. */
export function dynamicSlice(x: TensorLike, starts: readonly TensorLike[], sizes: readonly number[]): Tensor {
  return bind1(dynamicSliceP, [toTensor(x, 'dynamicSlice'), ...toStarts('dynamicSlice', starts)], {
    sizes: [...checkIntegers('dynamicSlice', 'sizes', sizes)],
  })
}

/** x with `update` written at computed starts (integer scalars), which are clamped so that it fits. JAX: `lax.dynamic_update_slice`. */
export function dynamicUpdateSlice(x: TensorLike, update: TensorLike, starts: readonly TensorLike[]): Tensor {
  return bind1(dynamicUpdateSliceP, [...promoteOperands('dynamicUpdateSlice', x, update), ...toStarts('dynamicUpdateSlice', starts)])
}
