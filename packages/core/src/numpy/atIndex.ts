/**
 * What stands between the brackets of NumPy's `x[...]`: integers, slices, an ellipsis, new axes, masks and index tensors, read into one entry for each axis
 * of x, and where the axes of the result come from.
 */
import { fail } from '../errors.ts'
import { fromHost } from '../backend/execute.ts'
import { toIndices } from '../primitives/gather.ts'
import { broadcastShapes, type Shape, showShape } from '../shape.ts'
import { isTensor, type Tensor } from '../tensor.ts'

/** Python's slice object. `null`: from the first, to the last. */
export interface Slice {
  readonly start: number | null
  readonly stop: number | null
  readonly step: number
}

/**
 * `slice(stop)`, `slice(start, stop)` or `slice(start, stop, step)`, as Python has it: negative positions count from the end, null stands for the end that
 * the step comes from or goes to, a negative step goes backwards. For `x.at(...)`.
 *
 * @example x.at(slice(1, -1, 2)) // the same as x.at('1:-1:2')
 */
export function slice(start: number | null, stop?: number | null, step: number | null = 1): Slice {
  const [from, to] = stop === undefined ? [null, start] : [start, stop]
  for (const n of [from, to, step])
    if (n !== null && !Number.isInteger(n))
      fail('ValueError', `slice: needs integers or null, got ${String(n)}. Positions of tensors: dynamicSlice, or index tensors.`)
  if (step === 0) fail('ValueError', 'slice: the step must not be 0.')
  return { start: from, stop: to, step: step ?? 1 }
}

/**
 * One index of `x.at(...)`: an integer, a slice (`'1:-1:2'` or `slice(1, -1, 2)`), `'...'` for all axes that are not named, `null` for a new axis of size
 * 1, an integer tensor or an array of integers, or a mask: a bool tensor or an array of booleans for as many axes as it has.
 */
export type AtIndex = number | `${string}:${string}` | '...' | null | Slice | Tensor | readonly number[] | readonly boolean[]

/** Positions along one axis: `count` of them from `start`; `dropped`: of an integer, whose axis is not in the result. */
export interface Range {
  readonly start: number
  readonly count: number
  readonly step: number
  readonly dropped: boolean
}
/** For an axis of x: a range, or an index tensor (int32). */
export type AxisIndex = Range | Tensor

export interface ParsedIndex {
  readonly axes: readonly AxisIndex[]
  /** The index tensors' common shape. */
  readonly indexShape: Shape
  /** The axes of x with ranges that stay, before and behind the index tensors' axes in the result. */
  readonly before: readonly number[]
  readonly behind: readonly number[]
  readonly shape: Shape
}

/** An index for one axis, a new one, or the ellipsis, which parts its neighbours even where it stands for no axis. */
type Item = AxisItem | 'new' | '...'
interface AxisItem {
  readonly axis: number
  readonly index: AxisIndex
}
const hasAxis = (item: Item): item is AxisItem => typeof item === 'object'
const isDropped = (item: Item): boolean => hasAxis(item) && !isTensor(item.index) && item.index.dropped
const isGathered = (item: Item): boolean => hasAxis(item) && isTensor(item.index)

export function parseIndex(caller: string, x: Shape, indices: readonly AtIndex[]): ParsedIndex {
  const items = itemsOf(caller, x, indices)
  const gathered = items.some(isGathered)
  // As NumPy: beside an index tensor an integer is one too; their axes go in front unless they stand side by side.
  const advanced = items.flatMap((item, i) => (isGathered(item) || (gathered && isDropped(item)) ? [i] : []))
  const first = advanced[0] ?? 0,
    together = advanced.every((at, i) => at === first + i)
  const place = together ? first : 0
  const axesIn = (part: readonly Item[]): number[] =>
    part.flatMap(item => (hasAxis(item) && !isGathered(item) && !isDropped(item) ? [item.axis] : []))
  const tensors = items.flatMap(item => (hasAxis(item) && isTensor(item.index) ? [item.index] : []))
  const indexShape = broadcastShapes(caller, ...tensors.map(t => t.shape))
  const sizes = (part: readonly Item[]): number[] =>
    part.flatMap(item => (item === 'new' ? [1] : item === '...' || isTensor(item.index) || item.index.dropped ? [] : [item.index.count]))
  return {
    axes: items.flatMap(item => (hasAxis(item) ? [item.index] : [])),
    indexShape,
    before: axesIn(items.slice(0, place)),
    behind: axesIn(items.slice(place)),
    shape: [...sizes(items.slice(0, place)), ...indexShape, ...sizes(items.slice(place))],
  }
}

const isMask = (index: AtIndex): boolean =>
  isTensor(index) ? index.dtype === 'bool' : Array.isArray(index) && index.length > 0 && index.every(v => typeof v === 'boolean')
