import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Affine, Kernel, KernelGraph, Load, Node } from '../../src/lower/kernel.ts'
import { planMemory } from '../../src/lower/plan.ts'
import { printConstant } from '../../src/lower/print/expression.ts'
import { printBytes, printKernels } from '../../src/lower/print.ts'
import { arbKernelCase } from '../support/arbKernels.ts'

const map = (offset: number, ...strides: number[]): Affine => ({ offset, strides })
const f32 = (buffer: number, at: Affine, more: Partial<Load> = {}): Load => ({
  op: 'load',
  dtype: 'float32',
  buffer,
  map: at,
  ...more,
})
const apply = (
  op: Exclude<Node, { op: 'load' | 'const' | 'iota' | 'inside' | 'reduced' }>['op'],
  dtype: Node['dtype'],
  ...args: number[]
): Node => ({ op, dtype, args })

const graphOf = (kernels: readonly Kernel[]): KernelGraph => ({
  buffers: [
    { dtype: 'float32', size: 50176, place: { kind: 'input', index: 0 } },
    { dtype: 'float32', size: 200704, place: { kind: 'input', index: 1 } },
    { dtype: 'float32', size: 256, place: { kind: 'constant', data: Float32Array.of(0.1, 2, 3, 4, 5) } },
    { dtype: 'float32', size: 16384, place: { kind: 'temporary', offset: 64 } },
    { dtype: 'int32', size: 1, place: { kind: 'temporary', offset: 0 } },
    { dtype: 'float32', size: 50176, place: { kind: 'output', index: 0 } },
  ],
  inputs: [0, 1],
  outputs: [5, 1],
  kernels,
  arena: 65600,
  donations: [0, -1],
})

test('a dense layer and a softmax of two kernels', () => {
  const dense: Kernel = {
    kind: 'contraction',
    extents: [64, 256, 784],
    parallel: 2,
    dtype: 'float32',
    a: f32(0, map(0, 784, 0, 1)),
    b: f32(1, map(0, 0, 1, 256)),
    epilogue: [
      { op: 'reduced', dtype: 'float32', index: 0 },
      f32(2, map(0, 0, 1)),
      apply('add', 'float32', 0, 1),
      { op: 'const', dtype: 'float32', value: 0 },
      apply('max', 'float32', 2, 3),
    ],
    stores: [{ buffer: 3, map: map(0, 256, 1), value: 4 }],
  }
  const softmax: Kernel = {
    kind: 'loop',
    extents: [64, 256],
    parallel: 1,
    body: [f32(3, map(0, 256, 1)), apply('exp', 'float32', 0)],
    bodyStores: [],
    reductions: [
      { op: 'sum', dtype: 'float32', value: 1 },
      { op: 'max', dtype: 'float32', value: 0 },
    ],
    epilogue: [
      { op: 'reduced', dtype: 'float32', index: 0 },
      { op: 'reduced', dtype: 'float32', index: 1 },
      apply('sub', 'float32', 0, 1),
      apply('log', 'float32', 2),
      apply('mul', 'float32', 2, 3),
      apply('neg', 'float32', 4),
    ],
    stores: [{ buffer: 5, map: map(0, 1), value: 5 }],
  }
  expect(printKernels(graphOf([dense, softmax]))).toBe(`\
2 inputs (980 KiB), 2 results (980 KiB), arena 64.06 KiB
  b0  f32 x 50176   input 0, donated to result 0
  b1  f32 x 200704  input 1, is result 1
  b2  f32 x 256     constant 0.1, 2, 3, 4, ...
  b3  f32 x 16384   arena at 64
  b4  i32 x 1       arena at 0
  b5  f32 x 50176   result 0
0: contraction [i 64, j 256 | k 784] f32
     r0 = sum(b0[784i + k] * b1[j + 256k])
     b3[256i + j] = max(r0 + b2[j], 0)
1: loop [i 64 | j 256]
     x0 = b3[256i + j]
     r0 = sum(exp(x0))
     r1 = max(x0)
     y2 = r0 - r1
     b5[i] = -(y2 * log(y2))`)
})

const body = (kernels: readonly Kernel[]): string => printKernels(graphOf(kernels)).split('\n').slice(7).join('\n')

