import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReference } from '../../src/backend/reference.ts'
import type { ComputeDType } from '../../src/dtype.ts'
import { type Affine, bytesOf, type Kernel, type KernelGraph, type Loop } from '../../src/lower/kernel.ts'
import { livenessOf } from '../../src/lower/liveness.ts'
import { planMemory, type UnplannedGraph } from '../../src/lower/plan.ts'
import { arbKernelCase } from '../support/arbKernels.ts'
import { difference, disjointPlan, runGraph } from '../support/runKernels.ts'

const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64

/** The greatest sum of temporaries that live on from one kernel to the next. */
function maxLive(graph: UnplannedGraph): number {
  const { intervals, end } = livenessOf(graph)
  const bytesAfter = (time: number): number =>
    graph.buffers.reduce((sum, { place, dtype, size }, id) => {
      const interval = intervals[id]
      const live = place.kind === 'temporary' && interval !== undefined && interval.first <= time && interval.last > time
      return live ? sum + aligned(size * bytesOf(dtype)) : sum
    }, 0)
  return Math.max(0, ...Array.from({ length: end }, (_, time) => bytesAfter(time)))
}

/** Many kernels on few buffers of the same sizes, where it matters most that the plan is right. */
const dense = { dtypes: ['int32'], instructions: ['add', 'sub', 'neg'], spaces: [[3], [3, 3]], kernels: 10 } as const

/** One point at a time, so that a store in place that should not be is seen by the points after it. */
const backend = createReference({ lanes: 1 })

describe('laws on random graphs', () => {
  const cases = {
    'all kinds': {},
    'many kernels on few buffers': { ...dense, kinds: ['loop', 'scatter'] },
    'loops and branches': { ...dense, kinds: ['loop', 'scan', 'while', 'branch'] },
  } as const
  for (const [name, options] of Object.entries(cases)) {
    test(`the planned graph computes what the graph without shared memory does: ${name}`, () => {
      fc.assert(
        fc.property(arbKernelCase(options), ({ graph, inputs }) => {
          const plan = planMemory(graph),
            expected = runGraph(backend, disjointPlan(graph), inputs)
          expect(difference(runGraph(backend, plan, inputs), expected)).toBe(undefined)
          expect(difference(runGraph(backend, plan, inputs, graph.donatable), expected)).toBe(undefined)
        }),
        { numRuns: 500 },
      )
    })
  }

  test('donations and shared memory occur in these graphs', () => {
    const plans = fc
      .sample(arbKernelCase({ ...dense, kinds: ['loop', 'scan'] }), 200)
      .map(({ graph }) => ({ graph, plan: planMemory(graph) }))
    expect(plans.filter(({ plan }) => plan.donations.some(d => d >= 0)).length).toBeGreaterThan(2)
    expect(plans.filter(({ graph, plan }) => plan.arena < disjointPlan(graph).arena).length).toBeGreaterThan(50)
  })

  test('the arena is no larger than all temporaries, no smaller than those live at once', () => {
    fc.assert(
      fc.property(arbKernelCase({ kernels: 10 }), ({ graph }) => {
        const { arena } = planMemory(graph)
        expect(arena).toBeLessThanOrEqual(disjointPlan(graph).arena)
        expect(arena).toBeGreaterThanOrEqual(maxLive(graph))
        expect(arena % 64).toBe(0)
      }),
    )
  })
})

const identity: Affine = { offset: 0, strides: [1] }

/** `target[i] = -source[i]`, loading through `map`. */
const negate = (source: number, target: number, size: number, map: Affine = identity, dtype: ComputeDType = 'float32'): Loop => ({
  kind: 'loop',
  extents: [size],
  parallel: 1,
  body: [],
  bodyStores: [],
  reductions: [],
  epilogue: [
    { op: 'load', buffer: source, dtype, map },
    { op: 'neg', dtype, args: [0] },
  ],
  stores: [{ buffer: target, map: identity, value: 1 }],
})

/** Input 0, output 1, `count` temporaries 2, 3, ..., all of `size` float32. */
function graphOf(kernels: readonly Kernel[], count: number, size: number, donatable = false): UnplannedGraph {
  const spec = { dtype: 'float32', size } as const
  const temporaries = Array.from({ length: count }, () => ({ ...spec, place: { kind: 'temporary' } as const }))
  const buffers = [
    { ...spec, place: { kind: 'input', index: 0 } as const },
    { ...spec, place: { kind: 'output', index: 0 } as const },
    ...temporaries,
  ]
  return { buffers, inputs: [0], outputs: [1], kernels, donatable: [donatable] }
}
const offsets = ({ buffers }: KernelGraph): number[] => buffers.flatMap(({ place }) => (place.kind === 'temporary' ? [place.offset] : []))

describe('in place', () => {
  test('an elementwise chain takes the memory of one temporary', () => {
    const kernels = [negate(0, 2, 100), negate(2, 3, 100), negate(3, 4, 100), negate(4, 1, 100)]
    expect(planMemory(graphOf(kernels, 3, 100)).arena).toBe(aligned(400))
  })

  test('a reversed load does not', () => {
    const reversed: Affine = { offset: 99, strides: [-1] }
    const plan = planMemory(graphOf([negate(0, 2, 100), negate(2, 3, 100, reversed), negate(3, 1, 100)], 2, 100))
    expect(new Set(offsets(plan)).size).toBe(2)
  })

  test('nor a buffer that is read again later', () => {
    const plan = planMemory(graphOf([negate(0, 2, 100), negate(2, 3, 100), negate(3, 1, 100), negate(2, 1, 100)], 2, 100))
    expect(new Set(offsets(plan)).size).toBe(2)
  })

  test('two results of one kernel do not take one buffer', () => {
    const both: Loop = { ...negate(2, 3, 100), stores: [3, 4].map(buffer => ({ buffer, map: identity, value: 1 })) }
    const plan = planMemory(graphOf([negate(0, 2, 100), both, negate(3, 1, 100), negate(4, 1, 100)], 3, 100))
    const [a, b, c] = offsets(plan)
    expect(b).not.toBe(c)
    expect([b, c]).toContain(a)
  })
})