const axesTaken = (index: AtIndex): number => (index === null || index === '...' ? 0 : isTensor(index) && isMask(index) ? index.ndim : 1)

/** Axes in order, those that are not named as whole ranges. */
function itemsOf(caller: string, x: Shape, indices: readonly AtIndex[]): Item[] {
  const taken = indices.reduce<number>((n, i) => n + axesTaken(i), 0)
  if (taken > x.length) fail('ShapeError', `${caller}: ${taken} indices for the ${x.length} axes of shape ${showShape(x)}.`)
  if (indices.filter(i => i === '...').length > 1) fail('ValueError', `${caller}: '...' may stand only once.`)
  const items: Item[] = []
  let axis = 0
  const whole = (): void => {
    for (let k = x.length - taken; k > 0; k--, axis++) items.push({ axis, index: rangeOf(x[axis] as number, slice(null, null)) })
  }
  for (const index of indices) {
    if (index === null) items.push('new')
    else if (index === '...') {
      items.push('...')
      whole()
    } else
      for (const one of isMask(index) ? placesOf(caller, index as Tensor, x, axis) : [oneIndex(caller, index, x, axis)])
        items.push({ axis: axis++, index: one })
  }
  if (!indices.includes('...')) whole()
  return items
}

function oneIndex(caller: string, index: Exclude<AtIndex, null>, x: Shape, axis: number): AxisIndex {
  const n = x[axis] as number
  if (typeof index === 'number') return { start: inside(caller, index, x, axis), count: 1, step: 1, dropped: true }
  if (isTensor(index)) return toIndices(caller, index)
  if (Array.isArray(index)) {
    const positions = (index as readonly number[]).map(i => inside(caller, i, x, axis))
    return fromHost(Int32Array.from(positions), [positions.length], 'int32')
  }
  if (typeof index === 'string') return rangeOf(n, parseSlice(caller, index))
  if (typeof index === 'object' && 'step' in index) return rangeOf(n, slice(index.start, index.stop, index.step))
  return fail('ValueError', `${caller}: ${String(index)} is no index. Use an integer, '1:3', slice(1, 3), '...', null or a tensor.`)
}

/** A position that is known must exist. */
function inside(caller: string, i: number, x: Shape, axis: number): number {
  const n = x[axis] as number
  if (!Number.isInteger(i) || i < -n || i >= n)
    fail(
      'ValueError',
      !Number.isInteger(i)
        ? `${caller}: an index is an integer, got ${String(i)}.`
        : `${caller}: index ${String(i)} is out of range for axis ${axis} of shape ${showShape(x)}, which has size ${n}.`,
    )
  return i < 0 ? i + n : i
}

/** `start:stop` or `start:stop:step`, each of which may be missing. */
function parseSlice(caller: string, text: string): Slice {
  const parts = text.split(':').map(p => p.trim())
  if (parts.length < 2 || parts.length > 3 || !parts.every(p => /^([+-]?\d+)?$/.test(p)))
    fail('ValueError', `${caller}: ${JSON.stringify(text)} is no index. Write a slice as 'start:stop:step', each an integer or nothing.`)
  const [start = null, stop = null, step = null] = parts.map(p => (p === '' ? null : Number(p)))
  return slice(start, stop, step)
}

/** The positions of a slice, clipped to the axis as Python's `slice.indices` does. */
function rangeOf(n: number, { start, stop, step }: Slice): Range {
  const low = step > 0 ? 0 : -1,
    high = step > 0 ? n : n - 1
  const clip = (i: number): number => Math.min(high, Math.max(low, i < 0 ? i + n : i))
  const from = start === null ? (step > 0 ? low : high) : clip(start),
    to = stop === null ? (step > 0 ? high : low) : clip(stop)
  return { start: from, count: Math.max(0, Math.ceil((to - from) / step)), step, dropped: false }
}

/** The positions at which a mask holds, an index tensor for each of its axes. They must be known. */
function placesOf(caller: string, mask: Tensor | readonly boolean[], x: Shape, axis: number): Tensor[] {
  const shape = isTensor(mask) ? mask.shape : [mask.length]
  const covered = x.slice(axis, axis + shape.length)
  if (shape.length === 0 || shape.some((n, k) => n !== covered[k]))
    fail('ShapeError', `${caller}: a mask of shape ${showShape(shape)} does not fit the axes from ${axis} of shape ${showShape(x)}.`)
  const flat = [...(isTensor(mask) ? mask.dataSync() : mask)].flatMap((holds, i) => (holds ? [i] : []))
  let inner = 1
  return shape
    .toReversed()
    .map((n, k) => {
      const stride = inner
      inner *= n
      return fromHost(
        Int32Array.from(flat, i => Math.floor(i / stride) % (shape[shape.length - 1 - k] as number)),
        [flat.length],
        'int32',
      )
    })
    .toReversed()
}
