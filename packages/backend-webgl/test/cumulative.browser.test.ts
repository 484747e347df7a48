import { type Cumulative, hostArray } from '@cotangent/core/kernel'
import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { filled } from '../../backend-cpu/test/arbitrary-loop.ts'
import { interpret, runKernel } from './draw.ts'
import { backendFor } from './kit.ts'

const backend = backendFor({ debug: true })
afterAll(() => backend.dispose())

const axis = fc.constantFrom(0, 1, 2, 3, 4, 5, 8, 9, 13)
const kernels = fc.record({
  kind: fc.constant('cumulative' as const),
  op: fc.constantFrom<Cumulative['op']>('sum', 'prod', 'max', 'min'),
  dtype: fc.constantFrom<Cumulative['dtype']>('float32', 'int32', 'uint32'),
  outer: axis,
  length: fc.constantFrom(0, 1, 2, 7, 16, 40, 65),
  inner: axis,
  reverse: fc.boolean(),
  input: fc.constant(0),
  output: fc.constant(1),
})

/** Data are small powers of two, so that sums and products are exact in any order. */
test('running reductions in both directions equal the reference', () => {
  fc.assert(
    fc.property(kernels, fc.nat({ max: 1000 }), (kernel, seed) => {
      const size = kernel.outer * kernel.length * kernel.inner,
        spec = { dtype: kernel.dtype, size }
      const data = [filled(seed, kernel.dtype, size), hostArray(kernel.dtype, size)]
      expect(runKernel(backend, kernel, [spec, spec], data)).toEqual(interpret(kernel, data))
    }),
    { numRuns: 80 },
  )
})

const along = (op: Cumulative['op'], length: number): Cumulative => ({
  kind: 'cumulative',
  op,
  dtype: 'float32',
  outer: 1,
  length,
  inner: 1,
  reverse: false,
  input: 0,
  output: 1,
})

test('NaN stays once it is met', () => {
  const spec = { dtype: 'float32', size: 5 } as const
  const [out] = runKernel(backend, along('max', 5), [spec, spec], [Float32Array.of(1, 3, NaN, 9, 2), new Float32Array(5)])
  expect([...(out as Float32Array)]).toEqual([1, 3, NaN, NaN, NaN])
})

test('a long float32 sum does not drift', () => {
  const size = 100_000,
    spec = { dtype: 'float32', size } as const
  const [out] = runKernel(backend, along('sum', size), [spec, spec], [new Float32Array(size).fill(0.1), new Float32Array(size)])
  const exact = size * Math.fround(0.1)
  expect(Math.abs((out?.[size - 1] as number) - exact)).toBeLessThan(4 * 2 ** -24 * exact)
})

test('sums that begin with -0 do', () => {
  for (const inner of [1, 4])
    for (const reverse of [false, true]) {
      const kernel: Cumulative = { ...along('sum', 6), outer: 2, inner, reverse },
        size = 12 * inner,
        spec = { dtype: 'float32', size } as const,
        data = [new Float32Array(size).fill(-0), new Float32Array(size)]
      expect(runKernel(backend, kernel, [spec, spec], data)).toEqual([data[0]])
    }
})
