/** Random graphs with control flow give the bits of the reference: once, again and again (CUDA graphs), asynchronously, with donation. */
import type { Backend, Buffer, KernelGraph, TypedArray } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, afterEach, expect, test } from 'vitest'
import { createReference } from '../../core/src/backend/reference.ts'
import { planMemory } from '../../core/src/lower/plan.ts'
import { arbKernelCase } from '../../core/test/support/arbKernels.ts'
import { difference, disjointPlan, runGraph } from '../../core/test/support/runKernels.ts'
import { guardedCounters, run } from '../../core/test/support/smallGraphs.ts'
import { backendFor, fakeDriver, separateBackend } from './kit.ts'

const backend = await backendFor(),
  fake = await fakeDriver(),
  reference = createReference()
afterAll(() => backend.dispose())
afterEach(() => expect(fake.failure()).toBe(''))

const kinds = ['loop', 'scatter', 'sort', 'cumulative', 'while', 'scan', 'branch'] as const
const cases = arbKernelCase({ kinds })

test('once, with and without donation', () => {
  fc.assert(
    fc.property(cases, ({ graph, inputs }) => {
      const expected = runGraph(reference, disjointPlan(graph), inputs)
      for (const plan of [disjointPlan(graph), planMemory(graph)]) {
        expect(difference(runGraph(backend, plan, inputs), expected)).toBe(undefined)
        expect(
          difference(
            runGraph(
              backend,
              plan,
              inputs,
              plan.donations.map(() => true),
            ),
            expected,
          ),
        ).toBe(undefined)
      }
      expect(backend.memory()).toMatchObject({ live: 0, buffers: 0 })
    }),
    { numRuns: 60 },
  )
})

/** Runs one executable `times` times, synchronously or not, on inputs that stay. */
async function repeatedly(
  on: Backend,
  graph: KernelGraph,
  inputs: readonly TypedArray[],
  times: number,
  waits: boolean,
): Promise<TypedArray[]> {
  const buffers = inputs.map((data, i) => on.upload(data, graph.buffers[graph.inputs[i] ?? -1]?.dtype ?? 'float32'))
  const executable = on.compile(graph)
  let arrays: TypedArray[] = []
  for (let k = 0; k < times; k++) {
    const results = waits ? await (executable.runAsync?.(buffers) as Promise<readonly Buffer[]>) : executable.run(buffers)
    arrays = waits ? await Promise.all(results.map(b => on.read(b))) : results.map(b => on.readSync(b))
    for (const b of results) on.free(b)
  }
  executable.dispose()
  for (const b of buffers) on.free(b)
  return arrays
}

test('again and again, and asynchronously', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ graph, inputs }) => {
      const expected = runGraph(reference, disjointPlan(graph), inputs),
        plan = planMemory(graph)
      expect(difference(await repeatedly(backend, plan, inputs, 4, false), expected)).toBe(undefined)
      expect(difference(await repeatedly(backend, plan, inputs, 3, true), expected)).toBe(undefined)
      expect(backend.memory()).toMatchObject({ live: 0, buffers: 0 })
    }),
    { numRuns: 40 },
  )
  expect(fake.calls()['cuGraphLaunch'] ?? 0).toBeGreaterThan(0)
})

test('one kernel at a time in debug mode', async () => {
  const debugging = await backendFor({ debug: true })
  fc.assert(
    fc.property(cases, ({ graph, inputs }) => {
      const expected = runGraph(reference, disjointPlan(graph), inputs)
      // What the reference makes NaN is refused here.
      try {
        expect(difference(runGraph(debugging, planMemory(graph), inputs), expected)).toBe(undefined)
      } catch (error) {
        expect(error).toMatchObject({ name: 'BackendError', message: expect.stringMatching(/the kernel \w+ wrote NaN/) as string })
      }
    }),
    { numRuns: 20 },
  )
  await debugging.dispose()
})

test('without a step beyond any tensor, in shuffled order', async () => {
  fake.set({ guard: 1, threads: 'shuffle', blocks: 'shuffle', seed: 7 })
  const separate = await separateBackend()
  fc.assert(
    fc.property(arbKernelCase({ kinds: [...kinds, 'scatter', 'sort', 'contraction'] }), ({ graph, inputs }) => {
      runGraph(separate, planMemory(graph), inputs)
      expect(fake.failure()).toBe('')
    }),
    { numRuns: 60 },
  )
  await separate.dispose()
  fake.reset()
})

test('guards hold for counters too', () => {
  expect(difference(runGraph(backend, guardedCounters(), []), run(guardedCounters()))).toBe(undefined)
})
