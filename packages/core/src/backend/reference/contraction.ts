/**
 * Contractions: the address of an operand at (parallel point, reduced point) is a sum of one term for each, so the terms of all reduced
 * points are a table made once. Products of float32 are exact in float64, and the sum is rounded once.
 */
import { convert, isFloat } from '../../dtype.ts'
import { invariant } from '../../errors.ts'
import type { Affine, Contraction, Load } from '../../lower/kernel.ts'
import { sizeOf } from '../../shape.ts'
import type { Run } from './loop.ts'
import { type Cells, type Memory, numbersOf } from './memory.ts'
import { compileNodes, compileStores, outOfRange, type Register } from './nodes.ts'
import { createSpace, type Space } from './space.ts'

export function compileContraction(kernel: Contraction, where: string, lanes: number): Run {
  const { extents, parallel, dtype } = kernel
  const space = createSpace(extents.slice(0, parallel), lanes)
  const a = compileOperand(kernel.a, space, extents, parallel, where),
    b = compileOperand(kernel.b, space, extents, parallel, where)
  const sum = new Float64Array(space.width)
  const epilogue = compileNodes(kernel.epilogue, space, [sum], where)
  const stores = compileStores(kernel.stores, epilogue, space, where)
  const dot = isFloat(dtype) ? dotFloat : dotInteger
  return memory => {
    a.reset()
    b.reset()
    for (let start = 0; start < space.points; start += space.width) {
      const n = Math.min(space.width, space.points - start)
      space.move(start, n, memory)
      for (let lane = 0; lane < n; lane++) {
        a.fetch(lane, memory)
        b.fetch(lane, memory)
        sum[lane] = convert(dot(a.values, b.values), dtype)
      }
      epilogue.run(n, memory)
      stores(n, memory)
    }
  }
}

function dotFloat(a: Register, b: Register): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

function dotInteger(a: Register, b: Register): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum = (sum + Math.imul(a[i] as number, b[i] as number)) | 0
  return sum
}

interface Operand {
  /** One value a reduced point, 0 where a guard fails. */
  readonly values: Register
  /** Loads the values for one parallel point; nothing to do where they are those of the point before (a row that is used again). */
  fetch(lane: number, memory: Memory): void
  /** Forgets the values: memory has changed. */
  reset(): void
}

function compileOperand(load: Load, space: Space, extents: readonly number[], parallel: number, where: string): Operand {
  invariant(load.indirect === undefined || load.indirect.length === 0, `${where}: an operand of a contraction has no indirect terms`)
  const split = (map: Affine) => ({
    outer: space.address({ ...map, strides: map.strides.slice(0, parallel) }),
    inner: offsetsOf(map.strides.slice(parallel), extents.slice(parallel)),
  })
  const address = split(load.map)
  const guards = (load.guards ?? []).map(g => ({ ...split(g.index), extent: g.extent }))
  const values = new Float64Array(address.inner.length),
    inside = new Uint8Array(values.length).fill(1)
  const bases = [address, ...guards].map(s => ({ outer: s.outer, last: NaN }))

  const fetch = (lane: number, memory: Memory): void => {
    if (!moveBases(bases, lane)) return
    if (guards.length > 0) inside.fill(1)
    for (const g of guards) exclude(inside, g.inner, g.outer[lane] as number, g.extent)
    const data = memory[load.buffer] as Cells,
      numbers = numbersOf(data),
      base = address.outer[lane] as number,
      { inner } = address
    for (let r = 0; r < values.length; r++) {
      const k = base + (inner[r] as number)
      if (inside[r] === 0) values[r] = 0
      else if (k >= 0 && k < data.length) values[r] = numbers === null ? (data[k] as number) : numbers.at(k)
      else outOfRange(where, 'load', load.buffer, k, data.length)
    }
  }
  const reset = (): void => {
    for (const base of bases) base.last = NaN
  }
  return { values, fetch, reset }
}

/** Has any of the parallel terms changed? */
function moveBases(bases: readonly { readonly outer: Int32Array; last: number }[], lane: number): boolean {
  let moved = false
  for (const base of bases) {
    const now = base.outer[lane] as number
    moved ||= now !== base.last
    base.last = now
  }
  return moved
}

function exclude(inside: Uint8Array, offsets: Int32Array, base: number, extent: number): void {
  for (let r = 0; r < inside.length; r++) {
    const k = base + (offsets[r] as number)
    if (k < 0 || k >= extent) inside[r] = 0
  }
}

/** `sum_k strides[k] * index[k]` at every point of `extents`, in row-major order. */
function offsetsOf(strides: readonly number[], extents: readonly number[]): Int32Array {
  const out = new Int32Array(sizeOf(extents))
  if (out.length === 0) return out
  let done = 1
  for (let k = extents.length - 1; k >= 0; k--) {
    const extent = extents[k] as number,
      stride = strides[k] as number
    for (let i = done; i < done * extent; i++) out[i] = (out[i % done] as number) + stride * Math.floor(i / done)
    done *= extent
  }
  return out
}
