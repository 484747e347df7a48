/** Scatters against the reference, bit by bit, in any order of threads. */
import { type ComputeDType, computeDTypes, hostArray, type Node, type Scatter, type TypedArray } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createReference } from '../../core/src/backend/reference.ts'
import { planMemory } from '../../core/src/lower/plan.ts'
import { arbKernelCase } from '../../core/test/support/arbKernels.ts'
import { difference, disjointPlan, runGraph } from '../../core/test/support/runKernels.ts'
import { elementwise, graphOf, run } from '../../core/test/support/smallGraphs.ts'
import { backendFor, fakeDriver } from './kit.ts'

const backend = await backendFor(),
  fake = await fakeDriver()
afterAll(() => backend.dispose())
const orders = ['forward', 'reverse', 'shuffle'] as const
let turn = 0
beforeEach(() => fake.set({ threads: orders[turn++ % 3] ?? 'forward', blocks: orders[turn % 3] ?? 'forward' }))
afterEach(() => expect(fake.failure()).toBe(''))

test('random kernels', () => {
  const reference = createReference()
  fc.assert(
    fc.property(arbKernelCase({ kinds: ['scatter', 'sort', 'loop'], kernels: 4 }), ({ graph, inputs }) => {
      const expected = runGraph(reference, disjointPlan(graph), inputs)
      expect(difference(runGraph(backend, planMemory(graph), inputs), expected)).toBe(undefined)
    }),
    { numRuns: 60 },
  )
})

interface Rows {
  /** Of the target. */
  readonly rows: number
  readonly width: number
  readonly updates: number
  readonly combine: Scatter['combine']
  readonly dtype: ComputeDType
  readonly masked: boolean
}

/** `target[index[u], :] (combine)= value[u, :]`, with indices of which some are out of range where `masked`. Inputs: target, index, value; result: target. */
function scatterRows({ rows, width, updates, combine, dtype, masked }: Rows): ReturnType<typeof graphOf> {
  const at = (buffer: number, type: ComputeDType, strides: readonly number[]): Node => ({
    op: 'load',
    buffer,
    dtype: type,
    map: { offset: 0, strides },
  })
  const body: Node[] = [
    at(1, 'int32', [1, 0]),
    at(2, dtype, [width, 1]),
    { op: 'const', dtype: 'int32', value: rows },
    { op: 'lt', dtype: 'bool', args: [0, 2] },
  ]
  const kernel: Scatter = {
    kind: 'scatter',
    extents: [updates, width],
    body,
    buffer: 3,
    combine,
    map: { offset: 0, strides: [0, 1] },
    indirect: [{ index: 0, stride: width }],
    value: 1,
    ...(masked && { where: 3 }),
  }
  const copy = elementwise(rows * width, { dtype }, 3),
    target = [dtype, rows * width] as const
  return graphOf([copy, kernel], [target, ['int32', updates], [dtype, updates * width]], [target])
}

/** Values whose sums round, so that another order has other bits. */
function values(dtype: ComputeDType, size: number): TypedArray {
  return hostArray(dtype, size).map((_, i) => {
    const k = Math.imul(i + 1, 40503) >>> 6
    if (dtype === 'bool') return k % 2
    return dtype.startsWith('float') ? 1 + (k % 1000) / 997 : k % 9
  })
}

describe.each(['set', 'add', 'mul', 'min', 'max'] as const)('%s', combine => {
  test.each([
    [5, 4, 3],
    [7, 1, 64],
    [7, 3, 65],
    [1, 2, 300],
    [100, 1, 1000],
    [1000, 5, 200],
    [40, 1, 5000],
  ])('%i rows of %i, %i updates', (rows, width, updates) => {
    for (const dtype of computeDTypes) {
      if (dtype === 'bool' && (combine === 'add' || combine === 'mul')) continue
      for (const masked of [false, true]) {
        const graph = scatterRows({ rows, width, updates, combine, dtype, masked })
        const range = masked ? rows + 2 : rows
        const index = Int32Array.from({ length: updates }, (_, i) => (i % 3 === 0 ? 0 : (Math.imul(i, 40503) >>> 4) % range))
        const data = [values(dtype, rows * width), index, values(dtype, updates * width)]
        expect(difference(runGraph(backend, graph, data), run(graph, ...data)), `${dtype} ${masked}`).toBe(undefined)
      }
    }
  })
})

test('more updates than can be numbered are refused before anything runs', () => {
  const compile = (combine: 'set' | 'add', updates: number): unknown =>
    backend.compile(scatterRows({ rows: 5, width: 1, updates, combine, dtype: 'float32', masked: false }))
  const refused = (message: string) =>
    expect.objectContaining({ name: 'BackendError', message: expect.stringContaining(message) as string })
  compile('add', 2 ** 30)
  expect(() => compile('add', 2 ** 30 + 1)).toThrow(refused('2^30'))
  compile('set', 2 ** 31)
  expect(() => compile('set', 2 ** 32)).toThrow(refused('2^32'))
})
