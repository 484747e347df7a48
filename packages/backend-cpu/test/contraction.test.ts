import { type BufferSpec, type Contraction, type Guard, type Load, type Node } from '@cotangent/core/kernel'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Engine } from '../src/tuning.ts'
import {
  type ConvOptions,
  convForward,
  convInput,
  convShape,
  convWeight,
  float32,
  matmul,
  randomData,
  rowMajor,
  sizeOf,
  withEpilogue,
} from './contraction-cases.ts'
import { type Case, check } from './contraction-kit.ts'

const size = fc.constantFrom(0, 1, 2, 3, 5, 7, 8, 9, 17, 33)
const small = fc.constantFrom(1, 2, 3, 4, 5, 6)

const plain: Engine = { fma: false }
const relaxed: Engine = { fma: true }
/** Plans for registers of eight floats; without V8's pairing they are slow, and right. */
const wide: Engine = { fma: true, wide: true }
const engines = fc.constantFrom(plain, relaxed, wide)

const correct = (c: Case, engine: Engine): void => {
  expect(check(c, randomData(c.buffers), engine).problem).toBe('')
}

const matmulOptions = fc.record({
  batch: fc.constantFrom(1, 2, 3),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  sharedA: fc.boolean(),
  sharedB: fc.boolean(),
})

describe('matrix products', () => {
  test('any sizes, transposes and batches', () => {
    fc.assert(
      fc.property(size, size, size, matmulOptions, engines, (m, n, k, options, engine) => correct(matmul(m, n, k, options), engine)),
      { numRuns: 200 },
    )
  })

  test.each([
    [70, 66, 40],
    [48, 1, 300],
    [1, 300, 50],
    [2, 50, 1500],
    [13, 20, 2100],
    [3, 260, 40],
    [1, 1, 5003],
    [20, 513, 33],
    [66, 66, 1100],
  ])('%i x %i, sum of %i', (m, n, k) => {
    for (const transposeA of [false, true])
      for (const transposeB of [false, true]) correct(matmul(m, n, k, { transposeA, transposeB }), transposeA ? wide : plain)
  })

  test('a far transposed operand is packed in panels', () => correct(matmul(1030, 66, 132, { transposeA: true }), relaxed))
  test('and once for all parts of the columns', () => correct(matmul(129, 440, 1030, { transposeA: true }), wide))
  test('a long sum is dealt out', () => correct(matmul(10, 10, 25000, { transposeA: true }), relaxed))
})

const conv: fc.Arbitrary<ConvOptions> = fc.record({
  n: fc.constantFrom(1, 2, 3),
  h: fc.integer({ min: 1, max: 11 }),
  w: fc.integer({ min: 1, max: 15 }),
  c: small,
  o: fc.constantFrom(1, 3, 4, 8, 9),
  kh: fc.constantFrom(1, 2, 3),
  kw: fc.constantFrom(1, 2, 3),
  stride: fc.constantFrom(1, 2, 3),
  dilation: fc.constantFrom(1, 2),
  pad: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })),
  groups: fc.constantFrom(1, 1, 2, 3),
  nchw: fc.boolean(),
})
const directions = [
  ['forward', convForward],
  ['gradient by weight', convWeight],
  ['gradient by input', convInput],
] as const

describe('convolutions', () => {
  test.each(directions)('%s', (_, make) => {
    fc.assert(
      fc.property(conv, engines, (v, engine) => {
        const { ho, wo } = convShape(v)
        fc.pre(ho > 0 && wo > 0)
        correct(make(v), engine)
      }),
      { numRuns: 150 },
    )
  })

  const sizes: readonly [string, ConvOptions][] = [
    ['3 x 3', { n: 2, h: 14, w: 14, c: 16, o: 24, kh: 3, kw: 3, pad: [1, 1] }],
    ['rows of 7', { n: 2, h: 7, w: 7, c: 40, o: 16, kh: 3, kw: 3, pad: [1, 1] }],
    ['7 x 7, stride 2', { n: 1, h: 30, w: 30, c: 3, o: 20, kh: 7, kw: 7, stride: 2, pad: [2, 3] }],
    ['depthwise', { n: 2, h: 12, w: 13, c: 1, o: 1, groups: 22, kh: 3, kw: 3, pad: [1, 1] }],
    ['a line', { n: 1, h: 1, w: 50000, c: 6, o: 3, kh: 1, kw: 5, pad: [0, 4] }],
  ]
  test.each(sizes)('%s', (_, v) => {
    for (const [, make] of directions) for (const nchw of [false, true]) correct(make({ ...v, nchw }), relaxed)
  })
})

