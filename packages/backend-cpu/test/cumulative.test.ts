import { type Cumulative, hostArray } from '@cotangent/core/kernel'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { filled } from './arbitrary-loop.ts'
import { interpret, runKernel } from './kernel-kit.ts'

const axis = fc.constantFrom(0, 1, 2, 3, 4, 5, 8, 9, 13)
const kernels = fc.record({
  kind: fc.constant('cumulative' as const),
  op: fc.constantFrom<Cumulative['op']>('sum', 'prod', 'max', 'min'),
  dtype: fc.constantFrom<Cumulative['dtype']>('float32', 'float64', 'int32', 'uint32'),
  outer: axis,
  length: fc.constantFrom(0, 1, 2, 7, 40),
  inner: axis,
  reverse: fc.boolean(),
  input: fc.constant(0),
  output: fc.constant(1),
})

test('running reductions in both directions equal the reference', () => {
  fc.assert(
    fc.property(kernels, fc.nat({ max: 1000 }), (kernel, seed) => {
      const size = kernel.outer * kernel.length * kernel.inner,
        spec = { dtype: kernel.dtype, size }
      const data = [filled(seed, kernel.dtype, size), hostArray(kernel.dtype, size)]
      expect(runKernel(kernel, [spec, spec], data, { split: true })).toEqual(interpret(kernel, data))
    }),
    { numRuns: 200 },
  )
})

test('NaN stays once it is met', () => {
  const kernel: Cumulative = {
    kind: 'cumulative',
    op: 'max',
    dtype: 'float32',
    outer: 1,
    length: 5,
    inner: 1,
    reverse: false,
    input: 0,
    output: 1,
  }
  const spec = { dtype: 'float32', size: 5 } as const
  const [, out] = runKernel(kernel, [spec, spec], [Float32Array.of(1, 3, NaN, 9, 2), new Float32Array(5)])
  expect([...(out as Float32Array)]).toEqual([1, 3, NaN, NaN, NaN])
})

test('a long float32 sum does not drift', () => {
  const size = 100_000,
    kernel: Cumulative = {
      kind: 'cumulative',
      op: 'sum',
      dtype: 'float32',
      outer: 1,
      length: size,
      inner: 1,
      reverse: false,
      input: 0,
      output: 1,
    }
  const spec = { dtype: 'float32', size } as const
  const [, out] = runKernel(kernel, [spec, spec], [new Float32Array(size).fill(0.1), new Float32Array(size)])
  expect(out?.[size - 1]).toBe(Math.fround(size * Math.fround(0.1)))
})

test('sums that begin with -0 do', () => {
  for (const inner of [1, 4])
    for (const reverse of [false, true]) {
      const kernel: Cumulative = {
        kind: 'cumulative',
        op: 'sum',
        dtype: 'float32',
        outer: 2,
        length: 6,
        inner,
        reverse,
        input: 0,
        output: 1,
      }
      const size = 12 * inner,
        spec = { dtype: 'float32', size } as const,
        data = [new Float32Array(size).fill(-0), new Float32Array(size)]
      expect(runKernel(kernel, [spec, spec], data)).toEqual([data[0], data[0]])
    }
})
