/** Where affine maps lead: the range of a map over the points that pass guards, and whether stores are one to one. */
import { sizeOf } from '../../shape.ts'
import type { Affine, Guard } from '../kernel.ts'

/** Points that are worth visiting one by one. */
const affordable = 1 << 18

export interface Range {
  readonly min: number
  readonly max: number
}

const isStatic = (map: Affine): boolean => map.dynamic === undefined || map.dynamic.length === 0

/**
 * Least and greatest value of a map without dynamic terms. `undefined`: no point passes the guards. Exact for guards over one axis; for
 * others too unless the space is large (then the range is that without them, `exact` false).
 */
export function rangeOf(
  map: Affine,
  extents: readonly number[],
  guards: readonly Guard[],
): (Range & { readonly exact: boolean }) | undefined {
  const box = extents.map(e => ({ min: 0, max: e - 1 }))
  const wide: Guard[] = []
  for (const guard of guards) {
    const axes = guard.index.strides.flatMap((s, k) => (s === 0 ? [] : [k]))
    if (!isStatic(guard.index) || axes.length > 1) wide.push(guard)
    else if (axes.length === 1) narrow(box, axes[0] as number, guard)
    else if (guard.index.offset < 0 || guard.index.offset >= guard.extent) return undefined
  }
  if (box.some(b => b.min > b.max)) return undefined
  if (wide.length === 0) return { ...boxRange(map, box), exact: true }
  const points = sizeOf(box.map(b => b.max - b.min + 1))
  return wide.every(g => isStatic(g.index)) && points <= affordable ? visit(map, box, wide) : { ...boxRange(map, box), exact: false }
}

/** Cuts the range of axis `k` to where `0 <= offset + stride * i < extent`. */
function narrow(box: { min: number; max: number }[], k: number, { index, extent }: Guard): void {
  const axis = box[k] as { min: number; max: number },
    stride = index.strides[k] as number
  const ends = [-index.offset / stride, (extent - 1 - index.offset) / stride]
  axis.min = Math.max(axis.min, Math.ceil(Math.min(...ends)))
  axis.max = Math.min(axis.max, Math.floor(Math.max(...ends)))
}

function boxRange({ offset, strides }: Affine, box: readonly Range[]): Range {
  let min = offset,
    max = offset
  strides.forEach((s, k) => {
    const { min: low, max: high } = box[k] as Range
    min += Math.min(s * low, s * high)
    max += Math.max(s * low, s * high)
  })
  return { min, max }
}

function visit(map: Affine, box: readonly Range[], guards: readonly Guard[]): (Range & { readonly exact: true }) | undefined {
  let min = Infinity,
    max = -Infinity
  forEachPoint(box, index => {
    if (!guards.every(g => isInside(g, index))) return
    const value = valueAt(map, index)
    min = Math.min(min, value)
    max = Math.max(max, value)
  })
  return min <= max ? { min, max, exact: true } : undefined
}

const isInside = ({ index: map, extent }: Guard, index: readonly number[]): boolean => {
  const value = valueAt(map, index)
  return value >= 0 && value < extent
}

const valueAt = ({ offset, strides }: Affine, index: readonly number[]): number =>
  strides.reduce((sum, s, k) => sum + s * (index[k] as number), offset)

function forEachPoint(box: readonly Range[], visitor: (index: readonly number[]) => void): void {
  const index = box.map(b => b.min)
  const from = (k: number): void => {
    if (k === box.length) return visitor(index)
    const { min, max } = box[k] as Range
    for (let i = min; i <= max; i++) {
      index[k] = i
      from(k + 1)
    }
  }
  from(0)
}

/** One store, with the extents of its points. */
export interface StoreMap {
  readonly map: Affine
  readonly extents: readonly number[]
}

/** Surely writes one element twice. Where that cannot be decided cheaply the answer is false. */
export function collide(stores: readonly StoreMap[]): boolean {
  const some = stores.filter(s => !s.extents.includes(0))
  if (some.every(isPacked) && (some.length < 2 || areApart(some))) return false
  const points = some.reduce((sum, s) => sum + sizeOf(s.extents), 0)
  const comparable = some.length < 2 || some.every(s => isStatic(s.map))
  if (points > affordable || !comparable) return some.some(s => s.extents.some((e, k) => e > 1 && s.map.strides[k] === 0))
  const seen = new Set<number>()
  for (const { map, extents } of some)
    forEachPoint(
      extents.map(e => ({ min: 0, max: e - 1 })),
      index => void seen.add(valueAt(map, index)),
    )
  return seen.size < points
}

/** Each stride steps over all that the smaller ones reach: one to one. */
function isPacked({ map, extents }: StoreMap): boolean {
  const axes = extents.flatMap((extent, k) => (extent > 1 ? [{ extent, stride: Math.abs(map.strides[k] as number) }] : []))
  let reach = 0
  return axes
    .sort((a, b) => a.stride - b.stride)
    .every(({ extent, stride }) => {
      const free = stride > reach
      reach += stride * (extent - 1)
      return free
    })
}

function areApart(stores: readonly StoreMap[]): boolean {
  if (!stores.every(s => isStatic(s.map))) return false
  const ranges = stores
    .map(s =>
      boxRange(
        s.map,
        s.extents.map(e => ({ min: 0, max: e - 1 })),
      ),
    )
    .sort((a, b) => a.min - b.min)
  return ranges.every((r, i) => i === 0 || r.min > (ranges[i - 1] as Range).max)
}
