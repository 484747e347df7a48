import { describe, expect, test } from 'vitest'
import { formatArray } from '../src/format.ts'

// Expected texts: NumPy 2 (`np.array2string(x, separator=', ')`), apart from true and false.
const f32 = (...xs: number[]): string => formatArray(Float32Array.from(xs), [xs.length], 'float32')

describe('floats', () => {
  test('as few digits as tell float32 values apart, aligned', () => {
    expect(f32(0.1, 0.25, 100)).toBe('[  0.1 ,   0.25, 100.  ]')
    expect(f32(1 / 3, 2)).toBe('[0.33333334, 2.        ]')
    expect(f32(1, 2, 3)).toBe('[1., 2., 3.]')
    expect(f32(-0, 0)).toBe('[-0.,  0.]')
  })
  test('scientific where sizes differ too much', () => {
    expect(f32(1e-10, 1)).toBe('[1.e-10, 1.e+00]')
    expect(f32(1.5e9, -2)).toBe('[ 1.5e+09, -2.0e+00]')
    expect(f32(1e8)).toBe('[1.e+08]')
  })
  test('NaN and infinities', () => expect(f32(NaN, Infinity, -1)).toBe('[nan, inf, -1.]'))
  test('float64 to 8 decimals', () => expect(formatArray(Float64Array.of(Math.PI), [1], 'float64')).toBe('[3.14159265]'))
})

describe('shapes', () => {
  const range = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i)
  test('scalars, empty arrays, booleans', () => {
    expect(formatArray([7], [], 'int32')).toBe('7')
    expect(formatArray([], [0], 'int32')).toBe('[]')
    expect(formatArray([], [2, 0], 'float32')).toBe('[[],\n []]')
    expect(formatArray([1, 0], [2], 'bool')).toBe('[ true, false]')
  })
  test('axes break lines, with blank lines between matrices', () => {
    expect(formatArray(range(8), [2, 2, 2], 'int32')).toBe('[[[0, 1],\n  [2, 3]],\n\n [[4, 5],\n  [6, 7]]]')
    expect(formatArray(range(4), [2, 2], 'int32', 4)).toBe('[[0, 1],\n     [2, 3]]')
  })
  test('long rows wrap before column 75', () => {
    const lines = formatArray(range(100), [100], 'int32').split('\n')
    expect(Math.max(...lines.map(l => l.length))).toBeLessThanOrEqual(76)
    expect(lines[1]).toMatch(/^ \d/)
  })
  test('more than 1000 elements are elided', () => {
    expect(formatArray(range(2000), [2000], 'int32')).toBe('[   0,    1,    2, ..., 1997, 1998, 1999]')
    expect(formatArray(range(2000), [1000, 2], 'int32')).toBe(
      '[[   0,    1],\n [   2,    3],\n [   4,    5],\n ...,\n [1994, 1995],\n [1996, 1997],\n [1998, 1999]]',
    )
  })
})
