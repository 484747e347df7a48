/** Sorts against the reference: every dtype, rows that share a block, fill one, and are merged; places follow their keys. */
import { type ComputeDType, computeDTypes, hostArray, type Sort, type TypedArray } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { difference, runGraph } from '../../core/test/support/runKernels.ts'
import { graphOf, run } from '../../core/test/support/smallGraphs.ts'
import { backendFor, fakeDriver } from './kit.ts'

const backend = await backendFor(),
  fake = await fakeDriver()
afterAll(() => backend.dispose())
let turn = 0
beforeEach(() => fake.set({ threads: turn++ % 2 === 0 ? 'reverse' : 'shuffle', blocks: 'shuffle' }))
afterEach(() => expect(fake.failure()).toBe(''))

/** Few distinct values, so that ties are many; zeros of both signs, infinities, NaN. */
function entries(dtype: ComputeDType, size: number, seed: number): TypedArray {
  const special = [NaN, -0, 0, Infinity, -Infinity]
  return hostArray(dtype, size).map((_, i) => {
    const k = Math.imul(i + 1, 2 * seed + 40503) >>> 7
    if (dtype === 'bool') return k % 2
    if (dtype.startsWith('float') && k % 6 === 0) return special[(k >>> 8) % 5] ?? 0
    return ((k >>> 4) % 97) - (dtype === 'uint32' ? 0 : 48)
  })
}

function check(rows: number, length: number, dtype: ComputeDType, seed: number): void {
  const size = rows * length,
    kernel: Sort = { kind: 'sort', rows, length, inputs: [0, 1, 2], outputs: [3, 4, 5] },
    specs = [
      [dtype, size],
      ['int32', size],
      ['bool', size],
    ] as const
  const data = [entries(dtype, size, seed), Int32Array.from({ length: size }, (_, i) => i), entries('bool', size, seed + 1)]
  const graph = graphOf([kernel], specs, specs)
  expect(difference(runGraph(backend, graph, data), run(graph, ...data)), `${dtype} [${rows}, ${length}]`).toBe(undefined)
}

test('short rows', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0, 1, 2, 3, 40),
      fc.constantFrom(0, 1, 2, 3, 5, 8, 31, 64, 100, 300),
      fc.constantFrom(...computeDTypes),
      fc.nat({ max: 999 }),
      check,
    ),
    { numRuns: 40 },
  )
})

test.each([1024, 2048, 2049, 4096, 5000, 9000])('rows of %i', length => {
  for (const dtype of computeDTypes) if (length < 5000 || dtype.startsWith('float')) check(length < 5000 ? 2 : 1, length, dtype, length)
})

test('rows that are too long are refused before anything runs', () => {
  const compile = (length: number): unknown => {
    const specs = [['float32', length]] as const
    return backend.compile(graphOf([{ kind: 'sort', rows: 1, length, inputs: [0], outputs: [1] }], specs, specs))
  }
  compile(2 ** 30)
  expect(() => compile(2 ** 30 + 1)).toThrow(
    expect.objectContaining({ name: 'BackendError', message: expect.stringContaining('2^30') as string }),
  )
})
