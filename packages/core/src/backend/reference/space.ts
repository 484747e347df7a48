/**
 * The points of an iteration space, visited in blocks: every quantity of a block is one array with a lane a point, so that the cost of
 * interpretation is paid once a block. Lanes are in row-major order of the points, the last axis fastest.
 */
import type { Affine, BufferId, Guard } from '../../lower/kernel.ts'
import { sizeOf } from '../../shape.ts'
import type { Memory } from './memory.ts'

export interface Space {
  readonly points: number
  /** Lanes of a block. */
  readonly width: number
  /** The array that will hold the values of `map` for the current block. Equal maps share one. */
  address(map: Affine): Int32Array
  /** The array that will hold 1 where all guards hold. */
  mask(guards: readonly Guard[]): Uint8Array
  /** Makes `start, ..., start + n - 1` the current block. */
  move(start: number, n: number, memory: Memory): void
}

type Update = (n: number, memory: Memory) => void

/** `lanes`: points of a block at most. */
export function createSpace(extents: readonly number[], lanes: number): Space {
  const points = sizeOf(extents)
  const width = Math.min(lanes, Math.max(1, points))
  const indices = extents.map(() => new Int32Array(width))
  const addresses = new Map<string, Int32Array>()
  const updates: Update[] = []

  const address = (map: Affine): Int32Array => {
    const key = JSON.stringify(map)
    const known = addresses.get(key)
    if (known !== undefined) return known
    const out = new Int32Array(width)
    updates.push(addressUpdate(map, indices, out))
    addresses.set(key, out)
    return out
  }
  const mask = (guards: readonly Guard[]): Uint8Array => {
    const out = new Uint8Array(width)
    const terms = guards.map(g => ({ at: address(g.index), extent: g.extent }))
    updates.push(n => {
      out.fill(1, 0, n)
      for (const { at, extent } of terms) for (let i = 0; i < n; i++) if ((at[i] as number) < 0 || (at[i] as number) >= extent) out[i] = 0
    })
    return out
  }
  const move = (start: number, n: number, memory: Memory): void => {
    fillIndices(extents, indices, start, n)
    for (const update of updates) update(n, memory)
  }
  return { points, width, address, mask, move }
}

function addressUpdate(map: Affine, indices: readonly Int32Array[], out: Int32Array): Update {
  const terms = map.strides.flatMap((stride, k) => (stride === 0 ? [] : [{ stride, index: indices[k] as Int32Array }]))
  return (n, memory) => {
    out.fill(baseOf(map, memory), 0, n)
    for (const { stride, index } of terms) for (let i = 0; i < n; i++) out[i] = (out[i] as number) + stride * (index[i] as number)
  }
}

/** The part of an affine map that does not depend on the indices. */
export function baseOf(map: Affine, memory: Memory): number {
  let base = map.offset
  for (const { buffer, stride } of map.dynamic ?? []) base += scalarOf(memory, buffer) * stride
  return base
}

/** Element 0 of a buffer. */
export const scalarOf = (memory: Memory, buffer: BufferId): number => memory[buffer]?.[0] as number

/** The indices of points `start, start + 1, ...` by counting up, since a division a lane would cost more than the work itself. */
function fillIndices(extents: readonly number[], indices: readonly Int32Array[], start: number, n: number): void {
  for (let k = extents.length - 1, below = 1; k >= 0; k--) {
    const extent = extents[k] as number,
      out = indices[k] as Int32Array
    let value = Math.floor(start / below) % extent
    let left = below - (start % below)
    for (let i = 0; i < n; i++) {
      out[i] = value
      if (--left === 0) {
        left = below
        if (++value === extent) value = 0
      }
    }
    below *= extent
  }
}
