import { type BufferSpec, type DType, hostArray, type Sort, type TypedArray } from '@cotangent/core/kernel'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { randomInts } from '../../backend-cpu/test/arbitrary-loop.ts'
import { interpret, runKernel } from './draw.ts'
import { backendFor } from './kit.ts'

const backend = backendFor({ debug: true })
afterAll(() => backend.dispose())

/** Sorts keys, an int32 iota and `more` buffers of uint32 by the keys. */
function check(keys: TypedArray, dtype: DType, rows: number, length: number, more = 1): void {
  const size = rows * length,
    types: readonly DType[] = [dtype, 'int32', ...new Array<DType>(more).fill('uint32')],
    n = types.length
  const kernel: Sort = { kind: 'sort', rows, length, inputs: types.map((_, i) => i), outputs: types.map((_, i) => n + i) }
  const buffers: BufferSpec[] = [...types, ...types].map(d => ({ dtype: d, size }))
  const followers = types.slice(1).map((d, k) => hostArray(d, size).map((_, i) => i * (k + 1)))
  const data = [keys, ...followers, ...types.map(d => hostArray(d, size))]
  expect(runKernel(backend, kernel, buffers, data)).toEqual(interpret(kernel, data))
}

const values = {
  float32: [0, -0, NaN, 1, -1, Infinity, -Infinity, 1e-45, -1e-45, 3e38, 0.5],
  int32: [0, 1, -1, 2147483647, -2147483648, 256, 65536],
  uint32: [0, 1, 4294967295, 2147483648, 256, 65536],
  bool: [0, 1],
} as const

describe.each(['float32', 'int32', 'uint32', 'bool'] as const)('%s', dtype => {
  test('few distinct values: stable, in any length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 120 }), fc.integer(), (rows, length, seed) => {
        const random = randomInts(seed)
        const draw = (): number => values[dtype][random(values[dtype].length)] as number
        check(hostArray(dtype, rows * length).map(draw), dtype, rows, length)
      }),
      { numRuns: 30 },
    )
  })

  test('many distinct values', () => {
    const random = randomInts(5)
    const draw = (): number => {
      if (dtype === 'bool') return random(2)
      return dtype === 'float32' ? (random(2 ** 31) - 2 ** 30) * 2 ** (random(60) - 50) : random(2 ** 32 - 1)
    }
    check(hostArray(dtype, 6000).map(draw), dtype, 2, 3000)
    check(hostArray(dtype, 5003).map(draw), dtype, 1, 5003)
  })
})

test('NaN with any sign and payload is last and keeps its place among NaNs', () => {
  const bits = Uint32Array.from({ length: 100 }, (_, i) => (i % 3 === 0 ? 0xffc00000 + i : i % 3 === 1 ? 0x7fc00000 + i : 0x3f800000))
  check(new Float32Array(bits.buffer), 'float32', 1, 100)
})

test('more followers than one draw has targets', () => {
  check(
    Float32Array.from({ length: 50 }, (_, i) => Math.sin(i)),
    'float32',
    5,
    10,
    11,
  )
})
