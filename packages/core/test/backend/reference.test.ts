import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReference } from '../../src/backend/reference.ts'
import { type ComputeDType, computeDTypes, hostArray, type TypedArray } from '../../src/dtype.ts'
import type { Affine, Kernel, KernelGraph, Load, Loop } from '../../src/lower/kernel.ts'
import { arbKernelCase, type KernelCase } from '../support/arbKernels.ts'
import { runNaively } from '../support/naive.ts'
import { difference, disjointPlan, runGraph } from '../support/runKernels.ts'
import { elementwise, graphOf, identity, run } from '../support/smallGraphs.ts'

/** Results of a graph without control flow, sorting or running sums, one point at a time. */
function naiveResults({ graph, inputs }: KernelCase): TypedArray[] {
  const memory = graph.buffers.map(({ dtype, size, place }) =>
    place.kind === 'input' ? (inputs[place.index] as TypedArray) : hostArray(dtype, size),
  )
  for (const kernel of graph.kernels)
    if (kernel.kind === 'loop' || kernel.kind === 'contraction' || kernel.kind === 'scatter') runNaively(kernel, memory)
  return graph.outputs.map(id => memory[id] as TypedArray)
}

describe('agrees with evaluation one point at a time', () => {
  for (const kind of ['loop', 'contraction', 'scatter'] as const) {
    test(kind, () => {
      const backend = createReference()
      fc.assert(
        fc.property(arbKernelCase({ kinds: kind === 'scatter' ? ['loop', 'scatter'] : [kind], kernels: 3 }), case_ => {
          expect(difference(runGraph(backend, disjointPlan(case_.graph), case_.inputs), naiveResults(case_))).toBe(undefined)
        }),
        { numRuns: 400 },
      )
    })
  }

  test('more points than lanes of a block', () => {
    const map: Affine = { offset: 0, strides: [7, 1, 700] }
    const load: Load = { op: 'load', dtype: 'float32', buffer: 0, map }
    const kernel: Loop = {
      kind: 'loop',
      extents: [100, 7, 3],
      parallel: 1,
      body: [load, { op: 'iota', dtype: 'int32', map: { offset: 0, strides: [0, 3, 1] } }],
      bodyStores: [{ buffer: 2, map, value: 0 }],
      reductions: [
        { op: 'sum', dtype: 'float32', value: 0 },
        { op: 'argmax', dtype: 'int32', value: 0, index: 1 },
      ],
      epilogue: [
        { op: 'reduced', dtype: 'float32', index: 0 },
        { op: 'reduced', dtype: 'int32', index: 1 },
        { op: 'cast', dtype: 'float32', args: [1] },
        { op: 'add', dtype: 'float32', args: [0, 2] },
      ],
      stores: [{ buffer: 1, map: { offset: 0, strides: [1] }, value: 3 }],
    }
    const graph = {
      ...graphOf(
        [kernel],
        [['float32', 2100]],
        [
          ['float32', 100],
          ['float32', 2100],
        ],
      ),
      donatable: [false],
    }
    const input = Float32Array.from({ length: 2100 }, (_, i) => (i * 37) % 101)
    expect(difference(runGraph(createReference(), graph, [input]), naiveResults({ graph, inputs: [input] }))).toBe(undefined)
  })
})

describe('sums', () => {
  const total = (dtype: 'float32' | 'int32', size: number): Loop => ({
    kind: 'loop',
    extents: [size],
    parallel: 0,
    body: [{ op: 'load', dtype, buffer: 0, map: identity }],
    bodyStores: [],
    reductions: [{ op: 'sum', dtype, value: 0 }],
    epilogue: [{ op: 'reduced', dtype, index: 0 }],
    stores: [{ buffer: 1, map: { offset: 0, strides: [] }, value: 0 }],
  })

  test('of float32 are rounded once', () => {
    const data = Float32Array.from({ length: 100_000 }, () => 0.1)
    expect(run(graphOf([total('float32', data.length)], [['float32', data.length]], [['float32', 1]]), data)[0]?.[0]).toBe(
      Math.fround(data.length * Math.fround(0.1)),
    )
  })

  test('of integers wrap, of nothing are 0', () => {
    expect(run(graphOf([total('int32', 3)], [['int32', 3]], [['int32', 1]]), Int32Array.of(2147483647, 2147483647, 3))).toEqual([
      Int32Array.of(1),
    ])
    expect(run(graphOf([total('int32', 0)], [['int32', 0]], [['int32', 1]]), new Int32Array(0))).toEqual([Int32Array.of(0)])
  })
})

