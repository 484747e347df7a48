/** Loops that read along another axis than they write, in tiles through shared memory, give the bits of the reference. */
import { type Affine, type ComputeDType, computeDTypes, type Loop, type Node } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, afterEach, expect, test } from 'vitest'
import { difference, runGraph } from '../../core/test/support/runKernels.ts'
import { graphOf, run } from '../../core/test/support/smallGraphs.ts'
import { backendFor, fakeDriver } from './kit.ts'
import { entries } from './support/entries.ts'

const backend = await backendFor(),
  fake = await fakeDriver()
fake.set({ threads: 'shuffle', blocks: 'reverse' })
afterAll(() => backend.dispose())
afterEach(() => expect(fake.failure()).toBe(''))

/** `out[i, j, k] = x[i, k, j] + y[i, j, k]`, in tiles where the sizes allow; `mirror` turns the axis of the load round. */
function transposition(outer: number, rows: number, columns: number, dtype: ComputeDType, mirror: boolean, edge: number): Loop {
  const there: Affine = { offset: 0, strides: [rows * columns, columns, 1] }
  const across: Affine = mirror
    ? { offset: rows - 1, strides: [rows * columns, -1, rows] }
    : { offset: 0, strides: [rows * columns, 1, rows] }
  const guards = edge === 0 ? {} : { guards: [{ index: { offset: -edge, strides: [0, 1, 0] }, extent: rows - edge }] }
  const epilogue: Node[] = [
    { op: 'load', buffer: 0, dtype, map: across, ...guards },
    { op: 'load', buffer: 1, dtype, map: there },
    { op: dtype === 'bool' ? 'max' : 'add', dtype, args: [0, 1] },
  ]
  return {
    kind: 'loop',
    extents: [outer, rows, columns],
    parallel: 3,
    body: [],
    bodyStores: [],
    reductions: [],
    epilogue,
    stores: [{ buffer: 2, map: there, value: 2 }],
  }
}

test('transpositions', () => {
  const extent = fc.constantFrom(1, 16, 31, 32, 33, 64, 70, 130)
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 3),
      extent,
      extent,
      fc.constantFrom(...computeDTypes),
      fc.boolean(),
      fc.constantFrom(0, 1),
      (outer, rows, columns, dtype, mirror, edge) => {
        const size = outer * rows * columns,
          loop = transposition(outer, rows, columns, dtype, mirror, edge)
        const data = [entries('sum', dtype, size), entries('max', dtype, size)]
        const graph = graphOf(
          [loop],
          [
            [dtype, size],
            [dtype, size],
          ],
          [[dtype, size]],
        )
        expect(difference(runGraph(backend, graph, data), run(graph, ...data))).toBe(undefined)
      },
    ),
    { numRuns: 40 },
  )
  expect(fake.log().some(l => l.name.startsWith('tiles'))).toBe(true)
})
