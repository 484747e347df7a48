import type { BufferSpec, ComputeDType, Loop, Node, ReduceOp, TypedArray } from '@cotangent/core/kernel'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runKernel } from './kernel-kit.ts'

/** Reduces axis `axis` of a matrix. */
function reduce(
  op: ReduceOp,
  dtype: ComputeDType,
  rows: number,
  columns: number,
  axis: 0 | 1,
): { readonly loop: Loop; readonly buffers: BufferSpec[] } {
  const kept = axis === 1 ? rows : columns,
    gone = axis === 1 ? columns : rows
  const strides = axis === 1 ? [columns, 1] : [1, columns],
    result = op === 'argmax' || op === 'argmin' ? 'int32' : dtype
  return {
    loop: {
      kind: 'loop',
      extents: [kept, gone],
      parallel: 1,
      body: [
        { op: 'load', buffer: 0, dtype, map: { offset: 0, strides } },
        { op: 'iota', dtype: 'int32', map: { offset: 0, strides: [0, 1] } },
      ],
      bodyStores: [],
      reductions: [{ op, dtype: result, value: 0, ...(result === 'int32' && dtype !== 'int32' ? { index: 1 } : {}) }],
      epilogue: [{ op: 'reduced', dtype: result, index: 0 }],
      stores: [{ buffer: 1, map: { offset: 0, strides: [1] }, value: 0 }],
    },
    buffers: [
      { dtype, size: rows * columns },
      { dtype: result, size: kept },
    ],
  }
}

const run = (op: ReduceOp, data: TypedArray, dtype: ComputeDType, rows: number, columns: number, axis: 0 | 1): TypedArray => {
  const { loop, buffers } = reduce(op, dtype, rows, columns, axis)
  return runKernel(loop, buffers, [data, new Float64Array(buffers[1]?.size ?? 0) as TypedArray]).at(-1) as TypedArray
}

describe('long sums stay accurate', () => {
  test.each([
    [1, 1_000_003, 1],
    [1_000_003, 1, 0],
    [300_001, 3, 0],
    [7, 100_003, 1],
    [100_003, 5, 0],
  ] as const)('%i x %i over axis %i', (rows, columns, axis) => {
    const data = Float32Array.from({ length: rows * columns }, (_, i) => 0.1 + ((i * 0.618) % 1))
    const got = run('sum', data, 'float32', rows, columns, axis)
    got.forEach((g, k) => {
      let exact = 0
      for (let i = 0; i < (axis === 1 ? columns : rows); i++) exact += data[axis === 1 ? k * columns + i : i * columns + k] as number
      expect(Math.abs(g - exact) / exact).toBeLessThan(4e-7)
    })
  })

  test('an overflowing sum is infinite, not NaN', () => {
    expect(run('sum', new Float32Array(10_000).fill(3e38), 'float32', 1, 10_000, 1)[0]).toBe(Infinity)
    expect(run('sum', new Float32Array(10_000).fill(-Infinity), 'float32', 10_000, 1, 0)[0]).toBe(-Infinity)
  })
})

describe('NaN', () => {
  const position = fc.record({
    length: fc.integer({ min: 1, max: 200 }),
    at: fc.nat({ max: 199 }),
    axis: fc.constantFrom<0 | 1>(0, 1),
    dtype: fc.constantFrom<'float32' | 'float64'>('float32', 'float64'),
  })
  test('wins max, min, argmax and argmin, the first one', () => {
    fc.assert(
      fc.property(position, ({ length, at, axis, dtype }) => {
        const first = at % length
        const rows = axis === 1 ? 3 : length,
          columns = axis === 1 ? length : 3
        const data = (dtype === 'float32' ? new Float32Array(3 * length) : new Float64Array(3 * length)).map((_, i) => {
          const along = axis === 1 ? i % length : Math.floor(i / 3)
          return along === first || (along > first && along % 3 === 0) ? NaN : Math.sin(i)
        })
        for (const op of ['max', 'min'] as const) expect([...run(op, data, dtype, rows, columns, axis)]).toEqual([NaN, NaN, NaN])
        for (const op of ['argmax', 'argmin'] as const)
          expect([...run(op, data, dtype, rows, columns, axis)]).toEqual([first, first, first])
      }),
    )
  })
})

test('of equal values argmax takes the first', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 4 }), fc.constantFrom<0 | 1>(0, 1), (length, values, axis) => {
      const data = Float32Array.from({ length: 2 * length }, (_, i) => (Math.imul(i, 40503) >>> 5) % values)
      const rows = axis === 1 ? 2 : length,
        columns = axis === 1 ? length : 2
      const wanted = [0, 1].map(k => {
        const row = Array.from({ length }, (_, i) => data[axis === 1 ? k * length + i : i * 2 + k] as number)
        return row.indexOf(Math.max(...row))
      })
      expect([...run('argmax', data, 'float32', rows, columns, axis)]).toEqual(wanted)
    }),
  )
})

test('the index of the first winner need not grow along the axis', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 3 }), (length, values) => {
      const { loop, buffers } = reduce('argmin', 'float32', 1, length, 1)
      const body = [loop.body[0] as Node, { op: 'iota', dtype: 'int32', map: { offset: length - 1, strides: [0, -1] } } as const]
      const data = Float32Array.from({ length }, (_, i) => (Math.imul(i, 40503) >>> 5) % values)
      const out = runKernel({ ...loop, body }, buffers, [data, new Int32Array(1)]).at(-1) as TypedArray
      expect(out[0]).toBe(length - 1 - data.indexOf(Math.min(...data)))
    }),
  )
})

/** Data on which a lane that should not count shows: it would give 0. */
const unlike: Readonly<Record<string, number>> = { max: -3, min: 3, prod: 1, and: 3, sum: 1 }
test.each(
  Object.entries(unlike).flatMap(([op, x]) =>
    (['float32', 'float64', 'int32'] as const).flatMap(d => (op === 'and' && d !== 'int32' ? [] : [[op, d, x] as const])),
  ),
)('%s of %s counts every element once, in any length', (op, dtype, x) => {
  for (let length = 1; length < 70; length++)
    for (const axis of [0, 1] as const) {
      const data = (
        dtype === 'float32' ? new Float32Array(2 * length) : dtype === 'float64' ? new Float64Array(2 * length) : new Int32Array(2 * length)
      ).fill(x)
      const wanted = op === 'sum' ? length : x
      expect([...run(op as ReduceOp, data, dtype, axis === 1 ? 2 : length, axis === 1 ? length : 2, axis)]).toEqual([wanted, wanted])
    }
})

test('-0 is less than 0', () => {
  for (let length = 2; length < 40; length++)
    for (const [op, wanted] of [
      ['max', 0],
      ['min', -0],
    ] as const)
      for (const axis of [0, 1] as const) {
        const data = Float32Array.from({ length }, (_, i) => (i === ((length * 7) % 5) % length ? wanted : -wanted))
        expect([...run(op, data, 'float32', axis === 1 ? 1 : length, axis === 1 ? length : 1, axis)]).toEqual([wanted])
      }
})