test('guards show the bounds that can be overstepped', () => {
  const guards = [
    { index: map(-1, 1, 0), extent: 28 },
    { index: map(0, 0, 1), extent: 28 },
    { index: map(0, 1, -1), extent: 5 },
  ]
  const pad: Kernel = {
    kind: 'loop',
    extents: [29, 28],
    parallel: 2,
    body: [],
    bodyStores: [],
    reductions: [],
    epilogue: [
      f32(0, map(-29, 28, 1), { guards }),
      { op: 'inside', dtype: 'bool', guards },
      { op: 'iota', dtype: 'float32', map: map(-3, 1, -2) },
      apply('select', 'float32', 1, 0, 2),
    ],
    stores: [{ buffer: 5, map: map(811, -28, -1), value: 3 }],
  }
  expect(body([pad])).toBe(`\
0: loop [i 29, j 28]
     y3 = (i - 1 >= 0 and 0 <= i - j < 5) ? (i - 1 >= 0 and 0 <= i - j < 5 ? b0[28i + j - 29] : 0) : f32(i - 2j - 3)
     b5[-28i - j + 811] = y3`)
})

test('control flow, dynamic terms, gathers and the other kinds', () => {
  const dynamic = { offset: 4, strides: [1], dynamic: [{ buffer: 4, stride: 3 }] }
  const gather: Kernel = {
    kind: 'loop',
    extents: [3],
    parallel: 1,
    body: [],
    bodyStores: [],
    reductions: [],
    epilogue: [
      { op: 'load', dtype: 'int32', buffer: 4, map: map(0, 0) },
      f32(0, dynamic, { indirect: [{ index: 0, stride: -2 }] }),
      apply('cast', 'int32', 1),
      apply('not', 'int32', 2),
    ],
    stores: [{ buffer: 3, map: map(0, 1), value: 3 }],
  }
  const scatter: Kernel = {
    kind: 'scatter',
    extents: [2],
    body: [{ op: 'iota', dtype: 'int32', map: map(1, 1) }, f32(0, map(0, 1)), apply('gt', 'bool', 1, 1)],
    buffer: 3,
    combine: 'add',
    map: map(0, 0),
    indirect: [{ index: 0, stride: 1 }],
    value: 1,
    where: 2,
  }
  const kernels: Kernel[] = [
    { kind: 'scan', length: 10, reverse: true, counter: 4, body: [gather, scatter] },
    {
      kind: 'while',
      condition: [],
      predicate: 4,
      body: [{ kind: 'sort', rows: 2, length: 5, inputs: [0, 1], outputs: [3, 5] }],
    },
    {
      kind: 'branch',
      index: 4,
      branches: [
        [],
        [
          {
            kind: 'cumulative',
            op: 'sum',
            dtype: 'float32',
            outer: 2,
            length: 3,
            inner: 4,
            reverse: true,
            input: 0,
            output: 3,
          },
        ],
      ],
    },
  ]
  expect(body(kernels)).toBe(`\
0: scan b4[0] = 9, ..., 0
     0: loop [i 3]
          b3[i] = not(i32(b0[i + 3*b4[0] + 4 - 2*b4[0]]))
     1: scatter [i 2]
          x1 = b0[i]
          b3[i32(i + 1)] += x1 where x1 > x1
1: while b4[0]
     condition
     body
       0: sort b3, b5 = b0, b1 in 2 rows of 5
2: branch b4[0]
     case 0
     case 1
       0: cumulative b3 = sum of b0 along the middle of [2, 3, 4] from the end`)
})

test('numbers are as short as their dtype lets them be', () => {
  expect(printConstant(Math.fround(0.1), 'float32')).toBe('0.1')
  expect(printConstant(-0, 'float32')).toBe('-0')
  expect(printConstant(-Infinity, 'float32')).toBe('-Infinity')
  expect(printConstant(1, 'bool')).toBe('true')
  fc.assert(
    fc.property(fc.float({ noNaN: true }), x => {
      expect(Math.fround(Number(printConstant(x, 'float32')))).toBe(x)
    }),
  )
  expect([0, 1023, 1536, 20 * 2 ** 20, 3 * 2 ** 40].map(printBytes)).toEqual(['0 B', '1023 B', '1.5 KiB', '20 MiB', '3072 GiB'])
})

test('every graph has a text, with all its buffers', () => {
  fc.assert(
    fc.property(arbKernelCase(), ({ graph }) => {
      const text = printKernels(planMemory(graph))
      expect(text).not.toMatch(/undefined|NaN\[|\[object/)
      expect(text).toBe(printKernels(planMemory(graph)))
      graph.buffers.forEach((_, id) => expect(text).toContain(`b${id} `))
    }),
  )
})