test('argmax and argmin: the first winner, and NaN wins', () => {
  const arg = (op: 'argmax' | 'argmin', data: readonly number[]): unknown =>
    run(
      graphOf(
        [
          {
            kind: 'loop',
            extents: [data.length],
            parallel: 0,
            body: [
              { op: 'load', dtype: 'float64', buffer: 0, map: identity },
              { op: 'iota', dtype: 'int32', map: identity },
            ],
            bodyStores: [],
            reductions: [{ op, dtype: 'int32', value: 0, index: 1 }],
            epilogue: [{ op: 'reduced', dtype: 'int32', index: 0 }],
            stores: [{ buffer: 1, map: { offset: 0, strides: [] }, value: 0 }],
          },
        ],
        [['float64', data.length]],
        [['int32', 1]],
      ),
      Float64Array.from(data),
    )[0]?.[0]
  expect(arg('argmax', [1, NaN, 3, NaN])).toBe(1)
  expect(arg('argmin', [1, NaN, -3])).toBe(1)
  expect(arg('argmax', [2, 5, 5])).toBe(1)
  expect(arg('argmin', [-Infinity, -Infinity])).toBe(0)
  expect(arg('argmax', [-Infinity])).toBe(0)
})

describe('sort', () => {
  test('is stable, with NaN last and zeros equal', () => {
    const kernel: Kernel = { kind: 'sort', rows: 1, length: 7, inputs: [0, 1], outputs: [2, 3] }
    const graph = graphOf(
      [kernel],
      [
        ['float32', 7],
        ['int32', 7],
      ],
      [
        ['float32', 7],
        ['int32', 7],
      ],
    )
    const [keys, order] = run(graph, Float32Array.of(3, NaN, -0, 1, 0, NaN, -Infinity), Int32Array.from([0, 1, 2, 3, 4, 5, 6]))
    expect(order).toEqual(Int32Array.of(6, 2, 4, 3, 0, 1, 5))
    expect(keys).toEqual(Float32Array.of(-Infinity, -0, 0, 1, 3, NaN, NaN))
  })

  test('sorts each row of every dtype', () => {
    fc.assert(
      fc.property(fc.constantFrom(...computeDTypes), fc.nat(4), fc.nat(6), fc.nat(), (dtype, rows, length, seed) => {
        const data = hostArray(dtype, rows * length).map((_, i) => (dtype === 'bool' ? (i * seed) % 2 : (i * seed) % 11))
        const [sorted] = run(
          graphOf([{ kind: 'sort', rows, length, inputs: [0], outputs: [1] }], [[dtype, data.length]], [[dtype, data.length]]),
          data,
        )
        for (let r = 0; r < rows; r++)
          expect(sorted?.slice(r * length, (r + 1) * length)).toEqual(data.slice(r * length, (r + 1) * length).sort())
      }),
    )
  })
})

test('cumulative sums run along the middle axis, from either end', () => {
  const along = (reverse: boolean, dtype: ComputeDType, data: TypedArray, op: 'sum' | 'max' = 'sum'): unknown =>
    run(
      graphOf(
        [{ kind: 'cumulative', op, dtype, outer: 2, length: 3, inner: 2, reverse, input: 0, output: 1 }],
        [[dtype, 12]],
        [[dtype, 12]],
      ),
      data,
    )[0]
  const counts = Int32Array.from({ length: 12 }, (_, i) => i)
  expect(along(false, 'int32', counts)).toEqual(Int32Array.of(0, 1, 2, 4, 6, 9, 6, 7, 14, 16, 24, 27))
  expect(along(true, 'int32', counts)).toEqual(Int32Array.of(6, 9, 6, 8, 4, 5, 24, 27, 18, 20, 10, 11))
  expect(along(false, 'float32', Float32Array.of(1, 2, NaN, 0, 0, 5, -1, -2, -3, -4, 0, 0), 'max')).toEqual(
    Float32Array.of(1, 2, NaN, 2, NaN, 5, -1, -2, -1, -2, 0, 0),
  )
})

