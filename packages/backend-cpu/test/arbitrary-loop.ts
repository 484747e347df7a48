/** Random loops whose results are exact in any order of evaluation: data are small powers of two, so that sums and products do not round. */
import {
  type Affine,
  type BufferSpec,
  type ComputeDType,
  computeDTypes,
  type DynamicTerm,
  type Guard,
  hostArray,
  type Load,
  type Loop,
  type Node,
  type ReduceOp,
  type Store,
  type TypedArray,
} from '@cotangent/core/kernel'
import * as fc from 'fast-check'

export interface LoopCase {
  readonly loop: Loop
  readonly buffers: readonly BufferSpec[]
  readonly data: readonly TypedArray[]
}

/** Draws one value after another, as a recipe would. */
export interface Draw {
  int(low: number, high: number): number
  pick<T>(from: readonly T[]): T
}

const exact: Readonly<Record<ComputeDType, readonly number[]>> = {
  float32: [0, 1, -1, 2, -2, 0.5, -0.5, 1, 1],
  float64: [0, 1, -1, 2, -2, 0.5, -0.5, 1, 1],
  int32: [0, 1, -1, 2, 7, -2147483648, 2147483647, 3],
  uint32: [0, 1, 2, 7, 4294967295, 2147483648],
  bool: [0, 1],
}