describe('epilogues', () => {
  const columns = (c: Case): number => c.contraction.extents[2] as number
  const load = (buffer: number, strides: readonly number[], offset = 0): Load => ({
    op: 'load',
    buffer,
    dtype: 'float32',
    map: { offset, strides },
  })
  const op = (name: 'add' | 'max' | 'mul' | 'tanh' | 'exp', ...args: readonly number[]): Node => ({ op: name, dtype: 'float32', args })

  test('bias, relu and a residual, two stores', () => {
    fc.assert(
      fc.property(size, size, size, matmulOptions, engines, (m, n, k, options, engine) => {
        const base = matmul(m, n, k, options)
        const c = withEpilogue(
          base,
          [float32(n), float32(sizeOf(base.contraction.extents.slice(0, 3)))],
          first => [
            load(first, [0, 0, 1]),
            op('add', 0, 1),
            { op: 'const', dtype: 'float32', value: 0 },
            op('max', 2, 3),
            load(first + 1, [m * n, n, 1]),
            op('add', 4, 5),
          ],
          [6, 2],
        )
        correct(c, engine)
      }),
      { numRuns: 100 },
    )
  })

  test('a long one: rows are looped over', () => {
    fc.assert(
      fc.property(size, size, size, fc.boolean(), (m, n, k, transposeA) => {
        const base = matmul(m, n, k, { transposeA, batch: 2 })
        correct(
          withEpilogue(
            base,
            [float32(m)],
            first => [load(first, [0, 1, 0]), op('add', 0, 1), op('tanh', 2), op('tanh', 3), op('mul', 3, 4)],
            [5],
          ),
          relaxed,
        )
      }),
      { numRuns: 50 },
    )
  })

  test('indices, and a store in another order', () => {
    const base = matmul(11, 14, 5, { batch: 2 })
    const c = withEpilogue(
      base,
      [],
      () => [{ op: 'iota', dtype: 'float32', map: { offset: 1, strides: [100, 10, 1] } }, op('add', 0, 1)],
      [2],
    )
    const stores = c.contraction.stores.map(s => ({ ...s, map: { offset: 11 * 14 * 2 - 1, strides: [-1, -2, -22] } }))
    correct({ ...c, contraction: { ...c.contraction, stores } }, relaxed)
    expect(columns(c)).toBe(14)
  })

  test('after a dealt sum, and after blocks of a sum', () => {
    for (const [m, n, k] of [
      [10, 10, 25000],
      [40, 20, 1500],
    ] as const) {
      const base = matmul(m, n, k)
      correct(
        withEpilogue(base, [float32(n)], first => [load(first, [0, 0, 1]), op('add', 0, 1)], [2]),
        relaxed,
      )
    }
  })
})

