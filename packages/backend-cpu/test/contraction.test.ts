import type { BufferSpec, Load, Node } from '@cotangent/core/kernel'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Engine } from '../src/tuning.ts'
import { arbContraction, conv, directions, layers, matmulOptions, size } from '../../core/test/support/arbContractions.ts'
import {
  type Case,
  convForward,
  convShape,
  float32,
  matmul,
  randomData,
  sizeOf,
  withEpilogue,
} from '../../core/test/support/contractions.ts'
import { check, compileContraction } from './contraction-kit.ts'

const plain: Engine = { fma: false }
const relaxed: Engine = { fma: true }
/** Plans for registers of eight floats; without V8's pairing they are slow, and right. */
const wide: Engine = { fma: true, wide: true }
const engines = fc.constantFrom(plain, relaxed, wide)

const correct = (c: Case, engine: Engine): void => {
  expect(check(c, randomData(c.buffers), engine).problem).toBe('')
}

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
    [70, 270, 520],
  ])('%i x %i, sum of %i', (m, n, k) => {
    for (const transposeA of [false, true])
      for (const transposeB of [false, true]) correct(matmul(m, n, k, { transposeA, transposeB }), transposeA ? wide : plain)
  })

  test('a far transposed operand is packed in panels', () => correct(matmul(1030, 66, 132, { transposeA: true }), relaxed))
  test('and once for all parts of the columns', () => correct(matmul(129, 440, 1030, { transposeA: true }), wide))
  test('a long sum is dealt out', () => correct(matmul(10, 10, 25000, { transposeA: true }), relaxed))
})

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

  test.each(layers)('%s', (_, v) => {
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

  test.each([96, 128])('each half of the tasks stores half of the result: %i rows, whose columns are parts of unequal size', rows => {
    const c = matmul(rows, 256, 1024)
    const compiled = compileContraction(c, relaxed)
    const [phase] = compiled.phases
    const [store] = c.contraction.stores
    if (phase === undefined || store === undefined) throw new Error('a product has one phase and one store')
    const result = new Float32Array(compiled.memory.buffer, compiled.addresses[store.buffer], c.buffers[store.buffer]?.size)
    result.fill(NaN)
    phase.run(compiled.frame, compiled.scratch, 0, Math.floor(phase.tasks / 2))
    expect(Math.abs(result.filter(x => !Number.isNaN(x)).length / result.length - 0.5)).toBeLessThan(0.02)
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