/** A fast generator for bulk data (mulberry32): shrinking works on the shape of a case, not on its numbers. */
export function randomInts(seed: number): (n: number) => number {
  let state = seed
  return n => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

/** Powers of two and zeros, or edge values of integers. */
export function filled(seed: number, dtype: ComputeDType, size: number): TypedArray {
  const random = randomInts(seed)
  return hostArray(dtype, size).map(() => exact[dtype][random(exact[dtype].length)] as number)
}

export class Builder {
  readonly buffers: BufferSpec[] = []
  readonly data: TypedArray[] = []
  private readonly draw: Draw
  constructor(draw: Draw) {
    this.draw = draw
  }

  buffer(dtype: ComputeDType, size: number, fill?: (i: number) => number): number {
    this.buffers.push({ dtype, size })
    this.data.push(fill === undefined ? filled(this.draw.int(0, 1e6), dtype, size) : hostArray(dtype, size).map((_, i) => fill(i)))
    return this.buffers.length - 1
  }

  /** Strides of one of several kinds: dense in some order, broadcast, negative, anything. */
  private strides(extents: readonly number[]): number[] {
    const { draw } = this
    const kind = draw.int(0, 3)
    if (kind === 0) return extents.map(() => draw.pick([0, 1, 2, 3, -1, -2]))
    const order = kind === 1 ? extents.map((_, i) => extents.length - 1 - i) : shuffled(draw, extents.length)
    const strides = new Array<number>(extents.length).fill(0)
    let next = 1
    for (const axis of order) {
      strides[axis] = next * (kind === 3 ? draw.pick([1, 1, -1, 0]) : 1)
      next *= extents[axis] as number
    }
    return strides
  }

  /** A map over the extents and the size of a buffer that it stays in. */
  map(extents: readonly number[]): { readonly map: Affine; readonly size: number } {
    const strides = this.strides(extents)
    const ends = strides.map((s, i) => s * Math.max(0, (extents[i] as number) - 1))
    const low = ends.reduce((a, e) => a + Math.min(0, e), 0),
      high = ends.reduce((a, e) => a + Math.max(0, e), 0)
    const slack = this.draw.pick([0, 0, 1, 3])
    const map = this.draw.int(0, 5) === 0 ? this.dynamic({ offset: slack - low, strides }) : { offset: slack - low, strides }
    return { map, size: high - low + 1 + slack + this.draw.pick([0, 2]) }
  }

  /** The same map with a part of its offset in a run-time scalar. */
  private dynamic(map: Affine): Affine {
    const value = this.draw.int(-2, 5),
      stride = this.draw.pick([1, 3, -1])
    return {
      offset: map.offset - value * stride,
      strides: map.strides,
      dynamic: [{ buffer: this.buffer('int32', 1, () => value), stride }],
    }
  }

  guards(extents: readonly number[]): Guard[] {
    const { draw } = this
    return Array.from({ length: draw.int(1, 2) }, () => {
      const index = { offset: draw.int(-3, 3), strides: extents.map(() => draw.pick([0, 0, 1, 1, -1, 2])) }
      return { index: draw.int(0, 5) === 0 ? this.dynamic(index) : index, extent: draw.int(1, 12) }
    })
  }

  load(nodes: Node[], extents: readonly number[], dtype: ComputeDType): number {
    const kind = this.draw.int(0, 5)
    if (kind === 4) return this.guarded(nodes, extents, dtype)
    if (kind === 5) return this.gather(nodes, extents, dtype)
    const { map, size } = this.map(extents)
    return nodes.push({ op: 'load', buffer: this.buffer(dtype, size), dtype, map }) - 1
  }

  /** The address is a combination of the guards' indices, so it is valid where they hold. */
  private guarded(nodes: Node[], extents: readonly number[], dtype: ComputeDType): number {
    const guards = this.guards(extents)
    let step = 1
    const map = { offset: 0, strides: extents.map(() => 0), dynamic: [] as DynamicTerm[] }
    for (const g of guards) {
      map.offset += g.index.offset * step
      map.strides = map.strides.map((s, i) => s + step * (g.index.strides[i] as number))
      for (const d of g.index.dynamic ?? []) map.dynamic.push({ buffer: d.buffer, stride: d.stride * step })
      step *= g.extent
    }
    const load: Load = { op: 'load', buffer: this.buffer(dtype, step), dtype, map, guards }
    return nodes.push(load) - 1
  }

  private gather(nodes: Node[], extents: readonly number[], dtype: ComputeDType): number {
    const n = this.draw.int(1, 9),
      { map, size } = this.map(extents)
    const index = this.gatherIndex(nodes, extents, n),
      stride = this.draw.pick([1, 2, size])
    return nodes.push({ op: 'load', buffer: this.buffer(dtype, size + stride * n), dtype, map, indirect: [{ index, stride }] }) - 1
  }

  /** A node of indices below n. */
  gatherIndex(nodes: Node[], extents: readonly number[], n: number): number {
    const { map, size } = this.map(extents),
      random = randomInts(this.draw.int(0, 1e6))
    return nodes.push({ op: 'load', buffer: this.buffer('int32', size, () => random(n)), dtype: 'int32', map }) - 1
  }

  /** A store that meets every element of its buffer at most once. */
  store(extents: readonly number[], dtype: ComputeDType, value: number): Store {
    const { draw } = this
    const strides = new Array<number>(extents.length).fill(0)
    const order = draw.int(0, 2) > 0 ? extents.map((_, i) => extents.length - 1 - i) : shuffled(draw, extents.length)
    const loose = draw.int(0, 3) === 0
    let next = loose ? draw.int(1, 3) : 1,
      offset = loose ? draw.int(0, 3) : 0
    for (const axis of order) {
      const sign = loose && draw.int(0, 1) === 1 ? -1 : 1,
        last = (extents[axis] as number) - 1
      strides[axis] = sign * next
      if (sign < 0) offset += next * last
      next *= extents[axis] as number
    }
    return { buffer: this.buffer(dtype, Math.max(0, next + offset)), map: { offset, strides }, value }
  }
}

function shuffled(draw: Draw, n: number): number[] {
  const left = Array.from({ length: n }, (_, i) => i)
  return Array.from({ length: n }, () => left.splice(draw.int(0, left.length - 1), 1)[0] as number)
}

/** Loads, iota and inside nodes, then instructions on them; every node's dtype is `dtype` or bool or int32. */
export function nodesFor(draw: Draw, b: Builder, extents: readonly number[], dtype: ComputeDType, reduced: readonly Node[]): Node[] {
  const nodes: Node[] = [...reduced]
  for (let i = draw.int(reduced.some(n => n.dtype === dtype) ? 0 : 1, 3); i > 0; i--) b.load(nodes, extents, dtype)
  if (draw.int(0, 3) === 0) nodes.push({ op: 'inside', dtype: 'bool', guards: b.guards(extents) })
  if (draw.int(0, 3) === 0 && dtype !== 'bool')
    nodes.push({ op: 'iota', dtype, map: { offset: 1, strides: extents.map(() => draw.pick([0, 1, 3])) } })
  if (draw.int(0, 3) === 0) nodes.push({ op: 'const', dtype, value: draw.pick(exact[dtype]) })
  const some = (d: ComputeDType): number => draw.pick(nodes.flatMap((n, i) => (n.dtype === d ? [i] : [])))
  const has = (d: ComputeDType): boolean => nodes.some(n => n.dtype === d)
  for (let i = draw.int(0, 3); i > 0; i--) {
    const op = draw.pick(['max', 'min', 'lt', 'ge', 'eq', 'select', 'cast', 'neg'] as const)
    if (op === 'lt' || op === 'ge' || op === 'eq') nodes.push({ op, dtype: 'bool', args: [some(dtype), some(dtype)] })
    else if (op === 'select' && has('bool')) nodes.push({ op, dtype, args: [some('bool'), some(dtype), some(dtype)] })
    else if (op === 'cast') nodes.push({ op, dtype, args: [draw.int(0, nodes.length - 1)] })
    else if (op === 'neg' && dtype !== 'bool') nodes.push({ op, dtype, args: [some(dtype)] })
    else if (op === 'max' || op === 'min') nodes.push({ op, dtype, args: [some(dtype), some(dtype)] })
  }
  return nodes
}

const reduceOps: Readonly<Record<'float' | 'integer' | 'bool', readonly ReduceOp[]>> = {
  float: ['sum', 'max', 'min', 'argmax', 'argmin'],
  integer: ['sum', 'prod', 'max', 'min', 'and', 'or', 'xor', 'argmax', 'argmin'],
  bool: ['and', 'or', 'xor', 'max', 'min', 'argmax'],
}

export function extentsFor(draw: Draw, n: number): number[] {
  let room = 600
  return Array.from({ length: n }, () => {
    const e = Math.min(draw.pick([1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 70, 300, 0]), Math.max(1, room))
    room = Math.floor(room / Math.max(1, e))
    return e
  })
}

export function buildLoop(draw: Draw): LoopCase {
  const dtype = draw.pick(computeDTypes),
    b = new Builder(draw)
  const outer = extentsFor(draw, draw.int(0, 3)),
    inner = draw.int(0, 1) === 0 ? [] : extentsFor(draw, draw.int(1, 2))
  const extents = [...outer, ...inner]
  const body: Node[] = [],
    bodyStores: Store[] = [],
    reductions: { op: ReduceOp; dtype: ComputeDType; value: number; index?: number }[] = []
  if (inner.length > 0) {
    body.push(...nodesFor(draw, b, extents, dtype, []))
    const value = body.findLastIndex(n => n.dtype === dtype)
    for (let i = draw.int(1, 2); i > 0; i--) {
      const op = draw.pick(reduceOps[dtype === 'bool' ? 'bool' : dtype === 'float32' || dtype === 'float64' ? 'float' : 'integer'])
      if (op !== 'argmax' && op !== 'argmin') reductions.push({ op, dtype, value })
      else if (!extents.includes(0)) {
        body.push({
          op: 'iota',
          dtype: 'int32',
          map: {
            offset: 0,
            strides: extents.map((_, i) =>
              i < outer.length ? 0 : draw.pick([1, -1, 5]) * extents.slice(i + 1).reduce((x, y) => x * y, 1),
            ),
          },
        })
        reductions.push({ op, dtype: 'int32', value, index: body.length - 1 })
      }
    }
    if (draw.int(0, 2) === 0) bodyStores.push(b.store(extents, dtype, value))
  }
  const results = reductions.map((r, index): Node => ({ op: 'reduced', dtype: r.dtype, index }))
  const epilogue = nodesFor(draw, b, outer, dtype, results)
  const stores = Array.from({ length: draw.int(1, 2) }, (_, i) => {
    const value = i === 0 ? epilogue.length - 1 : draw.int(0, epilogue.length - 1)
    return b.store(outer, (epilogue[value] as Node).dtype, value)
  })
  return {
    loop: { kind: 'loop', extents, parallel: outer.length, body, bodyStores, reductions, epilogue, stores },
    buffers: b.buffers,
    data: b.data,
  }
}

export const drawWith = (gen: fc.GeneratorValue): Draw => ({
  int: (min, max) => gen(fc.integer, { min, max }),
  pick: from => from[gen(fc.nat, { max: from.length - 1 })] as (typeof from)[number],
})