/** Any affine maps at all: strides of all signs, shared axes, guards that depend on everything. */
const arbContraction: fc.Arbitrary<Case> = fc
  .record({
    parallel: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 4 }),
    reduced: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
    a: fc.array(fc.integer({ min: -3, max: 4 }), { minLength: 7, maxLength: 7 }),
    b: fc.array(fc.integer({ min: -3, max: 4 }), { minLength: 7, maxLength: 7 }),
    guards: fc.array(
      fc.record({
        onA: fc.boolean(),
        offset: fc.integer({ min: -4, max: 4 }),
        extent: fc.integer({ min: 0, max: 9 }),
        strides: fc.array(fc.constantFrom(0, 0, 0, 1, 1, -1, 2), { minLength: 7, maxLength: 7 }),
      }),
      { maxLength: 3 },
    ),
    order: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
    reverse: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  })
  .map(r => {
    const extents = [...r.parallel, ...r.reduced]
    const affine = (strides: readonly number[]): { offset: number; strides: number[]; size: number } => {
      const used = strides.slice(0, extents.length)
      const reach = used.map((s, i) => s * Math.max(0, (extents[i] as number) - 1))
      const low = reach.reduce((n, x) => n + Math.min(0, x), 0)
      return { offset: -low, strides: used, size: reach.reduce((n, x) => n + Math.max(0, x), 0) - low + 1 }
    }
    const guards = (onA: boolean): Guard[] =>
      r.guards
        .filter(g => g.onA === onA)
        .map(g => ({ extent: g.extent, index: { offset: g.offset, strides: g.strides.slice(0, extents.length) } }))
    const [a, b] = [affine(r.a), affine(r.b)]
    const operand = (buffer: number, map: typeof a): Load => ({
      op: 'load',
      buffer,
      dtype: 'float32',
      map: { offset: map.offset, strides: map.strides },
      guards: guards(buffer === 0),
    })
    const axes = r.parallel.map((_, i) => i).sort((x, y) => (r.order[x] as number) - (r.order[y] as number))
    const dense = rowMajor(axes.map(axis => extents[axis] as number))
    const strides = r.parallel.map((_, axis) => (r.reverse[axis] ? -1 : 1) * (dense[axes.indexOf(axis)] as number))
    const offset = strides.reduce((n, s, axis) => n - Math.min(0, s) * ((extents[axis] as number) - 1), 0)
    const contraction: Contraction = {
      kind: 'contraction',
      extents,
      parallel: r.parallel.length,
      dtype: 'float32',
      a: operand(0, a),
      b: operand(1, b),
      epilogue: [{ op: 'reduced', dtype: 'float32', index: 0 }],
      stores: [{ buffer: 2, value: 0, map: { offset, strides } }],
    }
    return { buffers: [float32(a.size), float32(b.size), float32(sizeOf(r.parallel))], contraction }
  })

describe('any affine contraction', () => {
  test('equals its definition', () => {
    fc.assert(
      fc.property(arbContraction, engines, (c, engine) => correct(c, engine)),
      { numRuns: 400 },
    )
  })

  test('an empty sum reads nothing', () => {
    const { buffers, contraction } = convForward({ n: 1, h: 3, w: 3, c: 2, o: 5, kh: 2, kw: 2, pad: [1, 1] })
    for (let axis = contraction.parallel; axis < contraction.extents.length; axis++) {
      correct({ buffers, contraction: { ...contraction, extents: contraction.extents.map((n, i) => (i >= axis ? 0 : n)) } }, relaxed)
    }
  })

  test('offsets known at run time, in operands, guards and stores', () => {
    const counter: BufferSpec = { dtype: 'int32', size: 1 }
    const base = convForward({ n: 1, h: 9, w: 9, c: 2, o: 8, kh: 3, kw: 3, pad: [1, 1] })
    const { contraction } = base
    const dynamic = [{ buffer: 3, stride: 9 * 2 }]
    const shifted: Case = {
      buffers: [float32(9 * 9 * 2 + 36), base.buffers[1] as BufferSpec, float32(9 * 9 * 8 + 20), counter],
      contraction: {
        ...contraction,
        a: {
          ...contraction.a,
          map: { ...contraction.a.map, dynamic },
          guards: (contraction.a.guards ?? []).map((g, i) =>
            i === 0 ? { ...g, index: { ...g.index, dynamic: [{ buffer: 3, stride: 1 }] } } : g,
          ),
        },
        stores: contraction.stores.map(s => ({ ...s, map: { ...s.map, dynamic: [{ buffer: 3, stride: 10 }] } })),
      },
    }
    for (const count of [0, 1, 2]) {
      const data = [...randomData(shifted.buffers.slice(0, 3)), new Int32Array([count])]
      expect(check(shifted, data, relaxed).problem).toBe('')
    }
  })

  test('results do not depend on how tasks are cut', () => {
    const cases: readonly Case[] = [
      matmul(50, 70, 40, { batch: 3 }),
      matmul(30, 40, 1500),
      matmul(10, 10, 25000),
      matmul(1, 400, 300),
      ...directions.map(([, make]) => make({ n: 3, h: 14, w: 14, c: 8, o: 16, kh: 3, kw: 3, pad: [1, 1] })),
    ]
    for (const c of cases)
      for (const engine of [relaxed, wide]) {
        const data = randomData(c.buffers)
        const whole = check(c, data, engine)
        expect(whole.problem).toBe('')
        for (const step of [1, 3]) expect(check(c, data, engine, begin => begin + step).image === whole.image).toBe(true)
      }
  })
})
