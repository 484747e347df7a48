import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SplitLimits } from '../../src/backend/backend.ts'
import { createReference } from '../../src/backend/reference.ts'
import { type ComputeDType, type DType, hostArray } from '../../src/dtype.ts'
import { checkKernels } from '../../src/lower/check.ts'
import type { Kernel, KernelGraph, Loop } from '../../src/lower/kernel.ts'
import type { UnplannedGraph } from '../../src/lower/plan.ts'
import { planMemory } from '../../src/lower/plan.ts'
import { limitReductions, splitReductions } from '../../src/lower/split.ts'
import { sizeOf } from '../../src/shape.ts'
import { arbKernelCase } from '../support/arbKernels.ts'
import { difference, disjointPlan, runGraph } from '../support/runKernels.ts'
import { graphOf } from '../support/smallGraphs.ts'

const backend = createReference()

/** The graph with its reductions split; what the pass allocates is temporary. */
function split(graph: UnplannedGraph, limits?: SplitLimits): UnplannedGraph {
  const { buffers, kernels } = splitReductions(graph, limits)
  return { ...graph, kernels, buffers: buffers.map((b, id) => ({ place: { kind: 'temporary' } as const, ...graph.buffers[id], ...b })) }
}

describe('on random graphs', () => {
  const kinds = ['loop', 'scan', 'branch'] as const
  const arbLimits = fc.record({
    points: fc.constantFrom(0, 8),
    lanes: fc.constantFrom(1, 4),
    enough: fc.constantFrom(3, 1000),
    tasks: fc.constantFrom(2, 3, 1000),
    block: fc.constantFrom(1, 3),
    column: fc.constantFrom(1, 2, 1000),
    far: fc.constantFrom(1, 3),
  })
  test('valid kernels with the same results', () => {
    fc.assert(
      fc.property(arbKernelCase({ kinds }), arbLimits, ({ graph, inputs }, limits) => {
        const plan = planMemory(split(graph, limits))
        checkKernels(plan)
        expect(difference(runGraph(backend, plan, inputs), runGraph(backend, disjointPlan(graph), inputs))).toBe(undefined)
      }),
      { numRuns: 1000 },
    )
  })
})

/** Sum and argmax of `[reduced..., n]` over all but the last axis, by one Loop that also stores the doubled elements. */
function reduction(n: number, reduced: readonly number[], dtype: ComputeDType = 'float32'): KernelGraph {
  const size = reduced.reduce((a, b) => a * b, 1)
  const strides = reduced.map((_, i) => n * reduced.slice(i + 1).reduce((a, b) => a * b, 1))
  const map = { offset: 0, strides: [1, ...strides] },
    out = { offset: 0, strides: [1] }
  const loop: Loop = {
    kind: 'loop',
    extents: [n, ...reduced],
    parallel: 1,
    body: [
      { op: 'load', buffer: 0, dtype, map },
      { op: 'add', dtype, args: [0, 0] },
      { op: 'iota', dtype: 'int32', map: { offset: 0, strides: [0, ...strides.map(s => s / n)] } },
    ],
    bodyStores: [{ buffer: 3, map, value: 1 }],
    reductions: [
      { op: 'sum', dtype, value: 0 },
      { op: 'argmax', dtype: 'int32', value: 0, index: 2 },
    ],
    epilogue: [
      { op: 'reduced', dtype, index: 0 },
      { op: 'neg', dtype, args: [0] },
      { op: 'reduced', dtype: 'int32', index: 1 },
    ],
    stores: [
      { buffer: 1, map: out, value: 1 },
      { buffer: 2, map: out, value: 2 },
    ],
  }
  return graphOf(
    [loop],
    [[dtype, n * size]],
    [
      [dtype, n],
      ['int32', n],
      [dtype, n * size],
    ],
  )
}
const unplanned = (graph: KernelGraph): UnplannedGraph => ({
  ...graph,
  buffers: graph.buffers as UnplannedGraph['buffers'],
  donatable: [false],
})

describe('with the limits of the library', () => {
  test.each([
    [1, [65536]],
    [1, [65537]],
    [3, [2, 30011]],
    [40, [3000]],
    [600, [300]],
    [520, [257, 3]],
  ] as const)('%i results of %j elements each are split', (n, reduced) => {
    const graph = reduction(n, reduced, 'int32')
    const halves = split(unplanned(graph))
    expect(halves.kernels.length).toBeGreaterThan(1)
    const first = halves.kernels[0] as Loop
    expect(first.extents.slice(0, first.parallel).reduce((a, b) => a * b, 1)).toBeGreaterThanOrEqual(2 * n)
    const plan = planMemory(halves)
    checkKernels(plan)
    const data = hostArray('int32', (graph.buffers[0] as { size: number }).size).map((_, i) => Math.imul(i, 2654435761) >>> 20)
    expect(difference(runGraph(backend, plan, [data]), runGraph(backend, graph, [data]))).toBe(undefined)
  })
  test.each([
    [1, [1000]],
    [2000, [64]],
    [0, [100000]],
  ] as const)('%i results of %j elements each are not', (n, reduced) => {
    expect(split(unplanned(reduction(n, reduced))).kernels).toHaveLength(1)
  })
  test('the first of equal winners wins, NaN before all, across blocks', () => {
    const size = 1 << 17,
      graph = reduction(1, [size]),
      plan = planMemory(split(unplanned(graph)))
    const winner = (set: Readonly<Record<number, number>>): number => {
      const data = new Float32Array(size)
      for (const [i, v] of Object.entries(set)) data[Number(i)] = v
      return (runGraph(backend, plan, [data])[1] as Int32Array)[0] as number
    }
    expect(winner({ 5000: 1, 70000: 1 })).toBe(5000)
    expect(winner({ 5000: 1, 70000: Number.NaN, 100000: Number.NaN })).toBe(70000)
    expect(winner({ 0: -0, 3: 0 })).toBe(0)
  })
})

test('Loops that reduce few points give the bits of the one', () => {
  fc.assert(
    fc.property(
      arbKernelCase({ kinds: ['loop'], dtypes: ['int32', 'bool'], kernels: 3 }),
      fc.constantFrom(2, 3, 5),
      ({ graph, inputs }, most) => {
        const buffers = [...graph.buffers]
        const allocate = (dtype: DType, size: number): number => buffers.push({ dtype, size, place: { kind: 'temporary' } }) - 1
        const kernels = graph.kernels.flatMap((k): readonly Kernel[] =>
          k.kind === 'loop' && k.bodyStores.length === 0 ? limitReductions(k, most, allocate) : [k],
        )
        for (const k of kernels)
          if (k.kind === 'loop' && k.bodyStores.length === 0 && k.reductions.length > 0 && !k.extents.includes(0))
            expect(sizeOf(k.extents.slice(k.parallel))).toBeLessThanOrEqual(most)
        const results = runGraph(backend, disjointPlan({ ...graph, buffers, kernels }), inputs)
        expect(difference(results, runGraph(backend, disjointPlan(graph), inputs))).toBe(undefined)
      },
    ),
  )
})
