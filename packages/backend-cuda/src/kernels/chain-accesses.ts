/** Loops as walks over rows, and which elements of buffers a row touches: what `chain.ts` decides by. */
import {
  type Affine,
  type BufferId,
  type BufferSpec,
  type KernelGraph,
  type Loop,
  sizeOf,
  type Store,
  stridesOf,
} from '@cotangent/core/kernel'
import { bytesOnDevice } from '../language/types.ts'
import { loadsOf } from './loop-axes.ts'
import { mapsOf } from './space.ts'

/** A Loop over rows: its parallel axes number them, the others their elements. Without reductions it stores from its body. */
export interface Stage {
  readonly loop: Loop
  readonly rows: number
  readonly length: number
}

/** A reduction of rows. */
export function reductionStage(loop: Loop): Stage {
  const { extents, parallel } = loop
  return { loop, rows: sizeOf(extents.slice(0, parallel)), length: sizeOf(extents.slice(parallel)) }
}

/** An elementwise Loop as so many rows, if its axes part so. */
export function elementwiseStage(loop: Loop, rows: number, length: number): Stage | undefined {
  const { extents, epilogue, stores } = loop,
    outer = extents.findIndex((_, k) => sizeOf(extents.slice(0, k)) === rows && sizeOf(extents.slice(k)) === length)
  if (outer < 0) return undefined
  return { loop: { ...loop, parallel: outer, body: epilogue, bodyStores: stores, reductions: [], epilogue: [], stores: [] }, rows, length }
}

/** Element `row` of a buffer, elements `row * length` to `(row + 1) * length` in order, or what else. */
type Kind = 'scalar' | 'row' | 'other'

export interface Access {
  readonly buffer: BufferId
  readonly kind: Kind
  readonly stores: boolean
}

export function accessesOf({ loop, length }: Stage): readonly Access[] {
  const { extents, parallel, body, bodyStores, epilogue, stores } = loop,
    outer = stridesOf(extents.slice(0, parallel)),
    inner = stridesOf(extents.slice(parallel))
  const kindOf = ({ offset, strides, dynamic = [] }: Affine): Kind => {
    if (offset !== 0 || dynamic.length > 0) return 'other'
    const along = strides.slice(parallel)
    if (along.every(s => s === 0)) return outer.every((s, k) => s === strides[k]) ? 'scalar' : 'other'
    return along.every((s, k) => s === inner[k]) && outer.every((s, k) => s * length === strides[k]) ? 'row' : 'other'
  }
  const loads = loadsOf([...body, ...epilogue]).map(({ buffer, map, guards = [], indirect = [] }): Access => {
    return { buffer, kind: guards.length + indirect.length > 0 ? 'other' : kindOf(map), stores: false }
  })
  const maps = [...[...body, ...epilogue].flatMap(mapsOf), ...[...bodyStores, ...stores].map(s => s.map)],
    scalars = maps.flatMap(m => m.dynamic ?? []).map(({ buffer }): Access => ({ buffer, kind: 'other', stores: false }))
  const stored = (list: readonly Store[]): Access[] => list.map(({ buffer, map }) => ({ buffer, kind: kindOf(map), stores: true }))
  return [...loads, ...scalars, ...stored(bodyStores), ...stored(stores)]
}

/** Does a Loop read and write its rows as they lie in memory, next to each other? */
export function goesAlongRows({ loop: { extents, body, bodyStores } }: Stage): boolean {
  const last = extents.length - 1
  return [...loadsOf(body), ...bodyStores].every(({ map }) => [0, 1].includes(map.strides[last] ?? 0))
}

type Share = 'no' | 'whole' | 'part'

/** Do buffers share memory by the plan: none, all of it from the same begin and by the same bytes an element, or in another way? */
export function sharing({ buffers, donations }: KernelGraph): (a: BufferId, b: BufferId) => Share {
  return (a, b) => {
    const [x, y] = [buffers[a], buffers[b]]
    if (a === b) return 'whole'
    if (x === undefined || y === undefined) return 'part'
    const isAlike = x.dtype === y.dtype && x.size === y.size
    if (x.place.kind === 'temporary' && y.place.kind === 'temporary') {
      const [from, to] = [x.place.offset, y.place.offset]
      if (from + bytesOf(x) <= to || to + bytesOf(y) <= from) return 'no'
      return from === to && isAlike ? 'whole' : 'part'
    }
    const [input, output] = x.place.kind === 'input' ? [x.place, y.place] : [y.place, x.place]
    if (input.kind !== 'input' || output.kind !== 'output' || donations[input.index] !== output.index) return 'no'
    return isAlike ? 'whole' : 'part'
  }
}

const bytesOf = ({ dtype, size }: BufferSpec): number => size * bytesOnDevice(dtype)
