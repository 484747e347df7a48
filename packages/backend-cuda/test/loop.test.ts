/** Loops in each of their forms give the bits of the reference, in any order of threads; and what long sums lose. */
import {
  type Affine,
  type ComputeDType,
  computeDTypes,
  type Loop,
  type Node,
  type ReduceOp,
  type Reduction,
  type TypedArray,
} from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createReference } from '../../core/src/backend/reference.ts'
import { planMemory, type UnplannedGraph } from '../../core/src/lower/plan.ts'
import { arbKernelCase } from '../../core/test/support/arbKernels.ts'
import { difference, disjointPlan, runGraph } from '../../core/test/support/runKernels.ts'
import { elementwise, graphOf, run } from '../../core/test/support/smallGraphs.ts'
import type { EmitContext, EmitKernel } from '../src/command.ts'
import { emitKernel } from '../src/kernels/emit.ts'
import { writtenBy } from '../src/kernels/writer.ts'
import { backendFor, fakeDriver } from './kit.ts'
import { entries } from './support/entries.ts'

const backend = await backendFor(),
  fake = await fakeDriver()
afterAll(() => backend.dispose())
/** Each test runs in another order of threads. */
const orders = ['forward', 'reverse', 'shuffle'] as const
let turn = 0
beforeEach(() => fake.set({ threads: orders[turn++ % 3] ?? 'forward', blocks: orders[turn % 3] ?? 'forward' }))
afterEach(() => expect(fake.failure()).toBe(''))

const spaces = [[8, 12], [3, 16], [6, 4, 8], [33], [4, 2, 5], [64, 3], [1, 4, 4], [128], [5, 7], [2, 1030], [260, 9]]
test.each([undefined, ...spaces].map(s => [s]))('points of %j', space => {
  const reference = createReference()
  const cases = arbKernelCase({ kinds: ['loop'], kernels: 2, ...(space === undefined ? {} : { spaces: [space] }) })
  fc.assert(
    fc.property(cases, ({ graph, inputs }) => {
      const expected = runGraph(reference, disjointPlan(graph), inputs)
      expect(difference(runGraph(backend, planMemory(graph), inputs), expected)).toBe(undefined)
    }),
    { numRuns: 25 },
  )
})

test('with addresses of 64 bits', async () => {
  const wide = await backendFor(),
    { services } = wide as unknown as { services: { emit: EmitKernel } },
    reference = createReference()
  // A buffer of so many elements needs them; what there is of it is small.
  services.emit = (context, kernel) =>
    emitKernel({ ...context, spec: m => ({ ...context.spec(m), size: context.spec(m).size + 2 ** 32 }) }, kernel)
  fc.assert(
    fc.property(arbKernelCase({ kinds: ['loop', 'cumulative'], kernels: 3 }), ({ graph, inputs }) => {
      const expected = runGraph(reference, disjointPlan(graph), inputs)
      expect(difference(runGraph(wide, planMemory(graph), inputs), expected)).toBe(undefined)
    }),
    { numRuns: 40 },
  )
  await wide.dispose()
})

test('a buffer that the plan may give to a result is not read-only if the result does not depend on it', () => {
  const map: Affine = { offset: 0, strides: [1] },
    size = 8
  const loop = (value: number): Loop => ({
    ...elementwise(size),
    epilogue: [
      { op: 'load', buffer: 0, dtype: 'float32', map },
      { op: 'const', dtype: 'float32', value: 1 },
    ],
    stores: [
      { buffer: 1, map, value },
      { buffer: 2, map, value: 0 },
    ],
  })
  const spec = { dtype: 'float32', size } as const,
    context = { buffers: [spec, spec, spec] } as unknown as EmitContext
  expect([...writtenBy(loop(1), context)]).toEqual([1, 2, 0])
  expect([...writtenBy(loop(0), context)]).toEqual([1, 2])
})

