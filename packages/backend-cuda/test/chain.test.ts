/** Loops over the same rows as one launch: softmax, its gradient and a normalisation, against the reference and run by run. */
import { array, exp, grad, jit, max, mean, type Tensor, square, sqrt, sum } from '@cotangent/core'
import { setBackend } from '../../core/src/backend/current.ts'
import { createReference } from '../../core/src/backend/reference.ts'
import fc from 'fast-check'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
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
