import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReference } from '../../src/backend/reference.ts'
import { simplifyAxes } from '../../src/lower/axes.ts'
import { checkKernels } from '../../src/lower/check.ts'
import { fuse } from '../../src/lower/fuse.ts'
import type { Kernel, Load } from '../../src/lower/kernel.ts'
import { planMemory, type UnplannedGraph } from '../../src/lower/plan.ts'
import { arbKernelCase } from '../support/arbKernels.ts'
import { difference, disjointPlan, runGraph } from '../support/runKernels.ts'

/** One point at a time, so that a store in place that should not be is seen by the points after it. */
const backend = createReference({ lanes: 1 })
const fused = (graph: UnplannedGraph): UnplannedGraph => ({ ...graph, kernels: simplifyAxes(fuse(graph)).kernels })

describe('fusion of random kernels', () => {
  const cases = {
    'all kinds': {},
    'loops over few spaces': {
      kinds: ['loop'],
      spaces: [
        [2, 3],
        [3, 2],
        [2, 3, 2],
      ],
      kernels: 8,
      dtypes: ['float32', 'int32', 'bool'],
    },
    'contractions and loops': {
      kinds: ['loop', 'contraction'],
      spaces: [
        [2, 3, 4],
        [3, 2, 4],
        [2, 3],
      ],
      kernels: 8,
      dtypes: ['float32', 'int32', 'bool'],
    },
  } as const
  test.each(Object.entries(cases))('%s: valid kernels with the same results, no more of them', (_, options) => {
    fc.assert(
      fc.property(arbKernelCase(options), ({ graph, inputs }) => {
        const after = fused(graph),
          plan = planMemory(after)
        checkKernels(plan)
        expect(after.kernels.length).toBeLessThanOrEqual(graph.kernels.length)
        expect(difference(runGraph(backend, plan, inputs), runGraph(backend, disjointPlan(graph), inputs))).toBe(undefined)
      }),
      { numRuns: 500 },
    )
  })
})

describe('an elementwise Loop in the order of its own results', () => {
  const load = (buffer: number, strides: readonly number[]): Load => ({ op: 'load', buffer, dtype: 'float32', map: { offset: 0, strides } })
  /** `[2, 3, 4] = a [2, 3, 5] b [5, 4]`, then a copy whose axes have these strides in the product, and the sizes of those axes. */
  const graphOf = (extents: readonly number[], strides: readonly number[]): UnplannedGraph => {
    const kernels: readonly Kernel[] = [
      {
        kind: 'contraction',
        extents: [2, 3, 4, 5],
        parallel: 3,
        dtype: 'float32',
        a: load(0, [15, 5, 0, 1]),
        b: load(1, [0, 0, 1, 4]),
        epilogue: [{ op: 'reduced', dtype: 'float32', index: 0 }],
        stores: [{ buffer: 2, map: { offset: 0, strides: [12, 4, 1] }, value: 0 }],
      },
      {
        kind: 'loop',
        extents,
        parallel: 3,
        body: [],
        bodyStores: [],
        reductions: [],
        epilogue: [load(2, strides)],
        stores: [
          { buffer: 3, map: { offset: 0, strides: [(extents[1] as number) * (extents[2] as number), extents[2] as number, 1] }, value: 0 },
        ],
      },
    ]
    const specs = [
      [30, { kind: 'input', index: 0 }],
      [20, { kind: 'input', index: 1 }],
      [24, { kind: 'temporary' }],
      [24, { kind: 'output', index: 0 }],
    ] as const
    return {
      buffers: specs.map(([size, place]) => ({ dtype: 'float32', size, place })),
      inputs: [0, 1],
      outputs: [3],
      kernels,
      donatable: [false, false],
    }
  }
  test.each([
    ['outer axes exchanged', [3, 2, 4], [4, 12, 1], 1],
    ['the innermost axis moved', [4, 2, 3], [1, 12, 4], 2],
  ] as const)('%s: %j with strides %j become %i kernels', (_, extents, strides, count) => {
    const graph = graphOf(extents, strides),
      after = fused(graph)
    expect(after.kernels).toHaveLength(count)
    checkKernels(planMemory(after))
    const data = [30, 20].map(n => Float32Array.from({ length: n }, (_, i) => (i % 7) - 3))
    expect(difference(runGraph(backend, planMemory(after), data), runGraph(backend, disjointPlan(graph), data))).toBe(undefined)
  })
})