/** Maps that make a thread take four points, or one: contiguous, odd, reversed, strided, transposed, with gaps. */
const places: readonly (readonly [extents: readonly number[], size: number, map: Affine])[] = [
  [[16], 16, { offset: 0, strides: [1] }],
  [[13], 13, { offset: 0, strides: [1] }],
  [[12], 12, { offset: 11, strides: [-1] }],
  [[8], 15, { offset: 0, strides: [2] }],
  [[5, 7], 35, { offset: 0, strides: [1, 5] }],
  [[3, 4], 15, { offset: 1, strides: [5, 1] }],
]
test.each(places)('a store over the source of a load that another store needs: %j', (extents, size, map) => {
  const load = (buffer: number): Node => ({ op: 'load', buffer, dtype: 'float32', map })
  // The first store may have the memory of buffer 0, which the second one loads.
  const loop: Loop = {
    kind: 'loop',
    extents,
    parallel: extents.length,
    body: [],
    bodyStores: [],
    reductions: [],
    epilogue: [load(0), load(1)],
    stores: [
      { buffer: 2, map, value: 1 },
      { buffer: 3, map, value: 0 },
    ],
  }
  const spec = ['float32', size] as const,
    graph = graphOf([loop], [spec, spec], [spec, spec])
  const planned = planMemory({ ...graph, donatable: [true, false] } as UnplannedGraph)
  expect(planned.donations).toEqual([0, -1])
  const data = [1, 2].map(first => Float32Array.from({ length: size }, (_, i) => first * 100 + i))
  const stored = new Set(pointsOf(extents).map(point => point.reduce((at, x, k) => at + x * (map.strides[k] as number), map.offset)))
  const results = runGraph(backend, planned, data, [true, false])
  for (const at of stored) expect(results.map(r => r[at])).toEqual([data[1]?.[at], data[0]?.[at]])
})

/** All index tuples. */
const pointsOf = (extents: readonly number[]): readonly (readonly number[])[] =>
  extents.reduce<readonly (readonly number[])[]>((all, n) => all.flatMap(p => Array.from({ length: n }, (_, i) => [...p, i])), [[]])

/** `[rows, columns]` reduced along its rows (axis 1) or its columns (axis 0). */
function reduction(op: ReduceOp, dtype: ComputeDType, rows: number, columns: number, axis: 0 | 1): Loop {
  const isArg = op === 'argmax' || op === 'argmin',
    map: Affine = { offset: 0, strides: axis === 1 ? [columns, 1] : [1, columns] }
  return {
    kind: 'loop',
    extents: axis === 1 ? [rows, columns] : [columns, rows],
    parallel: 1,
    body: [
      { op: 'load', buffer: 0, dtype, map },
      { op: 'iota', dtype: 'int32', map: { offset: 0, strides: [0, 1] } },
    ],
    bodyStores: [],
    reductions: [isArg ? { op, dtype: 'int32', value: 0, index: 1 } : { op, dtype, value: 0 }],
    epilogue: [{ op: 'reduced', dtype: isArg ? 'int32' : dtype, index: 0 }],
    stores: [{ buffer: 1, map: { offset: 0, strides: [1] }, value: 0 }],
  }
}

const isExact = (op: ReduceOp, dtype: ComputeDType): boolean =>
  dtype === 'bool' ? !['sum', 'prod'].includes(op) : !dtype.startsWith('float') || !['and', 'or', 'xor'].includes(op)

