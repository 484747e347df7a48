/** Draws in parts, loops in parts, and what `explain` says of them and of other ways that kernels take. */
import { explain, jit, lax, prod, type Tensor, zeros } from '@cotangent/core'
import type { TypedArray } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { createReference } from '../../core/src/backend/reference.ts'
import { setBackend } from '../../core/src/backend/current.ts'
import { planMemory } from '../../core/src/lower/plan.ts'
import { conv, directions, matmulOptions, size } from '../../core/test/support/arbContractions.ts'
import { arbKernelCase } from '../../core/test/support/arbKernels.ts'
import { type Case, convShape, matmul, randomData } from '../../core/test/support/contractions.ts'
import { difference, disjointPlan, runGraph } from '../../core/test/support/runKernels.ts'
import type { WebglBackend } from '../src/backend.ts'
import { tellOnce } from '../src/runtime/notes.ts'
import { runKernel } from './draw.ts'
import { backendFor } from './kit.ts'

const whole = backendFor({ debug: true })
/** Bands of few rows, and of parts of rows. */
const banded = [50, 1500].map(work => backendFor({ debug: true, limits: { work } }))
afterAll(() => Promise.all([whole, ...banded].map(b => b.dispose())))

/** Calls of WebGL's functions while `f` runs. */
function calls<T>({ device: { gl } }: WebglBackend, f: () => T): { readonly result: T; readonly draws: number; readonly flushes: number } {
  const draw = vi.spyOn(gl, 'drawArrays'),
    flush = vi.spyOn(gl, 'flush')
  const result = f()
  const counts = { draws: draw.mock.calls.length, flushes: flush.mock.calls.length }
  draw.mockRestore()
  flush.mockRestore()
  return { result, ...counts }
}

describe('draws in bands give the same bits', () => {
  test('of all kinds of kernels', () => {
    let more = 0
    const kinds = ['loop', 'scatter', 'sort', 'cumulative', 'scan', 'branch'] as const
    fc.assert(
      fc.property(arbKernelCase({ kinds, dtypes: ['float32', 'int32', 'uint32', 'bool'], kernels: 3 }), ({ graph, inputs }) => {
        const plan = planMemory(graph),
          want = calls(whole, () => runGraph(whole, plan, inputs))
        for (const backend of banded) {
          const got = calls(backend, () => runGraph(backend, plan, inputs))
          expect(difference(got.result, want.result)).toBe(undefined)
          more += got.draws - want.draws
          expect(got.flushes - want.flushes).toBe(got.draws - want.draws)
        }
      }),
      { numRuns: 20 },
    )
    expect(more).toBeGreaterThan(15)
  })

  test('of contractions', () => {
    const same = ({ contraction, buffers }: Case): void => {
      const data = randomData(buffers) as readonly TypedArray[],
        want = runKernel(whole, contraction, buffers, data)
      for (const backend of banded) expect(runKernel(backend, contraction, buffers, data)).toEqual(want)
    }
    fc.assert(
      fc.property(size, size, size, matmulOptions, (m, n, k, options) => same(matmul(m, n, k, options))),
      { numRuns: 5 },
    )
    for (const [, make] of directions)
      fc.assert(
        fc.property(conv, v => {
          const { ho, wo } = convShape(v)
          fc.pre(ho > 0 && wo > 0)
          same(make(v))
        }),
        { numRuns: 2 },
      )
  })
})

test('a scatter looks through its updates in parts', () => {
  const reference = createReference(),
    backend = backendFor({ debug: true, limits: { floatBlend: false, rounds: 3 } })
  fc.assert(
    fc.property(arbKernelCase({ kinds: ['scatter'], dtypes: ['float32', 'int32', 'uint32'], kernels: 2 }), ({ graph, inputs }) => {
      const expected = runGraph(reference, disjointPlan(graph), inputs)
      expect(difference(runGraph(backend, planMemory(graph), inputs), expected)).toBe(undefined)
    }),
    { numRuns: 25 },
  )
  void backend.dispose()
})

describe('explain', () => {
  const notes = (backend: WebglBackend, f: (x: Tensor) => Tensor, x: () => Tensor): readonly string[] => {
    const before = setBackend(backend)
    try {
      const compiled = jit(f)
      compiled(x())
      const explanation = explain(compiled),
        found = explanation.traces.flatMap(t => t.notes)
      for (const note of found) expect(String(explanation)).toContain(note)
      return found
    } finally {
      setBackend(before)
    }
  }

  test('is silent on ordinary kernels', () => {
    expect(
      notes(
        whole,
        x => x.matmul(x).sum(),
        () => zeros([20, 20]),
      ),
    ).toEqual([])
  })

  test('says that a contraction is a loop, and why', () => {
    const few = backendFor({ limits: { targets: 2 } })
    const product = (x: Tensor): Tensor => x.matmul(x)
    expect(notes(few, product, () => zeros([20, 20]))).toEqual([
      '0: contraction as a loop: a draw of this device has fewer than four targets',
    ])
    void few.dispose()
    const thin = (x: Tensor): Tensor => lax.dotGeneral(x, x, { contracting: [[2], [2]], batch: [[0], [0]] })
    expect(notes(whole, thin, () => zeros([50, 1, 20]))).toEqual([
      '0: contraction as a loop: its batched products have one row or one column',
    ])
  })

  test('counts draws and blocks', () => {
    expect(
      notes(
        banded[1] as WebglBackend,
        x => x.matmul(x),
        () => zeros([20, 20]),
      )[0],
    ).toMatch(/^0: draw in bands: product \[1, 20, 20 \| 20\] is \d+ draws$/)
    const patient = backendFor({ limits: { rounds: 24 } })
    expect(
      notes(
        patient,
        x => prod(x, { axis: 1 }),
        () => zeros([8, 100]),
      ),
    ).toEqual(['0: reduction in blocks: 100 points, at most 24 at a time'])
    void patient.dispose()
  })

  test('each way is told once', () => {
    const log = vi.spyOn(console, 'info').mockImplementation(() => {})
    const note = { kernel: '0', way: 'contraction in halves', why: 'so' } as const
    tellOnce([note, note])
    tellOnce([note])
    expect(log.mock.calls).toEqual([['webgl: contraction in halves: so. Said once; explain(f) names all such kernels.']])
    log.mockRestore()
  })
})
