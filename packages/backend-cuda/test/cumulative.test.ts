import { type Cumulative, hostArray } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { difference, runGraph } from '../../core/test/support/runKernels.ts'
import { graphOf, run } from '../../core/test/support/smallGraphs.ts'
import { backendFor, fakeDriver } from './kit.ts'

const backend = await backendFor(),
  fake = await fakeDriver()
afterAll(() => backend.dispose())
let turn = 0
beforeEach(() => fake.set({ threads: turn++ % 2 === 0 ? 'reverse' : 'shuffle' }))
afterEach(() => expect(fake.failure()).toBe(''))

const graph = (kernel: Cumulative): ReturnType<typeof graphOf> => {
  const spec = [kernel.dtype, kernel.outer * kernel.length * kernel.inner] as const
  return graphOf([kernel], [spec], [spec])
}

/** Data of which sums and products are exact in any order. */
function entries({ op, dtype, outer, length, inner }: Cumulative, seed: number): ReturnType<typeof hostArray> {
  const special = dtype.startsWith('float') ? [-0, 0] : [1]
  return hostArray(dtype, outer * length * inner).map((_, i) => {
    const k = Math.imul(i + 1, seed * 2 + 40503) >>> 9
    if (op === 'prod') return 1 - 2 * (k % 2)
    return k % 5 === 0 ? (special[k % 2] ?? 1) : (k % 17) - 8
  })
}

const kernels = (outer: readonly number[], length: readonly number[], inner: readonly number[]): fc.Arbitrary<Cumulative> =>
  fc.record({
    kind: fc.constant('cumulative' as const),
    op: fc.constantFrom<Cumulative['op']>('sum', 'prod', 'max', 'min'),
    dtype: fc.constantFrom<Cumulative['dtype']>('float32', 'float64', 'int32', 'uint32'),
    outer: fc.constantFrom(...outer),
    length: fc.constantFrom(...length),
    inner: fc.constantFrom(...inner),
    reverse: fc.boolean(),
    input: fc.constant(0),
    output: fc.constant(1),
  })

// Groups of lanes, warps, blocks in one round and in several, chunks; neighbouring lines, in chunks where they are few.
test.each([
  ['short lines', kernels([0, 1, 2, 33, 70], [0, 1, 2, 3, 4, 7, 8, 40, 100], [1]), 60],
  ['long lines', kernels([1, 3], [128, 513, 1000, 1024, 1030, 4096, 4100, 9001], [1]), 30],
  ['neighbouring lines', kernels([0, 1, 2, 5], [0, 1, 2, 7, 40, 130, 300], [0, 2, 3, 8, 33]), 60],
] as const)('%s', (_, cases, numRuns) => {
  fc.assert(
    fc.property(cases, fc.nat({ max: 1000 }), (kernel, seed) => {
      const data = entries(kernel, seed)
      expect(difference(runGraph(backend, graph(kernel), [data]), run(graph(kernel), data))).toBe(undefined)
    }),
    { numRuns },
  )
})

const along = (op: Cumulative['op'], length: number, inner = 1): Cumulative => ({
  kind: 'cumulative',
  op,
  dtype: 'float32',
  outer: 1,
  length,
  inner,
  reverse: false,
  input: 0,
  output: 1,
})

test.each([1, 2])('NaN and infinities stay once they are met, %i apart', inner => {
  for (const op of ['max', 'min', 'sum', 'prod'] as const) {
    const kernel = along(op, 10, inner)
    for (const special of [NaN, Infinity, -Infinity]) {
      const data = Float32Array.from({ length: 10 * inner }, (_, i) => (i === 6 ? special : 1 + (i % 2)))
      expect(difference(runGraph(backend, graph(kernel), [data]), run(graph(kernel), data)), op).toBe(undefined)
    }
  }
})

test.each([1, 3])('a long float32 sum does not drift, elements %i apart', inner => {
  const length = 100_000,
    kernel = along('sum', length, inner)
  const [out] = runGraph(backend, graph(kernel), [new Float32Array(length * inner).fill(0.1)])
  const exact = length * Math.fround(0.1)
  expect(Math.abs((out?.[(length - 1) * inner] as number) - exact)).toBeLessThan(4 * 2 ** -24 * exact)
})
