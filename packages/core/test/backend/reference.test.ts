import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createReference } from '../../src/backend/reference.ts'
import { arbKernelCase } from '../support/arbKernels.ts'
import { difference, disjointPlan, runGraph } from '../support/runKernels.ts'

test('random kernel graphs run without a fault, and twice alike', () => {
  const backend = createReference()
  fc.assert(
    fc.property(arbKernelCase(), ({ graph, inputs }) => {
      const plan = disjointPlan(graph)
      expect(difference(runGraph(backend, plan, inputs), runGraph(backend, plan, inputs))).toBe(undefined)
    }),
    { numRuns: 500 },
  )
  expect(backend.memory()).toMatchObject({ live: 0, buffers: 0 })
})
