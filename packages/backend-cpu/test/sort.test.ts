import { type BufferSpec, type ComputeDType, computeDTypes, hostArray, type Sort, type TypedArray } from '@cotangent/core/kernel'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomInts } from './arbitrary-loop.ts'
import { interpret, runKernel } from './kernel-kit.ts'

/** Sorts keys, an int32 iota and a float64 buffer by the keys. */
function check(keys: TypedArray, dtype: ComputeDType, rows: number, length: number): void {
  const size = rows * length,
    types: readonly ComputeDType[] = [dtype, 'int32', 'float64']
  const kernel: Sort = { kind: 'sort', rows, length, inputs: [0, 1, 2], outputs: [3, 4, 5] }
  const buffers: BufferSpec[] = [...types, ...types].map(d => ({ dtype: d, size }))
  const data = [
    keys,
    Int32Array.from({ length: size }, (_, i) => i),
    Float64Array.from({ length: size }, (_, i) => -i),
    ...types.map(d => hostArray(d, size)),
  ]
  const wanted = interpret(kernel, data)
  expect(runKernel(kernel, buffers, data, { split: true })).toEqual(wanted)
}

const values: Readonly<Record<ComputeDType, readonly number[]>> = {
  float32: [0, -0, NaN, 1, -1, Infinity, -Infinity, 1e-45, -1e-45, 3e38, 0.5],
  float64: [0, -0, NaN, 1, -1, Infinity, -Infinity, 5e-324, -5e-324, 1e300, -1e300, 0.5],
  int32: [0, 1, -1, 2147483647, -2147483648, 256, 65536],
  uint32: [0, 1, 4294967295, 2147483648, 256, 65536],
  bool: [0, 1],
}

describe.each(computeDTypes)('%s', dtype => {
  test('few distinct values: stable, in any length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 120 }), fc.integer(), (rows, length, seed) => {
        const random = randomInts(seed)
        check(
          hostArray(dtype, rows * length).map(() => values[dtype][random(values[dtype].length)] as number),
          dtype,
          rows,
          length,
        )
      }),
      { numRuns: 60 },
    )
  })

  test('many distinct values', () => {
    const random = randomInts(5)
    const draw = (): number =>
      dtype === 'float32' || dtype === 'float64' ? (random(2 ** 31) - 2 ** 30) * 2 ** (random(60) - 50) : random(2 ** 32 - 1)
    check(hostArray(dtype, 6000).map(draw), dtype, 2, 3000)
    check(hostArray(dtype, 5000).map(draw), dtype, 1, 5000)
  })

  test('NaN with any sign and payload is last and keeps its place among NaNs', () => {
    if (dtype !== 'float32') return
    const bits = Uint32Array.from({ length: 100 }, (_, i) => (i % 3 === 0 ? 0xffc00000 + i : i % 3 === 1 ? 0x7fc00000 + i : 0x3f800000))
    check(new Float32Array(bits.buffer), 'float32', 1, 100)
  })
})