describe.each([0, 1] as const)('reductions along axis %i', axis => {
  // In turn: one thread, groups of lanes, a warp, a block, a large block for a row; one, 8 and 16 threads for a column; four columns a thread.
  const sizes = [
    [1, 1],
    [7, 13],
    [64, 64],
    [300, 8],
    [3, 516],
    [5, 2052],
    [2, 16_388],
    [5, 2053],
    [300, 20],
    [2, 140_000],
    [18, 17_000],
  ] as const
  const ops = ['sum', 'prod', 'max', 'min', 'argmax', 'argmin', 'and', 'or', 'xor'] as const
  test.each(ops)('%s', op => {
    for (const dtype of computeDTypes)
      for (const [rows, columns] of sizes) {
        if (!isExact(op, dtype) || (rows * columns > 40_000 && (dtype !== 'float32' || !['sum', 'argmin'].includes(op)))) continue
        const data = entries(op, dtype, rows * columns),
          outer = axis === 1 ? rows : columns,
          result = op === 'argmax' || op === 'argmin' ? 'int32' : dtype
        const graph = graphOf([reduction(op, dtype, rows, columns, axis)], [[dtype, data.length]], [[result, outer]])
        expect(difference(runGraph(backend, graph, [data]), run(graph, data)), `${dtype} [${rows}, ${columns}]`).toBe(undefined)
      }
  })

  test('many together fit in shared memory', () => {
    const one = reduction('argmax', 'float64', 300, 300, axis),
      many = Array.from({ length: 24 }, (_, i) => i)
    const loop: Loop = {
      ...one,
      reductions: many.map(i => (i % 2 === 0 ? (one.reductions[0] as Reduction) : { op: 'sum', dtype: 'float64', value: 0 })),
      epilogue: many.map(index => ({ op: 'reduced', dtype: index % 2 === 0 ? 'int32' : 'float64', index })),
      stores: many.map(value => ({ buffer: value + 1, map: { offset: 0, strides: [1] }, value })),
    }
    const data = entries('sum', 'float64', 90_000)
    const graph = graphOf(
      [loop],
      [['float64', 90_000]],
      many.map(i => [i % 2 === 0 ? 'int32' : 'float64', 300]),
    )
    expect(difference(runGraph(backend, graph, [data]), run(graph, data))).toBe(undefined)
  })

  test('a NaN wins', () => {
    for (const op of ['max', 'min', 'argmax', 'argmin'] as const)
      for (const columns of [8, 512, 4096]) {
        const data = Float32Array.from({ length: 4 * columns }, (_, i) => (i % 9 === 5 ? NaN : i % 5))
        const result = op.startsWith('arg') ? 'int32' : 'float32'
        const graph = graphOf(
          [reduction(op, 'float32', 4, columns, axis)],
          [['float32', data.length]],
          [[result, axis === 1 ? 4 : columns]],
        )
        expect(difference(runGraph(backend, graph, [data]), run(graph, data)), `${op} ${columns}`).toBe(undefined)
      }
  })

  test.each([1000, 16384, 100_000])('a sum of %i floats is off by little', n => {
    const data = Float32Array.from({ length: n }, (_, i) => Math.fround(0.1 + ((Math.imul(i, 40503) >>> 7) % 1000) / 1000))
    const graph = graphOf([reduction('sum', 'float32', axis === 1 ? 1 : n, axis === 1 ? n : 1, axis)], [['float32', n]], [['float32', 1]])
    const [[got]] = runGraph(backend, graph, [data]) as unknown as [[number]]
    const exact = data.reduce((a, b) => a + b, 0)
    expect(Math.abs(got - exact) / exact).toBeLessThan(1e-6)
  })
})

const shapes = [
  [3, 5000],
  [700, 33],
  [64, 64],
] as const
test.each([0, 1] as const)('the bits of sums along axis %i depend neither on the order of threads nor on the device', async axis => {
  const sums = async (rows: number, columns: number): Promise<TypedArray> => {
    const device = await backendFor(),
      data = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * i))
    const graph = graphOf(
      [reduction('sum', 'float32', rows, columns, axis)],
      [['float32', data.length]],
      [['float32', axis === 1 ? rows : columns]],
    )
    const [result] = runGraph(device, graph, [data]) as [TypedArray]
    await device.dispose()
    return result
  }
  for (const [rows, columns] of shapes) {
    const first = await sums(rows, columns)
    for (const [order, multiprocessors] of [
      ['forward', 1],
      ['reverse', 132],
      ['shuffle', 4],
    ] as const) {
      fake.set({ threads: order, blocks: order, multiprocessors })
      expect(await sums(rows, columns)).toEqual(first)
    }
  }
})
