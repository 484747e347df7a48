/** Sort and Cumulative: kernels along one axis. */
import { convert } from '../../dtype.ts'
import { fail } from '../../errors.ts'
import type { BufferId, Cumulative, Sort } from '../../lower/kernel.ts'
import type { Run } from './loop.ts'
import { combinerOf } from './reduce.ts'
import type { Cells, Memory } from './memory.ts'

/** NaN last, -0 equal to +0, and the position decides among equals. */
function ascending(keys: Cells): (i: number, j: number) => number {
  return (i, j) => {
    const a = keys[i] as number,
      b = keys[j] as number
    if (a < b) return -1
    if (a > b) return 1
    return Number(a !== a) - Number(b !== b) || i - j
  }
}

export function compileSort(kernel: Sort, where: string): Run {
  const { rows, length, inputs, outputs } = kernel
  return memory => {
    for (const buffer of [...inputs, ...outputs]) checkSize(memory, buffer, rows * length, where)
    for (let row = 0; row < rows; row++) {
      const sources = inputs.map(b => (memory[b] as Cells).slice(row * length, (row + 1) * length))
      const order = Uint32Array.from({ length }, (_, i) => i).sort(ascending(sources[0] as Cells))
      outputs.forEach((b, k) => {
        const source = sources[k] as Cells,
          target = memory[b] as Cells
        for (let i = 0; i < length; i++) target[row * length + i] = source[order[i] as number] as number
      })
    }
  }
}

export function compileCumulative(kernel: Cumulative, where: string): Run {
  const { outer, length, inner, reverse, dtype } = kernel
  const combine = combinerOf(kernel.op, dtype)
  const first = reverse ? length - 1 : 0,
    step = reverse ? -inner : inner
  return memory => {
    const source = memory[kernel.input] as Cells,
      target = memory[kernel.output] as Cells
    for (const buffer of [kernel.input, kernel.output]) checkSize(memory, buffer, outer * length * inner, where)
    if (length === 0) return
    for (let line = 0; line < outer * inner; line++) {
      let at = Math.floor(line / inner) * length * inner + first * inner + (line % inner)
      let sum = source[at] as number
      for (let i = 0; i < length; i++, at += step) {
        if (i > 0) sum = combine(sum, source[at] as number)
        target[at] = convert(sum, dtype)
      }
    }
  }
}

function checkSize(memory: Memory, buffer: BufferId, needed: number, where: string): void {
  const { length } = memory[buffer] as Cells
  if (length < needed)
    fail(
      'InternalError',
      `${where}: needs ${needed} elements of buffer b${buffer}, but it has ${length}. This is a fault in Cotangent: please report it.`,
    )
}