test('a temporary that no kernel uses takes no memory', () => {
  const plan = planMemory(graphOf([negate(0, 1, 100)], 1, 100))
  expect(plan.arena).toBe(0)
  expect(plan.buffers[2]).toEqual({ dtype: 'float32', size: 0, place: { kind: 'temporary', offset: 0 } })
})

describe('donation', () => {
  test('an elementwise update takes the input over', () => {
    expect(planMemory(graphOf([negate(0, 1, 8)], 0, 8, true)).donations).toEqual([0])
    expect(planMemory(graphOf([negate(0, 1, 8)], 0, 8, false)).donations).toEqual([-1])
  })

  test('a reversal, or a use afterwards, keeps it', () => {
    expect(planMemory(graphOf([negate(0, 1, 8, { offset: 7, strides: [-1] })], 0, 8, true)).donations).toEqual([-1])
    expect(planMemory(graphOf([negate(0, 1, 8), negate(0, 2, 8)], 1, 8, true)).donations).toEqual([-1])
    expect(planMemory(graphOf([negate(0, 2, 8, { offset: 7, strides: [-1] }), negate(2, 1, 8)], 1, 8, true)).donations).toEqual([0])
  })
})

describe('repetition', () => {
  const counter = { dtype: 'int32', size: 1, place: { kind: 'temporary' } } as const
  const scan = (body: readonly Kernel[], before: readonly Kernel[], temporaries: number): UnplannedGraph => {
    const graph = graphOf([...before, { kind: 'scan', length: 3, reverse: false, counter: 2 + temporaries, body }], temporaries, 100)
    // The temporaries 2, 3, ... come before the counter.
    return { ...graph, buffers: [...graph.buffers, counter] }
  }

  test('a value from before the loop lives until its end', () => {
    // 2 is read first in each round and must survive 3, which is made after that.
    const plan = planMemory(scan([negate(2, 1, 100), negate(0, 3, 100), negate(3, 1, 100)], [negate(0, 2, 100)], 2))
    expect(new Set(offsets(plan)).size).toBe(3)
  })

  test('a counter lives until the end of its loop, also where only an inner loop reads it', () => {
    const at: Affine = { offset: 0, strides: [0], dynamic: [{ buffer: 2, stride: 1 }] }
    const inner: Kernel = {
      kind: 'scan',
      length: 2,
      reverse: false,
      counter: 3,
      body: [negate(0, 4, 1, at), negate(0, 5, 1)],
    }
    const graph = graphOf([{ kind: 'scan', length: 3, reverse: false, counter: 2, body: [inner] }], 4, 1)
    const plan = planMemory({
      ...graph,
      buffers: graph.buffers.map((b, id) => (id === 2 || id === 3 ? { ...b, dtype: 'int32' } : b)),
    })
    const [outer, own, ...others] = offsets(plan)
    expect(own).not.toBe(outer)
    expect(others).not.toContain(outer)
  })

  test('values of one round share memory', () => {
    const plan = planMemory(scan([negate(0, 2, 100), negate(2, 1, 100), negate(0, 3, 100), negate(3, 1, 100)], [], 2))
    expect(offsets(plan)[0]).toBe(offsets(plan)[1])
  })

  test('a buffer that a round writes in part is carried', () => {
    const part: Loop = { ...negate(0, 2, 50), extents: [50] }
    const plan = planMemory(scan([part, negate(2, 1, 100), negate(0, 3, 100), negate(3, 1, 100)], [], 2))
    expect(offsets(plan)[0]).not.toBe(offsets(plan)[1])
  })

  test('a buffer that only one branch writes is carried, and one that a branch reads before it is written', () => {
    const local = [negate(0, 3, 100), negate(3, 1, 100)]
    const branch = (kernel: Kernel): Kernel => ({ kind: 'branch', index: 5, branches: [[], [kernel]] })
    const plan = (body: readonly Kernel[]): number[] => {
      const graph = scan(body, [], 2)
      return offsets(
        planMemory({
          ...graph,
          buffers: [...graph.buffers, { dtype: 'int32', size: 1, place: { kind: 'input', index: 1 } }],
          inputs: [0, 5],
          donatable: [false, false],
        }),
      )
    }
    for (const body of [
      [...local, branch(negate(0, 2, 100)), negate(2, 1, 100)],
      [...local, branch(negate(2, 1, 100)), negate(0, 2, 100)],
    ]) {
      const [carried, own] = plan(body)
      expect(carried).not.toBe(own)
    }
  })

  test('what a while loop leaves behind survives its last test', () => {
    const predicate: Loop = {
      ...negate(0, 4, 1),
      epilogue: [
        { op: 'load', dtype: 'float32', buffer: 3, map: identity },
        { op: 'isFinite', dtype: 'bool', args: [0] },
      ],
      stores: [{ buffer: 4, map: identity, value: 1 }],
    }
    const graph = graphOf(
      [{ kind: 'while', condition: [negate(0, 3, 100), predicate], predicate: 4, body: [negate(0, 2, 100)] }, negate(2, 1, 100)],
      2,
      100,
    )
    const [left, tested] = offsets(
      planMemory({ ...graph, buffers: [...graph.buffers, { dtype: 'bool', size: 1, place: { kind: 'temporary' } }] }),
    )
    expect(left).not.toBe(tested)
  })
})
