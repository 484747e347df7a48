/** Timed runs give the bits of others, and the times of all kernels in their order. */
import { array, explain, init, jit, numpy as np, profile, type Tensor } from '@cotangent/core'
import type { Backend, KernelGraph } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { createReference } from '../../core/src/backend/reference.ts'
import { planMemory } from '../../core/src/lower/plan.ts'
import { arbKernelCase } from '../../core/test/support/arbKernels.ts'
import { difference, disjointPlan, runGraph } from '../../core/test/support/runKernels.ts'
import { backendFor } from './kit.ts'

const backend = await backendFor(),
  reference = createReference()
afterAll(() => backend.dispose())

test('random graphs with control flow', () => {
  const kinds = ['loop', 'scatter', 'cumulative', 'while', 'scan', 'branch'] as const
  fc.assert(
    fc.property(arbKernelCase({ kinds }), ({ graph, inputs }) => {
      const ends: (readonly [number, number | undefined])[] = []
      const compile = (g: KernelGraph) => backend.compileTimed(g, (kernel, ms) => void ends.push([kernel, ms]))
      const timing: Backend = Object.create(backend, { compile: { value: compile } })
      const result = runGraph(timing, planMemory(graph), inputs)
      expect(difference(result, runGraph(reference, disjointPlan(graph), inputs))).toBe(undefined)
      expect(ends.map(([kernel]) => kernel)).toEqual([-1, ...graph.kernels.keys()])
      expect(ends.every(([, ms]) => ms === undefined || ms >= 0)).toBe(true)
      expect(backend.memory()).toMatchObject({ live: 0, buffers: 0 })
    }),
    { numRuns: 15 },
  )
})

test('profile and explain have the times of kernels', async () => {
  await init({ backend: { name: 'cuda', load: () => backendFor() } })
  const f = jit((x: Tensor, y: Tensor) => np.tanh(x.matmul(y)).sum({ axis: 0 }).add(1))
  const run = () => f(array([[1, 2]]), array([[3], [4]])).dataSync()
  const p = await profile(() => [run(), run()])
  expect(p.untimed).toEqual([])
  const kernels = p.spans.filter(s => s.kind === 'kernel')
  expect(kernels.length).toBeGreaterThan(0)
  expect(kernels.every(s => s.duration >= 0)).toBe(true)
  expect(String(explain(f))).toContain('times: medians of 2 profiled runs')
  expect(p.result).toEqual([run(), run()])
})
