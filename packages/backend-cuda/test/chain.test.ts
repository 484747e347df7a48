/** Loops over the same rows as one launch: softmax, its gradient and a normalisation, against the reference and run by run. */
import { array, exp, grad, jit, max, mean, type Tensor, square, sqrt, sum } from '@cotangent/core'
import { setBackend } from '../../core/src/backend/current.ts'
import { createReference } from '../../core/src/backend/reference.ts'
import type { Affine, KernelGraph, Loop } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { chainsOf } from '../src/kernels/chain.ts'
import { backendFor, fakeDriver } from './kit.ts'

const fake = await fakeDriver(),
  backend = await backendFor()
afterEach(() => {
  expect(fake.failure()).toBe('')
  fake.reset()
  setBackend(null)
})
afterAll(() => backend.dispose())

const softmax = (x: Tensor): Tensor => {
  const e = exp(x.sub(max(x, { axis: -1, keepdims: true })))
  return e.div(sum(e, { axis: -1, keepdims: true }))
}
const normalised = (x: Tensor): Tensor => {
  const centred = x.sub(mean(x, { axis: -1, keepdims: true }))
  return centred.div(sqrt(mean(square(centred), { axis: -1, keepdims: true }).add(1e-5))).mul(2)
}
const functions = {
  softmax,
  gradient: (x: Tensor) => grad((v: Tensor) => sum(square(softmax(v))))(x),
  normalised,
  'gradient of a normalisation': (x: Tensor) => grad((v: Tensor) => sum(square(normalised(v)).mul(v)))(x),
  /** Rows of the last axis, after others. */
  'three axes': (x: Tensor) => softmax(x.reshape([2, -1, x.shape[1] as number])),
} as const

const arbCase = fc.record({
  rows: fc.integer({ min: 1, max: 12 }),
  length: fc.oneof(fc.integer({ min: 2, max: 40 }), fc.constantFrom(64, 128, 513, 1024)),
})

describe.each(Object.entries(functions))('%s', (_, f) => {
  test('equals the reference, with the same bits in each order of threads', () => {
    fc.assert(
      fc.property(arbCase, ({ rows, length }) => {
        const data = Float32Array.from({ length: 2 * rows * length }, (__, i) => Math.sin(i * i * 0.37) * 3)
        const run = (): Float32Array => jit(f)(array(data).reshape([2 * rows, length])).dataSync() as Float32Array
        setBackend(createReference())
        const expected = run()
        setBackend(backend)
        const results = (['forward', 'reverse', 'shuffle'] as const).map(threads => {
          fake.set({ threads, blocks: threads })
          return run()
        })
        for (const result of results) expect(Buffer.from(result.buffer).equals(Buffer.from((results[0] as Float32Array).buffer))).toBe(true)
        results[0]?.forEach((v, i) =>
          expect(Math.abs(v - (expected[i] as number))).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected[i] as number))),
        )
      }),
      { numRuns: 6 },
    )
  })

  test('is one launch', () => {
    setBackend(backend)
    const g = jit(f),
      x = array(new Float32Array(64 * 32).fill(1)).reshape([64, 32])
    g(x).dataSync()
    const before = fake.log().length
    g(x).dataSync()
    expect(
      fake
        .log()
        .slice(before)
        .map(l => l.name),
    ).toEqual([expect.stringMatching(/^rows_/)])
  })
})

describe('Loops that are not one launch', () => {
  interface Layout {
    readonly rows?: number
    readonly length?: number
    /** Begin of the temporary that the first Loop reads, and of the one that the second writes; both have all points. */
    readonly from?: number
    readonly to?: number
    /** Of the second Loop's load. */
    readonly map?: Affine
  }

  /** The sum of each row of buffer 0, then `b2 = b0 / sum`. */
  function groups({ rows = 300, length = 8, from = 0, to = 1 << 20, map }: Layout): number {
    const size = rows * length,
      element: Affine = { offset: 0, strides: [length, 1] },
      sums: Loop = {
        kind: 'loop',
        extents: [rows, length],
        parallel: 1,
        body: [{ op: 'load', buffer: 0, dtype: 'float32', map: element }],
        bodyStores: [],
        reductions: [{ op: 'sum', dtype: 'float32', value: 0 }],
        epilogue: [{ op: 'reduced', dtype: 'float32', index: 0 }],
        stores: [{ buffer: 1, map: { offset: 0, strides: [1] }, value: 0 }],
      }
    const quotients: Loop = {
      kind: 'loop',
      extents: [rows, length],
      parallel: 2,
      body: [],
      bodyStores: [],
      reductions: [],
      epilogue: [
        { op: 'load', buffer: 0, dtype: 'float32', map: element },
        { op: 'load', buffer: 1, dtype: 'float32', map: map ?? { offset: 0, strides: [1, 0] } },
        { op: 'div', dtype: 'float32', args: [0, 1] },
      ],
      stores: [{ buffer: 2, map: element, value: 2 }],
    }
    const at = (offset: number, n: number): KernelGraph['buffers'][number] => ({
      dtype: 'float32',
      size: n,
      place: { kind: 'temporary', offset },
    })
    const graph: KernelGraph = {
      buffers: [at(from, size), at(1 << 22, rows), at(to, size)],
      inputs: [],
      outputs: [],
      kernels: [sums, quotients],
      arena: 1 << 23,
      donations: [],
    }
    return chainsOf(graph, graph.kernels).length
  }

  test('rows, disjoint or in place, are one', () => {
    expect(groups({})).toBe(1)
    expect(groups({ to: 0 })).toBe(1)
    expect(groups({ rows: 3, length: 4000 })).toBe(1)
  })

  test('a result over another part of the source, which other rows still read', () => {
    expect(groups({ to: 64 })).toBe(2)
    expect(groups({ from: 4096, to: 0 })).toBe(2)
  })

  test("sums of other rows, which may not be there yet, or of this one's and others", () => {
    expect(groups({ map: { offset: 299, strides: [-1, 0] } })).toBe(2)
    expect(groups({ map: { offset: 0, strides: [0, 1] } })).toBe(2)
    expect(groups({ map: { offset: 1, strides: [1, 0] } })).toBe(2)
  })

  test('rows too long for the cache, or too few for all multiprocessors', () => {
    expect(groups({ rows: 300, length: 5000 })).toBe(2)
    expect(groups({ rows: 100, length: 4000 })).toBe(2)
  })
})
