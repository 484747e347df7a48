import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CotangentError } from '../../src/errors.ts'
import { checkKernels } from '../../src/lower/check.ts'
import type { Affine, Contraction, Kernel, KernelGraph, Load, Loop, Node } from '../../src/lower/kernel.ts'
import { planMemory } from '../../src/lower/plan.ts'
import { arbKernelCase } from '../support/arbKernels.ts'
import { disjointPlan } from '../support/runKernels.ts'

test('random graphs, planned or not, keep the invariants', () => {
  fc.assert(
    fc.property(arbKernelCase({ kernels: 8 }), ({ graph }) => {
      checkKernels(disjointPlan(graph))
      checkKernels(planMemory(graph))
    }),
    { numRuns: 500 },
  )
})

test('a plan with all temporaries at the start of the arena is found out', () => {
  let faults = 0
  fc.assert(
    fc.property(arbKernelCase({ kernels: 8, kinds: ['loop'] }), ({ graph }) => {
      const plan = planMemory(graph)
      const buffers = plan.buffers.map(b => (b.place.kind === 'temporary' ? { ...b, place: { ...b.place, offset: 0 } } : b))
      try {
        checkKernels({ ...plan, buffers })
      } catch (e) {
        expect((e as Error).message).toMatch(/share memory while both are live/)
        faults++
      }
    }),
  )
  expect(faults).toBeGreaterThan(5)
})

// One graph: input b0, result b1, temporary b2, int32 scalar b3 (input), all but b3 of 6 float32: b2 = -b0, then b1 = sum over j of b2.
const grid: Affine = { offset: 0, strides: [3, 1] },
  line: Affine = { offset: 0, strides: [1] }
const load: Load = { op: 'load', buffer: 0, dtype: 'float32', map: grid }
const negation: Node = { op: 'neg', dtype: 'float32', args: [0] }
const elementwise: Loop = {
  kind: 'loop',
  extents: [2, 3],
  parallel: 2,
  body: [],
  bodyStores: [],
  reductions: [],
  epilogue: [load, negation],
  stores: [{ buffer: 2, map: grid, value: 1 }],
}
const sums: Loop = {
  kind: 'loop',
  extents: [6, 1],
  parallel: 1,
  body: [{ ...load, buffer: 2, map: { offset: 0, strides: [1, 0] } }],
  bodyStores: [],
  reductions: [{ op: 'sum', dtype: 'float32', value: 0 }],
  epilogue: [{ op: 'reduced', dtype: 'float32', index: 0 }],
  stores: [{ buffer: 1, map: line, value: 0 }],
}
const float6 = { dtype: 'float32', size: 6 } as const
const graph: KernelGraph = {
  buffers: [
    { ...float6, place: { kind: 'input', index: 0 } },
    { ...float6, place: { kind: 'output', index: 0 } },
    { ...float6, place: { kind: 'temporary', offset: 0 } },
    { dtype: 'int32', size: 1, place: { kind: 'input', index: 1 } },
  ],
  inputs: [0, 3],
  outputs: [1],
  kernels: [elementwise, sums],
  arena: 64,
  donations: [-1, -1],
}
const withFirst = (changes: Partial<Loop>): KernelGraph => ({
  ...graph,
  kernels: [{ ...elementwise, ...changes }, sums],
})
const withSecond = (changes: Partial<Loop>): KernelGraph => ({
  ...graph,
  kernels: [elementwise, { ...sums, ...changes }],
})
const withNodes = (...epilogue: readonly Node[]): KernelGraph =>
  withFirst({ epilogue, stores: [{ buffer: 2, map: grid, value: epilogue.length - 1 }] })
const withKernels = (...kernels: readonly Kernel[]): KernelGraph => ({ ...graph, kernels })
const map = (offset: number, ...strides: number[]): Affine => ({ offset, strides })
const contraction: Contraction = {
  kind: 'contraction',
  extents: [6, 1],
  parallel: 1,
  dtype: 'float32',
  a: { ...load, map: map(0, 1, 0) },
  b: { ...load, map: map(0, 1, 0) },
  epilogue: sums.epilogue,
  stores: sums.stores,
}

test('the graph that the faults below start from is valid', () => {
  checkKernels(graph)
  checkKernels(withKernels(contraction))
})