describe('control flow', () => {
  const increment: Loop = {
    kind: 'loop',
    extents: [],
    parallel: 0,
    body: [],
    bodyStores: [],
    reductions: [],
    epilogue: [
      { op: 'load', dtype: 'int32', buffer: 1, map: { offset: 0, strides: [] } },
      { op: 'load', dtype: 'int32', buffer: 0, map: { offset: 0, strides: [], dynamic: [] } },
      { op: 'add', dtype: 'int32', args: [0, 1] },
    ],
    stores: [{ buffer: 1, map: { offset: 0, strides: [] }, value: 2 }],
  }
  const zero: Loop = {
    ...increment,
    epilogue: [{ op: 'const', dtype: 'int32', value: 0 }],
    stores: [{ buffer: 1, map: { offset: 0, strides: [] }, value: 0 }],
  }
  const below = (limit: number): Loop => ({
    ...increment,
    stores: [{ buffer: 2, map: { offset: 0, strides: [] }, value: 2 }],
    epilogue: [
      { op: 'load', dtype: 'int32', buffer: 1, map: { offset: 0, strides: [] } },
      { op: 'const', dtype: 'int32', value: limit },
      { op: 'lt', dtype: 'bool', args: [0, 1] },
    ],
  })

  test('while: as long as the predicate holds, perhaps never', () => {
    const loop = (limit: number): KernelGraph =>
      graphOf(
        [zero, { kind: 'while', condition: [below(limit)], predicate: 2, body: [increment] }],
        [['int32', 1]],
        [['int32', 1]],
        [['bool', 1]],
      )
    expect(run(loop(10), Int32Array.of(3))).toEqual([Int32Array.of(12)])
    expect(run(loop(0), Int32Array.of(3))).toEqual([Int32Array.of(0)])
  })

  test('scan: rows in order of the counter, which enters addresses', () => {
    const copyRow = (buffer: number, counter: number): Loop => {
      const row: Affine = { offset: 0, strides: [1], dynamic: [{ buffer: counter, stride: 2 }] }
      return {
        ...elementwise(2, { map: row }, buffer),
        epilogue: [
          { op: 'load', dtype: 'float32', buffer: 0, map: row },
          { op: 'load', dtype: 'float32', buffer: buffer + 1, map: identity },
          { op: 'add', dtype: 'float32', args: [0, 1] },
        ],
        stores: [
          { buffer, map: row, value: 2 },
          { buffer: buffer + 1, map: identity, value: 2 },
        ],
      }
    }
    const clear: Loop = { ...elementwise(2, {}, 2), epilogue: [{ op: 'const', dtype: 'float32', value: 0 }] }
    const scan = (reverse: boolean): KernelGraph =>
      graphOf(
        [clear, { kind: 'scan', length: 3, reverse, counter: 3, body: [copyRow(1, 3)] }],
        [['float32', 6]],
        [['float32', 6]],
        [
          ['float32', 2],
          ['int32', 1],
        ],
      )
    expect(run(scan(false), Float32Array.of(1, 2, 3, 4, 5, 6))).toEqual([Float32Array.of(1, 2, 4, 6, 9, 12)])
    expect(run(scan(true), Float32Array.of(1, 2, 3, 4, 5, 6))).toEqual([Float32Array.of(9, 12, 8, 10, 5, 6)])
  })

  test('branch: the one that the index says', () => {
    const graph = graphOf([{ kind: 'branch', index: 0, branches: [[zero], [zero, increment]] }], [['int32', 1]], [['int32', 1]])
    expect(run(graph, Int32Array.of(0))).toEqual([Int32Array.of(0)])
    expect(run(graph, Int32Array.of(1))).toEqual([Int32Array.of(1)])
    expect(() => run(graph, Int32Array.of(2))).toThrow(/kernel 0 \(branch\): there is no branch 2 of 2/)
  })
})
