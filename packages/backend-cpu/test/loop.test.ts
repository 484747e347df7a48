import { type ComputeDType, computeDTypes, hostArray, type Loop, type Node } from '@cotangent/core/kernel'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildLoop, drawWith, filled } from './arbitrary-loop.ts'
import { interpret, runKernel } from './kernel-kit.ts'

test('random loops give what the reference interpreter gives, however tasks are split', { timeout: 30_000 }, () => {
  fc.assert(
    fc.property(fc.gen(), gen => {
      const { loop, buffers, data } = buildLoop(drawWith(gen))
      const wanted = interpret(loop, data)
      for (const options of [{}, { split: true }, { fma: false }]) expect(runKernel(loop, buffers, data, options)).toEqual(wanted)
    }),
    { numRuns: 250 },
  )
})

/** `out[i, j, k] = x[i, k, j] (+ y[i, j, k])`, in tiles where the sizes allow. */
function transposition(outer: number, rows: number, columns: number, dtype: ComputeDType, sum: boolean): Loop {
  const there = { offset: 0, strides: [rows * columns, columns, 1] },
    across = { offset: 0, strides: [rows * columns, 1, rows] }
  const both: Node[] = [
    { op: 'load', buffer: 1, dtype, map: there },
    { op: dtype === 'bool' ? 'max' : 'add', dtype, args: [0, 1] },
  ]
  const epilogue: Node[] = [{ op: 'load', buffer: 0, dtype, map: across }, ...(sum ? both : [])]
  return {
    kind: 'loop',
    extents: [outer, rows, columns],
    parallel: 3,
    body: [],
    bodyStores: [],
    reductions: [],
    epilogue,
    stores: [{ buffer: 2, map: there, value: epilogue.length - 1 }],
  }
}

test('transpositions of any size', { timeout: 30_000 }, () => {
  const extent = fc.constantFrom(1, 3, 7, 8, 15, 16, 24, 25, 64, 70)
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      extent,
      extent,
      fc.constantFrom(...computeDTypes),
      fc.boolean(),
      (outer, rows, columns, dtype, sum) => {
        const size = outer * rows * columns,
          loop = transposition(outer, rows, columns, dtype, sum),
          spec = { dtype, size }
        const data = [filled(1, dtype, size), filled(2, dtype, size), hostArray(dtype, size)]
        expect(runKernel(loop, [spec, spec, spec], data, { split: true })).toEqual(interpret(loop, data))
      },
    ),
    { numRuns: 60 },
  )
})