const faults: Record<string, readonly [KernelGraph, RegExp]> = {
  'unknown buffer': [withNodes({ ...load, buffer: 9 }), /kernel 0 \(loop\): there is no buffer b9/],
  'load of another dtype': [withNodes({ ...load, buffer: 3, map: map(0, 0, 0) }), /node 0 \(load\): b3 is int32, not float32/],
  'too few strides': [withNodes({ ...load, map: line }), /1 strides for 2 axes/],
  'load past the end': [withNodes({ ...load, map: map(1, 3, 1) }), /elements 1 to 6 of b0, which has 6/],
  'load before the start': [withNodes({ ...load, map: map(0, 3, -1) }), /elements -2 to 3/],
  'guard that does not help': [withNodes({ ...load, map: map(1, 3, 1), guards: [{ index: map(0, 1, 0), extent: 2 }] }), /elements 1 to 6/],
  'guard over two axes that does not help': [
    withNodes({ ...load, map: map(1, 3, 1), guards: [{ index: map(0, 1, 1), extent: 4 }] }),
    /elements 1 to 6/,
  ],
  'operand defined later': [withNodes(load, { op: 'neg', dtype: 'float32', args: [1] }), /operand 1 is not an earlier node/],
  'operands of two dtypes': [
    withNodes(load, { op: 'const', dtype: 'int32', value: 1 }, { op: 'add', dtype: 'float32', args: [0, 1] }),
    /operands have dtypes float32, int32/,
  ],
  'operand outside the domain': [withNodes(load, { op: 'not', dtype: 'float32', args: [0] }), /\(not\): does not take float32/],
  'wrong result': [withNodes(load, { op: 'lt', dtype: 'float32', args: [0, 0] }), /gives bool, not float32/],
  'predicate that is no bool': [withNodes(load, { op: 'select', dtype: 'float32', args: [0, 0, 0] }), /the predicate is float32/],
  'constant that is not of its dtype': [withNodes({ op: 'const', dtype: 'float32', value: 0.1 }), /0.1 is no float32/],
  'gather by a float': [withNodes(load, { ...load, indirect: [{ index: 0, stride: 1 }] }), /index 0 is float32, not int32/],
  'reduced outside an epilogue': [withNodes({ op: 'reduced', dtype: 'float32', index: 0 }), /there is no reduction 0 here/],
  'body without reduced axes': [withFirst({ body: [load] }), /has a body but no reduced axes/],
  'store of another dtype': [
    withFirst({ epilogue: [{ op: 'const', dtype: 'int32', value: 1 }], stores: [{ buffer: 2, map: grid, value: 0 }] }),
    /the value is int32, the buffer float32/,
  ],
  'store past the end': [withFirst({ stores: [{ buffer: 2, map: map(1, 3, 1), value: 1 }] }), /elements 1 to 6 of b2/],
  'two points store to one element': [
    withFirst({ stores: [{ buffer: 2, map: map(0, 1, 1), value: 1 }] }),
    /stores twice to one element of b2/,
  ],
  'two stores to one element': [withFirst({ stores: [grid, map(5, -3, -1)].map(m => ({ buffer: 2, map: m, value: 1 })) }), /stores twice/],
  'store to an input': [withFirst({ stores: [{ buffer: 0, map: grid, value: 1 }] }), /writes b0, which is an input/],
  'read of the buffer that is written': [
    withFirst({ epilogue: [{ ...load, buffer: 2, map: map(5, -3, -1) }, negation] }),
    /writes b2 and reads it at other places/,
  ],
  'reduction of another dtype': [
    withSecond({ reductions: [{ op: 'sum', dtype: 'int32', value: 0 }] }),
    /reduction 0 \(sum\): gives int32, but node 0 is float32/,
  ],
  'reduction outside its domain': [withSecond({ reductions: [{ op: 'xor', dtype: 'float32', value: 0 }] }), /does not take float32/],
  'argmax without an index': [withSecond({ reductions: [{ op: 'argmax', dtype: 'int32', value: 0 }] }), /needs an int32 node as index/],
  'argmax of nothing': [
    withSecond({
      extents: [6, 0],
      body: [...sums.body, { op: 'iota', dtype: 'int32', map: map(0, 0, 1) }],
      reductions: [{ op: 'argmax', dtype: 'int32', value: 0, index: 1 }],
    }),
    /of nothing is undefined/,
  ],
  'contraction of two dtypes': [withKernels({ ...contraction, dtype: 'float64' }), /operand a: is float32, not float64/],
  'contraction that gathers': [
    withKernels({ ...contraction, b: { ...contraction.b, indirect: [{ index: 0, stride: 1 }] } }),
    /operand b: has indirect terms/,
  ],
  'scatter from its own buffer': [
    withKernels(
      elementwise,
      {
        kind: 'scatter',
        extents: [2, 3],
        body: [{ ...load, buffer: 2 }],
        buffer: 2,
        combine: 'add',
        map: grid,
        indirect: [],
        value: 0,
      },
      sums,
    ),
    /reads b2, into which it scatters/,
  ],
  'sort that changes the dtype': [
    withKernels({ kind: 'sort', rows: 1, length: 1, inputs: [3], outputs: [1] }),
    /output 0 is float32, input 0 int32/,
  ],
  'sort of another size': [withKernels({ kind: 'sort', rows: 2, length: 2, inputs: [0], outputs: [1] }), /2 rows of 2 in a buffer of 6/],
  'cumulative of another size': [
    withKernels({
      kind: 'cumulative',
      op: 'sum',
      dtype: 'float32',
      outer: 1,
      length: 5,
      inner: 1,
      reverse: false,
      input: 0,
      output: 1,
    }),
    /\[1, 5, 1\] in b0, which has 6/,
  ],
  'predicate that is a float': [withKernels({ kind: 'while', condition: [], predicate: 0, body: [] }), /the predicate b0 is float32/],
  'fault in a nested kernel': [
    withKernels({ kind: 'branch', index: 3, branches: [[], [{ ...elementwise, epilogue: [] }]] }),
    /kernel 0 \(branch\) branch 1 > kernel 0 \(loop\): store to b2: there is no node 1/,
  ],
  'counter that is an input': [
    withKernels({ kind: 'scan', length: 2, reverse: false, counter: 3, body: [] }),
    /writes b3, which is an input/,
  ],
  'temporary read before it is written': [withKernels(sums), /buffer b2: is read before it is written/],
  'result that nobody writes': [withKernels(elementwise), /result 0: no kernel writes b1/],
  'result in a temporary': [{ ...graph, outputs: [2] }, /is not result 0|cannot be a result/],
  'one buffer for two results': [{ ...graph, outputs: [1, 1] }, /b1 is result 0 already/],
  'arena too small': [{ ...graph, arena: 16 }, /does not suit an arena of 16 bytes/],
  'donation that is read later': [{ ...withKernels(contraction), donations: [0, -1] }, /b0 is used after b1 is written/],
  'donation of another size': [{ ...graph, donations: [-1, 0] }, /1 int32 become 6 float32/],
}

