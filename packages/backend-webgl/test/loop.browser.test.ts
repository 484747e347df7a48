/** Loops over spaces in which four points at a time are computed along each kind of axis, and what long sums lose. */
import { type Affine, hostArray, type KernelGraph, type Loop, type ReduceOp, type TypedArray } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { createReference } from '../../core/src/backend/reference.ts'
import { planMemory } from '../../core/src/lower/plan.ts'
import { arbKernelCase } from '../../core/test/support/arbKernels.ts'
import { difference, disjointPlan, runGraph } from '../../core/test/support/runKernels.ts'
import { graphOf, run } from '../../core/test/support/smallGraphs.ts'
import { emitKernel } from '../src/kernels/emit.ts'
import type { Pass } from '../src/pass.ts'
import { backendFor } from './kit.ts'

const backend = backendFor({ debug: true })
/** Its fragments go through few points. */
const patient = backendFor({ debug: true, limits: { rounds: 24 } })
afterAll(() => Promise.all([backend.dispose(), patient.dispose()]))

const spaces = [[8, 12], [3, 16], [6, 4, 8], [33], [4, 2, 5], [64, 3], [1, 4, 4], [128]]
test.each(spaces.map(s => [s]))('points of %j give the bits of the reference', space => {
  const reference = createReference()
  const cases = arbKernelCase({ kinds: ['loop'], dtypes: ['float32', 'int32', 'uint32', 'bool'], kernels: 2, spaces: [space] })
  fc.assert(
    fc.property(cases, ({ graph, inputs }) => {
      const expected = runGraph(reference, disjointPlan(graph), inputs)
      expect(difference(runGraph(backend, planMemory(graph), inputs), expected)).toBe(undefined)
    }),
    { numRuns: 12 },
  )
})

/** `[rows, columns]` reduced along its rows (axis 1) or its columns (axis 0). */
function reduction(op: ReduceOp, dtype: 'float32' | 'int32', rows: number, columns: number, axis: 0 | 1): Loop {
  const isArg = op === 'argmax' || op === 'argmin',
    map: Affine = { offset: 0, strides: axis === 1 ? [columns, 1] : [1, columns] }
  const result = isArg ? 'int32' : dtype
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
    epilogue: [{ op: 'reduced', dtype: result, index: 0 }],
    stores: [{ buffer: 1, map: { offset: 0, strides: [1] }, value: 0 }],
  }
}

describe.each([
  ['columns', 0, backend],
  ['rows', 1, backend],
  ['columns, in blocks', 0, patient],
  ['rows, in blocks', 1, patient],
] as const)('reductions along %s', (_name, axis, device) => {
  const sizes = [
    [1, 1],
    [7, 13],
    [64, 64],
    [300, 8],
    [3, 516],
  ] as const
  const ops = ['sum', 'prod', 'max', 'min', 'argmax', 'argmin', 'and', 'or', 'xor'] as const
  test.each(ops)('%s', op => {
    for (const dtype of ['float32', 'int32'] as const)
      for (const [rows, columns] of sizes) {
        if (dtype === 'float32' && ['and', 'or', 'xor'].includes(op)) continue
        // Ties everywhere, and products that are exact.
        const data = hostArray(dtype, rows * columns).map((_, i) => (op === 'prod' ? 1 - 2 * (i % 2) : (Math.imul(i, 40503) >>> 5) % 7))
        const outer = axis === 1 ? rows : columns
        const graph = graphOf(
          [reduction(op, dtype, rows, columns, axis)],
          [[dtype, data.length]],
          [[op === 'argmax' || op === 'argmin' ? 'int32' : dtype, outer]],
        )
        expect(difference(runGraph(device, graph, [data]), run(graph, data)), `${dtype} [${rows}, ${columns}]`).toBe(undefined)
      }
  })
  test('a NaN wins', () => {
    for (const op of ['max', 'min', 'argmax', 'argmin'] as const) {
      const data = Float32Array.from({ length: 64 }, (_, i) => (i % 9 === 5 ? NaN : i % 5))
      const graph = graphOf([reduction(op, 'float32', 8, 8, axis)], [['float32', 64]], [[op.startsWith('arg') ? 'int32' : 'float32', 8]])
      expect(difference(runGraph(device, graph, [data]), run(graph, data)), op).toBe(undefined)
    }
  })
  test.each([1000, 16384, 100_000])('a sum of %i floats is off by little', n => {
    const data = Float32Array.from({ length: n }, (_, i) => Math.fround(0.1 + ((Math.imul(i, 40503) >>> 7) % 1000) / 1000))
    const graph = graphOf([reduction('sum', 'float32', axis === 1 ? 1 : n, axis === 1 ? n : 1, axis)], [['float32', n]], [['float32', 1]])
    const [[got]] = runGraph(device, graph, [data]) as [TypedArray] as unknown as [[number]]
    const exact = data.reduce((a, b) => a + b, 0)
    expect(Math.abs(got - exact) / exact).toBeLessThan(2e-6)
  })
})

describe('a Scan that stores a row of a large buffer in each round', () => {
  const passes: Pass[] = []
  const watched = backendFor({
    debug: true,
    emit: (context, kernel) => {
      const emitted = emitKernel(context, kernel)
      passes.push(...emitted)
      return emitted
    },
  })
  afterAll(() => watched.dispose())

  /** b1[n * c + i] = b0[i] + c, or at n * c + length - 1 - i. */
  function rows(length: number, n: number, rounds: number, reversed: boolean): KernelGraph {
    const fill: Loop = {
      ...reduction('sum', 'float32', 1, 1, 1),
      extents: [n * rounds],
      body: [],
      reductions: [],
      epilogue: [{ op: 'const', dtype: 'float32', value: -1 }],
    }
    const row: Loop = {
      ...fill,
      extents: [length],
      epilogue: [
        { op: 'load', buffer: 0, dtype: 'float32', map: { offset: 0, strides: [1] } },
        { op: 'load', buffer: 2, dtype: 'int32', map: { offset: 0, strides: [0] } },
        { op: 'cast', dtype: 'float32', args: [1] },
        { op: 'add', dtype: 'float32', args: [0, 2] },
      ],
      stores: [
        {
          buffer: 1,
          map: { offset: reversed ? length - 1 : 0, strides: [reversed ? -1 : 1], dynamic: [{ buffer: 2, stride: n }] },
          value: 3,
        },
      ],
    }
    const scan = { kind: 'scan', length: rounds, reverse: reversed, counter: 2, body: [row] } as const
    return graphOf([fill, scan], [['float32', length]], [['float32', n * rounds]], [['int32', 1]])
  }

  test.each([
    [1000, 1000, 20, false],
    [1001, 1001, 20, false],
    [999, 1001, 20, true],
    [1, 33, 500, false],
    [8, 4096, 5, false],
  ] as const)('%i of %i elements, %i rounds, reversed: %s', (length, n, rounds, reversed) => {
    const graph = rows(length, n, rounds, reversed),
      data = Float32Array.from({ length }, (_, i) => i / 8)
    passes.length = 0
    expect(difference(runGraph(watched, graph, [data]), run(graph, data))).toBe(undefined)
    expect(passes.filter(p => p.over !== undefined)).toHaveLength(n % 4 === 0 && !reversed ? 1 : 4)
  })
})
