/**
 * `x.at(...)`: reading and rewriting parts of a tensor, as NumPy's `x[...]` and JAX's `x.at[...]` do. Tensors do not change: an update gives a new one (under
 * jit in place, where x is not used any more).
 *
 * A range of every axis makes a box of x; index tensors then gather from the box, or scatter into it, before it is put back.
 */
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { add, maximum, minimum, multiply } from '../primitives/arithmetic.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { astype, promoteOperands, scalarOf } from '../primitives/cast.ts'
import { dynamicUpdateSlice } from '../primitives/dynamicSlice.ts'
import { defaultFill, gatherP } from '../primitives/gather.ts'
import { padP } from '../primitives/pad.ts'
import { reshape } from '../primitives/reshape.ts'
import { flip } from '../primitives/reverse.ts'
import { scatterP, type ScatterParams } from '../primitives/scatter.ts'
import { where } from '../primitives/select.ts'
import { slice as box } from '../primitives/slice.ts'
import { transpose } from '../primitives/transpose.ts'
import { bind1 } from '../program/bind.ts'
import { checkIndices } from '../program/modes.ts'
import { broadcastShapes, sameShape, showShape } from '../shape.ts'
import { isTensor, type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { type AtIndex, type ParsedIndex, parseIndex, type Range } from './atIndex.ts'

export interface AtGet {
  /** Where an index tensor is out of range: `fill` (default) reads `fillValue`, `clip` the nearest element. */
  readonly mode?: 'fill' | 'clip'
  /** Default: NaN, or the smallest int32, the largest uint32, true (as JAX). */
  readonly fillValue?: number
}
export interface AtUpdate {
  /** Where an index tensor is out of range: `drop` (default) writes nothing, `clip` writes to the nearest element. */
  readonly mode?: 'drop' | 'clip'
}

type Combine = ScatterParams['combine']
const combined: Readonly<Record<Combine, (old: Tensor, value: Tensor) => Tensor>> = {
  set: (_, value) => value,
  add,
  mul: multiply,
  min: minimum,
  max: maximum,
}

/** A part of a tensor, made by `x.at(...)`. */
export class At {
  private readonly x: Tensor
  private readonly indices: readonly AtIndex[]

  /** @internal Use `x.at(...)`. */
  constructor(x: Tensor, indices: readonly AtIndex[]) {
    this.x = x
    this.indices = indices
    Object.freeze(this)
  }

  /** The elements there. NumPy: `x[...]`. */
  get(options: AtGet = {}): Tensor {
    const { mode, fillValue } = checkOptions('at.get', options, 'mode', 'fillValue')
    const { x } = this,
      parsed = this.parse('at.get')
    const gather = { mode: modeOf('at.get', mode ?? 'fill', ['fill', 'clip']), fillValue: fillValue ?? defaultFill(x.dtype) }
    const part = boxOf(x, parsed)
    if (mode === undefined && fillValue === undefined) checkParsed('at.get', part, parsed)
    return fromBox(gathered(part, parsed, gather), parsed)
  }
  /** x with the elements there replaced by `values`, which broadcast to them; where index tensors repeat a place, by the last one. */
  set(values: TensorLike, options: AtUpdate = {}): Tensor {
    return this.update('at.set', 'set', values, options)
  }
  /** x with `values` added there; where index tensors repeat a place, all of them. */
  add(values: TensorLike, options: AtUpdate = {}): Tensor {
    return this.update('at.add', 'add', values, options)
  }
  /** x with the elements there multiplied by `values`; where index tensors repeat a place, by all of them. */
  multiply(values: TensorLike, options: AtUpdate = {}): Tensor {
    return this.update('at.multiply', 'mul', values, options)
  }
  /** x with the minimum of the elements there and `values`. */
  min(values: TensorLike, options: AtUpdate = {}): Tensor {
    return this.update('at.min', 'min', values, options)
  }
  /** x with the maximum of the elements there and `values`. */
  max(values: TensorLike, options: AtUpdate = {}): Tensor {
    return this.update('at.max', 'max', values, options)
  }

  private update(caller: string, combine: Combine, values: TensorLike, options: AtUpdate): Tensor {
    const { mode } = checkOptions(caller, options, 'mode')
    const { x } = this,
      checked = modeOf(caller, mode ?? 'drop', ['drop', 'clip']) === 'clip' ? 'clip' : 'fill'
    const v = valuesFor(caller, x, values),
      mask = this.unknownMask(v)
    if (mask !== null) return where(mask, combined[combine](x, v), x)
    const parsed = this.parse(caller)
    if (!sameShape(broadcastShapes(caller, parsed.shape, v.shape), parsed.shape))
      fail('ShapeError', `${caller}: values of shape ${showShape(v.shape)} do not broadcast to the part, ${showShape(parsed.shape)}.`)
    const part = boxOf(x, parsed),
      updates = intoBox(broadcastTo(v, parsed.shape), part, parsed)
    const { tensors, axes } = tensorsOf(parsed)
    if (mode === undefined) checkParsed(caller, part, parsed)
    const next =
      tensors.length === 0
        ? combined[combine](part, updates)
        : bind1(scatterP, [part, updates, ...tensors], { axes, paired: [], mode: checked, negative: true, combine })
    return putBack(x, next, parsed)
  }

  private parse(caller: string): ParsedIndex {
    const traced = this.indices.find(i => isTensor(i) && i.dtype === 'bool' && !isReadable(i))
    if (traced !== undefined)
      fail(
        'TracerError',
        `${caller}: how many elements a mask has depends on values, which jit and vmap do not know. Use where(mask, a, b), or update by a single value.`,
      )
    return parseIndex(caller, this.x.shape, this.indices)
  }

  /** A mask alone, of values that are not known, with one value for all: then where does it. */
  private unknownMask(v: Tensor): Tensor | null {
    const [mask] = this.indices
    if (this.indices.length !== 1 || !isTensor(mask) || mask.dtype !== 'bool' || v.size !== 1 || v.ndim > 0 || isReadable(mask)) return null
    const { shape } = this.x
    if (!sameShape(mask.shape, shape.slice(0, mask.ndim))) return null
    return reshape(mask, [...mask.shape, ...shape.slice(mask.ndim).map(() => 1)])
  }
}

/** Has it values, if only under grad? */
function isReadable({ value }: Tensor): boolean {
  return !('trace' in value) || (value.trace.alive && value.primal !== undefined && isReadable(value.primal))
}

function modeOf<M extends string>(caller: string, mode: M, allowed: readonly M[]): M {
  if (!allowed.includes(mode)) fail('ValueError', `${caller}: unknown mode ${JSON.stringify(mode)}. Use one of ${allowed.join(', ')}.`)
  return mode
}

/** Values in the dtype of x, if it holds them. */
function valuesFor(caller: string, x: Tensor, values: TensorLike): Tensor {
  const v = toTensor(values, caller)
  const [common] = promoteOperands(caller, x, v)
  if (common.dtype !== x.dtype)
    fail('DTypeError', `${caller}: x is ${x.dtype}, which does not hold values of ${v.dtype}. Convert one of them with astype.`)
  return astype(v, x.dtype)
}

// ---- ranges

const isRange = (index: ParsedIndex['axes'][number]): index is Range => !isTensor(index)
const wholeRange = (n: number): Range => ({ start: 0, count: n, step: 1, dropped: false })
/** The range of every axis, in ascending order; axes with index tensors are whole. */
const ranges = (x: Tensor, { axes }: ParsedIndex): readonly Range[] =>
  x.shape.map((n, k) => {
    const r = axes[k] as ParsedIndex['axes'][number]
    if (!isRange(r)) return wholeRange(n)
    return r.step > 0 ? r : { ...r, start: r.start + (r.count - 1) * r.step, step: -r.step }
  })
const reversed = ({ axes }: ParsedIndex): number[] => axes.flatMap((r, k) => (isRange(r) && r.step < 0 && r.count > 0 ? [k] : []))
const turned = (t: Tensor, parsed: ParsedIndex): Tensor => {
  const axis = reversed(parsed)
  return axis.length === 0 ? t : flip(t, { axis })
}
/** The position behind the last one. */
const endOf = ({ start, count, step }: Range): number => (count === 0 ? start : start + (count - 1) * step + 1)

/** All axes of x, each with its range. */
function boxOf(x: Tensor, parsed: ParsedIndex): Tensor {
  const all = ranges(x, parsed).map(r => (r.count === 0 ? { ...r, start: 0, step: 1 } : r))
  const part = box(
    x,
    all.map(r => r.start),
    all.map(endOf),
    all.map(r => r.step),
  )
  return turned(part, parsed)
}

/** x with its box replaced. */
function putBack(x: Tensor, next: Tensor, parsed: ParsedIndex): Tensor {
  if (next.size === 0) return x
  if (next.size === x.size && reversed(parsed).length === 0) return next
  const all = ranges(x, parsed),
    part = turned(next, parsed)
  if (all.every(r => r.step === 1 || r.count === 1))
    return dynamicUpdateSlice(
      x,
      part,
      all.map(r => r.start),
    )
  const place = {
    low: all.map(r => r.start),
    high: all.map((r, k) => (x.shape[k] as number) - endOf(r)),
    interior: all.map(r => r.step - 1),
  }
  const spread = (t: Tensor): Tensor => bind1(padP, [t, scalarOf(0, t.dtype)], place)
  return where(spread(broadcastTo(scalarOf(1, 'bool'), part.shape)), spread(part), x)
}

// ---- index tensors

function tensorsOf({ axes }: ParsedIndex): { readonly tensors: readonly Tensor[]; readonly axes: readonly number[] } {
  const along = axes.flatMap((index, k) => (isRange(index) ? [] : [k]))
  return { tensors: along.map(k => axes[k] as Tensor), axes: along }
}

function checkParsed(caller: string, part: Tensor, parsed: ParsedIndex): void {
  const { tensors, axes } = tensorsOf(parsed)
  checkIndices(caller, part, tensors, axes, true)
}

function gathered(part: Tensor, parsed: ParsedIndex, options: { readonly mode: 'fill' | 'clip'; readonly fillValue: number }): Tensor {
  const { tensors, axes } = tensorsOf(parsed)
  return tensors.length === 0 ? part : bind1(gatherP, [part, ...tensors], { axes, paired: [], negative: true, ...options })
}

/** From [...index axes, ...axes with ranges] to the order of the result, followed by those of integers, of size 1. */
function orderOf({ axes, indexShape, before, behind }: ParsedIndex): readonly number[] {
  const windows = axes.flatMap((index, k) => (isRange(index) ? [k] : []))
  const at = (k: number): number => indexShape.length + windows.indexOf(k)
  const dropped = windows.filter(k => (axes[k] as Range).dropped)
  return [...before.map(at), ...indexShape.keys(), ...behind.map(at), ...dropped.map(at)]
}

const fromBox = (part: Tensor, parsed: ParsedIndex): Tensor => reshape(transpose(part, orderOf(parsed)), parsed.shape)

/** Values of the result's shape, as they are combined with the box: the reverse of `fromBox`. */
function intoBox(values: Tensor, part: Tensor, parsed: ParsedIndex): Tensor {
  const order = orderOf(parsed),
    { indexShape, axes } = parsed
  const sizes = [...indexShape, ...axes.flatMap((index, k) => (isRange(index) ? [part.shape[k] as number] : []))]
  return transpose(
    reshape(
      values,
      order.map(k => sizes[k] as number),
    ),
    order.map((_, k) => order.indexOf(k)),
  )
}
