import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createReference } from '../../src/backend/reference.ts'
import { checkKernels } from '../../src/lower/check.ts'
import type { Kernel } from '../../src/lower/kernel.ts'
import { planMemory, type UnplannedGraph } from '../../src/lower/plan.ts'
import { unrollReductions } from '../../src/lower/unroll.ts'
import { arbKernelCase } from '../support/arbKernels.ts'
import { difference, disjointPlan, runGraph } from '../support/runKernels.ts'

/** One point at a time, so that a store in place that should not be is seen by the points after it. */
const backend = createReference({ lanes: 1 })
const unrolled = (graph: UnplannedGraph): UnplannedGraph => ({ ...graph, kernels: unrollReductions(graph).kernels })
const reductions = (kernels: readonly Kernel[]): number => kernels.reduce((n, k) => n + (k.kind === 'loop' ? k.reductions.length : 0), 0)

test('winners of few elements in random graphs are found elementwise, with the same results', () => {
  let fewer = 0
  fc.assert(
    fc.property(
      arbKernelCase({ kinds: ['loop'], dtypes: ['float32', 'int32', 'bool'], spaces: [[3, 2], [2, 2, 2], [4]] }),
      ({ graph, inputs }) => {
        const after = unrolled(graph),
          plan = planMemory(after)
        checkKernels(plan)
        if (reductions(after.kernels) < reductions(graph.kernels)) fewer++
        expect(difference(runGraph(backend, plan, inputs), runGraph(backend, disjointPlan(graph), inputs))).toBe(undefined)
      },
    ),
    { numRuns: 2000 },
  )
  expect(fewer).toBeGreaterThan(20)
})