describe('faults are named', () => {
  for (const [name, [faulty, message]] of Object.entries(faults)) {
    test(name, () => {
      let caught: unknown
      try {
        checkKernels(faulty)
      } catch (e) {
        caught = e
      }
      expect(caught).toBeInstanceOf(CotangentError)
      expect(caught).toMatchObject({ kind: 'InternalError', message: expect.stringMatching(message) })
    })
  }
})

describe('what looks wrong and is not', () => {
  const cases: Record<string, KernelGraph> = {
    'a guard that cuts what lies outside': withNodes({
      ...load,
      map: map(-1, 3, 1),
      guards: [{ index: map(-1, 3, 1), extent: 6 }],
    }),
    'a guard that never holds': withNodes({
      ...load,
      map: map(100, 3, 1),
      guards: [{ index: map(-5, 1, 0), extent: 3 }],
    }),
    'an empty space with any address': withFirst({
      extents: [0, 3],
      epilogue: [{ ...load, map: map(50, 3, 1) }, negation],
    }),
    'two stores that interleave': withFirst({
      extents: [1, 3],
      stores: [map(0, 6, 2), map(1, 6, 2)].map(m => ({ buffer: 2, map: m, value: 1 })),
    }),
    'an update in place': withKernels(elementwise, { ...elementwise, epilogue: [{ ...load, buffer: 2 }, negation] }, sums),
    'a donation to an elementwise result': {
      ...withKernels({ ...elementwise, stores: [{ buffer: 1, map: grid, value: 1 }] }),
      donations: [0, -1],
    },
  }
  for (const [name, valid] of Object.entries(cases)) test(name, () => checkKernels(valid))
})
