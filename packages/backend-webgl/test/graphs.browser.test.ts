/** Random kernel graphs give the bits of the reference. */
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { createReference } from '../../core/src/backend/reference.ts'
import { planMemory } from '../../core/src/lower/plan.ts'
import { arbKernelCase } from '../../core/test/support/arbKernels.ts'
import { exactInstructions } from '../../core/test/support/drawNodes.ts'
import { difference, disjointPlan, runGraph } from '../../core/test/support/runKernels.ts'
import { backendFor } from './kit.ts'

const reference = createReference(),
  backend = backendFor({ debug: true })
afterAll(() => backend.dispose())

const dtypes = ['float32', 'int32', 'uint32', 'bool'] as const

test('loops', () => {
  fc.assert(
    fc.property(arbKernelCase({ kinds: ['loop'], dtypes, kernels: 2 }), ({ graph, inputs }) => {
      const expected = runGraph(reference, disjointPlan(graph), inputs)
      expect(difference(runGraph(backend, disjointPlan(graph), inputs), expected)).toBe(undefined)
      expect(backend.memory()).toMatchObject({ live: 0, buffers: 0 })
    }),
    { numRuns: 60 },
  )
})
