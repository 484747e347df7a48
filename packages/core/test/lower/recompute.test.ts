import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReference } from '../../src/backend/reference.ts'
import { checkKernels } from '../../src/lower/check.ts'
import { dropDeadStores } from '../../src/lower/dead.ts'
import type { Affine, Contraction, Kernel, Loop, Node } from '../../src/lower/kernel.ts'
import { planMemory, type UnplannedGraph } from '../../src/lower/plan.ts'
import { recompute } from '../../src/lower/recompute.ts'
import { writesOf } from '../../src/lower/rewrite.ts'
import { arbKernelCase } from '../support/arbKernels.ts'
import { difference, disjointPlan, runGraph } from '../support/runKernels.ts'

const backend = createReference({ lanes: 1 })

function recomputed(graph: UnplannedGraph): UnplannedGraph {
  const outputs = new Set(graph.outputs)
  return { ...graph, kernels: dropDeadStores(recompute(graph.kernels, outputs), outputs) }
}

describe('on random graphs', () => {
  const spaces = [
    [2, 3],
    [3, 2],
    [2, 3, 2],
  ]
  const cases = {
    'loops over few spaces': { kinds: ['loop'], spaces, kernels: 8, dtypes: ['float32', 'int32', 'bool'] },
    'with contractions and control flow': {
      kinds: ['loop', 'contraction', 'scan', 'branch'],
      spaces,
      kernels: 8,
      dtypes: ['float32', 'int32'],
    },
  } as const
  test.each(Object.entries(cases))('%s: valid kernels with the same results', (_, options) => {
    fc.assert(
      fc.property(arbKernelCase(options), ({ graph, inputs }) => {
        const plan = planMemory(recomputed(graph))
        checkKernels(plan)
        expect(difference(runGraph(backend, plan, inputs), runGraph(backend, disjointPlan(graph), inputs))).toBe(undefined)
      }),
      { numRuns: 500 },
    )
  })
})

// ---- a square that is stored beside what it is the square of, and a kernel that reads both

const rows: Affine = { offset: 0, strides: [4, 1] }
const columns: Affine = { offset: 0, strides: [1, 4] }
const load = (buffer: number, map: Affine): Node => ({ op: 'load', buffer, dtype: 'float32', map })
const mul = (...args: readonly number[]): Node => ({ op: 'mul', dtype: 'float32', args })

/** 0: input; 1: product of it with itself; 2: square of that. */
const product: Contraction = {
  kind: 'contraction',
  extents: [4, 4, 4],
  parallel: 2,
  dtype: 'float32',
  a: { op: 'load', buffer: 0, dtype: 'float32', map: { offset: 0, strides: [4, 0, 1] } },
  b: { op: 'load', buffer: 0, dtype: 'float32', map: { offset: 0, strides: [0, 1, 4] } },
  epilogue: [{ op: 'reduced', dtype: 'float32', index: 0 }, mul(0, 0)],
  stores: [
    { buffer: 1, map: rows, value: 0 },
    { buffer: 2, map: rows, value: 1 },
  ],
}
const loop = (epilogue: readonly Node[], buffer: number): Loop => ({
  kind: 'loop',
  extents: [4, 4],
  parallel: 2,
  body: [],
  bodyStores: [],
  reductions: [],
  epilogue,
  stores: [{ buffer, map: rows, value: epilogue.length - 1 }],
})
const written = (kernels: readonly Kernel[], outputs: readonly number[]): readonly number[] =>
  dropDeadStores(recompute(kernels, new Set(outputs)), new Set(outputs)).flatMap(writesOf)

describe('a square', () => {
  test('is computed again by a loop that walks it in any order', () => {
    for (const map of [rows, columns]) expect(written([product, loop([load(1, map), load(2, map), mul(0, 1)], 3)], [3])).toEqual([1, 3])
  })
  test('is stored when it is a result, or an operand of a product', () => {
    expect(written([product, loop([load(1, rows), load(2, rows), mul(0, 1)], 3)], [2, 3])).toEqual([1, 2, 3])
    const operand: Contraction = {
      ...product,
      a: { ...product.a, buffer: 2 },
      stores: [{ buffer: 3, map: rows, value: 0 }],
      epilogue: [product.epilogue[0] as Node],
    }
    expect(written([product, operand], [3])).toEqual([2, 3])
  })
  test('is stored when what it is the square of is lost by then', () => {
    const overwrite = loop([load(0, rows)], 1)
    expect(written([product, overwrite, loop([load(1, rows), load(2, rows), mul(0, 1)], 3)], [3])).toEqual([1, 2, 1, 3])
  })
})
