import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { Backend, KernelGraph } from '@cotangent/core/kernel'
import { createReference } from '../../core/src/backend/reference.ts'
import { planMemory } from '../../core/src/lower/plan.ts'
import { arbKernelCase } from '../../core/test/support/arbKernels.ts'
import { difference, disjointPlan, runGraph } from '../../core/test/support/runKernels.ts'
import { emitKernel } from '../src/kernels/emit.ts'
import { BEGIN, END, FRAME, phaseParams, SCRATCH } from '../src/kernels/kernel.ts'
import { Memory } from '../src/runtime/memory.ts'
import type { EmitKernel } from '../src/runtime/program.ts'
import { Pool } from '../src/workers/pool.ts'
import { WasmFunction } from '../src/wasm/assembler.ts'
import { backendFor } from './kit.ts'
import { keepSharing } from './tune.ts'

keepSharing()

/** Sums of products may be rounded once or twice, so Contractions are compared elsewhere. */
const kinds = ['loop', 'scatter', 'sort', 'cumulative', 'while', 'scan', 'branch'] as const
/** Every phase is shared and every barrier there, however small the work: each task becomes two, of which the second does nothing. */
const emitShared: EmitKernel = (context, kernel) =>
  emitKernel(context, kernel).map(({ run, tasks }) => {
    const f = new WasmFunction('doubled', phaseParams)
    const half = (end: number): WasmFunction => f.get(end).i32(1).add().i32(1).op(0x76) // i32.shr_u
    half(BEGIN)
    half(END)
      .op(0x49)
      .if(() => {
        // i32.lt_u
        f.get(FRAME).get(SCRATCH)
        half(BEGIN)
        half(END).call(run)
      })
    return { run: context.module.add(f), tasks: 2 * tasks, cost: 1e6 }
  })

const reference = createReference()
const single = backendFor({ emit: emitKernel })
const memory = new Memory({ shared: true, maximumPages: 65536 }),
  pool = new Pool({ memory, threads: 3 })
const shared = backendFor({ memory, emit: emitShared, runner: pool })
afterAll(() => shared.dispose())

const plans = (graph: Parameters<typeof planMemory>[0]): readonly KernelGraph[] => [disjointPlan(graph), planMemory(graph)]

/** Workers may be slow to come when the machine is busy. */
const patient = { timeout: 60_000 }

describe('random graphs give the bits of the reference', patient, () => {
  test('on one thread', () => {
    fc.assert(
      fc.property(arbKernelCase({ kinds }), ({ graph, inputs }) => {
        for (const plan of plans(graph)) {
          const donated = plan.donations.map(() => true)
          const expected = runGraph(reference, disjointPlan(graph), inputs)
          expect(difference(runGraph(single, plan, inputs), expected)).toBe(undefined)
          expect(difference(runGraph(single, plan, inputs, donated), expected)).toBe(undefined)
        }
        expect(single.memory()).toMatchObject({ live: 0, buffers: 0 })
      }),
      { numRuns: 150 },
    )
  })

  test('above 2 GiB, where addresses are negative as int32', () => {
    const high = backendFor({ emit: emitKernel })
    high.heap.allocate(2.25 * 2 ** 30) // never touched, so it takes no real memory
    fc.assert(
      fc.property(arbKernelCase({ kinds }), ({ graph, inputs }) => {
        expect(difference(runGraph(high, planMemory(graph), inputs), runGraph(reference, disjointPlan(graph), inputs))).toBe(undefined)
      }),
      { numRuns: 50 },
    )
  })

  test('on several threads', () => {
    fc.assert(
      fc.property(arbKernelCase({ kinds }), ({ graph, inputs }) => {
        const plan = planMemory(graph)
        const expected = runGraph(reference, disjointPlan(graph), inputs)
        expect(difference(runRepeatedly(shared, plan, inputs), expected)).toBe(undefined)
      }),
      { numRuns: 50 },
    )
    expect(pool.parallelRuns).toBeGreaterThan(20)
  })
})

/** Runs an executable until the workers have taken part in some runs, or have had the chance; returns the last results. */
function runRepeatedly(backend: Backend, graph: KernelGraph, inputs: Parameters<typeof runGraph>[2]): ReturnType<typeof runGraph> {
  const buffers = inputs.map((data, i) => backend.upload(data, graph.buffers[graph.inputs[i] as number]?.dtype ?? 'float32'))
  const executable = backend.compile(graph)
  const goal = pool.parallelRuns + 5,
    end = performance.now() + 50
  for (;;) {
    const results = executable.run(buffers)
    if (pool.parallelRuns < goal && performance.now() < end) {
      for (const b of results) backend.free(b)
      continue
    }
    const arrays = results.map(b => backend.readSync(b))
    for (const b of [...results, ...buffers]) backend.free(b)
    executable.dispose()
    return arrays
  }
}
