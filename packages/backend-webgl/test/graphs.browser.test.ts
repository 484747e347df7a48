/** Random kernel graphs give the bits of the reference. */
import type { TypedArray } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { createReference } from '../../core/src/backend/reference.ts'
import { planMemory } from '../../core/src/lower/plan.ts'
import { arbKernelCase, type KernelCase } from '../../core/test/support/arbKernels.ts'
import { difference, disjointPlan, runGraph } from '../../core/test/support/runKernels.ts'
import { guardedCounters, run } from '../../core/test/support/smallGraphs.ts'
import { backendFor } from './kit.ts'

const reference = createReference(),
  backend = backendFor({ debug: true })
afterAll(() => backend.dispose())

const cases = arbKernelCase({
  kinds: ['loop', 'scatter', 'sort', 'cumulative', 'while', 'scan', 'branch'],
  dtypes: ['float32', 'int32', 'uint32', 'bool'],
})
const expected = ({ graph, inputs }: KernelCase): TypedArray[] => runGraph(reference, disjointPlan(graph), inputs)

test('on synchronous runs, with inputs given up and without', () => {
  fc.assert(
    fc.property(cases, fc.boolean(), (c, donate) => {
      const plan = planMemory(c.graph)
      const results = runGraph(
        backend,
        plan,
        c.inputs,
        plan.inputs.map(() => donate),
      )
      expect(difference(results, expected(c))).toBe(undefined)
      expect(backend.memory()).toMatchObject({ live: 0, buffers: 0 })
    }),
    { numRuns: 60 },
  )
})

test('on asynchronous runs, with synchronous ones meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async c => {
      const plan = planMemory(c.graph),
        executable = backend.compile(plan)
      const buffers = c.inputs.map((data, i) => backend.upload(data, plan.buffers[plan.inputs[i] as number]?.dtype ?? 'float32'))
      const running = executable.runAsync?.(buffers) ?? []
      expect(difference(runGraph(backend, plan, c.inputs), expected(c))).toBe(undefined)
      const results = await running
      const arrays = await Promise.all(results.map(b => backend.read(b)))
      expect(difference(arrays, expected(c))).toBe(undefined)
      for (const b of [...buffers, ...results]) backend.free(b)
      executable.dispose()
      expect(backend.memory()).toMatchObject({ live: 0, buffers: 0 })
    }),
    { numRuns: 15 },
  )
})

test('guards hold for counters too', () => {
  expect(difference(runGraph(backend, guardedCounters(), []), run(guardedCounters()))).toBe(undefined)
})
