/**
 * Contractions: the address of an operand at (parallel point, reduced point) is the sum of one term for each, so that the terms of all
 * reduced points are a table made once. Products are exact in float64 (for float32 operands) and the sum is rounded once.
 */
import { convert, isFloat, type TypedArray } from '../../dtype.ts'
import { invariant } from '../../errors.ts'
import type { Affine, Contraction, Load } from '../../lower/kernel.ts'
import { sizeOf } from '../../shape.ts'
import type { Run } from './loop.ts'
import { compileNodes, compileStores, outOfRange, type Register } from './nodes.ts'
import { createSpace, type Memory, type Space } from './space.ts'

export function compileContraction(kernel: Contraction, where: string): Run {
  const space = createSpace(kernel.extents.slice(0, kernel.parallel))
  const reducedExtents = kernel.extents.slice(kernel.parallel)
  const a = compileOperand(kernel.a, space, reducedExtents, where), b = compileOperand(kernel.b, space, reducedExtents, where)
  const sum = new Float64Array(space.width)
  const epilogue = compileNodes(kernel.epilogue, space, [sum], where)
  const stores = compileStores(kernel.stores, epilogue, space, where)
  const dot = isFloat(kernel.dtype) ? dotFloat : dotInteger
  return memory => {
    for (let start = 0; start < space.points; start += space.width) {
      const n = Math.min(space.width, space.points - start)
      space.move(start, n, memory)
      for (let lane = 0; lane < n; lane++) {
        a.fetch(lane, memory)
        b.fetch(lane, memory)
        sum[lane] = convert(dot(a.values, b.values), kernel.dtype)
      }
      epilogue.run(n, memory)
      stores(n, memory)
    }
  }
}

interface Operand {
  /** One value a reduced point, 0 where a guard fails. */
  readonly values: Register
  fetch(lane: number, memory: Memory): void
}

function compileOperand(load: Load, space: Space, extents: readonly number[], where: string): Operand {
  invariant(load.indirect === undefined || load.indirect.length === 0, `${where}: an operand of a contraction has no indirect terms`)
  const split = (map: Affine): SplitMap => ({ outer: space.address(map), inner: tableOf(map.strides.slice(-extents.length || map.strides.length), extents) })
  const at = split(load.map)
  const guards = (load.guards ?? []).map(g => ({ ...split(g.index), extent: g.extent }))
  const values = new Float64Array(sizeOf(extents))
  const inside = new Uint8Array(values.length).fill(1)
  let fetched = NaN
  const fetch = (lane: number, memory: Memory): void => {
    const data = memory[load.buffer] as TypedArray
    const base = at.outer[lane] as number
    if (guards.length > 0) inside.fill(1)
    for (const g of guards) narrow(inside, g.inner, g.outer[lane] as number, g.extent)
    for (let r = 0; r < values.length; r++) {
      const k = base + (at.inner[r] as number)
      if (inside[r] === 0) values[r] = 0
      else if (k >= 0 && k < data.length) values[r] = data[k] as number
      else outOfRange(where, 'load', load.buffer, k, data.length)
    }
    fetched = base
  }
  void fetched
  return { values, fetch }
}

interface SplitMap {
  readonly outer: Int32Array
  readonly inner: Int32Array
}
