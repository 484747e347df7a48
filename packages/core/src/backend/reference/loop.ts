/** Loop and Scatter: kernels that walk a space and evaluate node lists. */
import { convert } from '../../dtype.ts'
import { instructions } from '../../lower/instructions.ts'
import type { Loop, Scatter } from '../../lower/kernel.ts'
import { sizeOf } from '../../shape.ts'
import type { Cells, Memory } from './memory.ts'
import { compileAddress, compileNodes, compileStores, outOfRange, register } from './nodes.ts'
import { type Accumulator, createAccumulator } from './reduce.ts'
import { createSpace } from './space.ts'

/** One kernel, ready to run. */
export type Run = (memory: Memory) => void

export function compileLoop(kernel: Loop, where: string, lanes: number): Run {
  const outer = createSpace(kernel.extents.slice(0, kernel.parallel), lanes)
  const inner = createSpace(kernel.extents, lanes)
  const reduced = sizeOf(kernel.extents.slice(kernel.parallel))
  const body = compileNodes(kernel.body, inner, [], where)
  const bodyStores = compileStores(kernel.bodyStores, body, inner, where)
  const accumulators = kernel.reductions.map(r => createAccumulator(r, body.registers, outer.width, where))
  const epilogue = compileNodes(
    kernel.epilogue,
    outer,
    accumulators.map(a => a.result),
    where,
  )
  const stores = compileStores(kernel.stores, epilogue, outer, where)
  const hasBody = kernel.bodyStores.length + accumulators.length > 0

  const runBody = (first: number, end: number, memory: Memory): void => {
    for (let start = first; start < end; start += inner.width) {
      const n = Math.min(inner.width, end - start)
      inner.move(start, n, memory)
      body.run(n, memory)
      bodyStores(n, memory)
      for (const a of accumulators) feedBlock(a, start - first, n, reduced)
    }
  }
  return memory => {
    for (let start = 0; start < outer.points; start += outer.width) {
      const n = Math.min(outer.width, outer.points - start)
      for (const a of accumulators) a.begin(n)
      if (hasBody) runBody(start * reduced, (start + n) * reduced, memory)
      for (const a of accumulators) a.finish(n)
      outer.move(start, n, memory)
      epilogue.run(n, memory)
      stores(n, memory)
    }
  }
}

/** Lanes `0..n` of a block are points `first, ...` of consecutive runs of length `reduced`, one run a parallel lane. */
function feedBlock(accumulator: Accumulator, first: number, n: number, reduced: number): void {
  let lane = Math.floor(first / reduced)
  for (let from = 0, left = reduced - (first % reduced); from < n; lane++, left = reduced) {
    const to = Math.min(n, from + left)
    accumulator.feed(lane, from, to)
    from = to
  }
}

const scatterInstruction = { add: 'add', mul: 'mul', min: 'min', max: 'max' } as const

export function compileScatter(kernel: Scatter, where: string, lanes: number): Run {
  const space = createSpace(kernel.extents, lanes)
  const body = compileNodes(kernel.body, space, [], where)
  const address = compileAddress(kernel.map, kernel.indirect, body.registers, space, where)
  const values = register(body.registers, kernel.value, where)
  const wanted = kernel.where === undefined ? undefined : register(body.registers, kernel.where, where)
  const dtype = (kernel.body[kernel.value] as Scatter['body'][number]).dtype
  const evaluate = kernel.combine === 'set' ? undefined : instructions[scatterInstruction[kernel.combine]].evaluate

  const update = (data: Cells, n: number): void => {
    const at = address(n)
    for (let i = 0; i < n; i++) {
      if (wanted !== undefined && wanted[i] === 0) continue
      const k = at[i] as number,
        v = values[i] as number
      if (k < 0 || k >= data.length) outOfRange(where, 'store', kernel.buffer, k, data.length)
      data[k] = evaluate === undefined ? v : convert(evaluate([data[k] as number, v], dtype, dtype), dtype)
    }
  }
  return memory => {
    for (let start = 0; start < space.points; start += space.width) {
      const n = Math.min(space.width, space.points - start)
      space.move(start, n, memory)
      body.run(n, memory)
      update(memory[kernel.buffer] as Cells, n)
    }
  }
}
