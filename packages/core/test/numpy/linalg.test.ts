import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arange, array, ones } from '../../src/numpy/creation.ts'
import { dot, inner, matmul, matrixTranspose, outer, tensordot, vdot } from '../../src/numpy/linalg.ts'
import { norm, vectorNorm } from '../../src/numpy/norms.ts'
import { reshape } from '../../src/primitives/reshape.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { drawn, input, summed } from '../../src/testing/entry.ts'
import { checkLaws, reductionCases, useReference } from '../support/laws.ts'
import { bool, float, int, values } from '../support/values.ts'

useReference()
const count = (...shape: number[]): Tensor => reshape(arange(shape.reduce((a, b) => a * b, 1)), shape)
const pair = (x: readonly number[], y: readonly number[], call: (x: Tensor, y: Tensor) => Tensor) => ({
  inputs: [input(x, 'float32'), input(y, 'float32')],
  call: (a: unknown, b: unknown) => call(a as Tensor, b as Tensor),
})

describe('laws', () => {
  const size = fc.integer({ min: 1, max: 3 }),
    flags = fc.array(fc.constantFrom('both', 'left', 'right'), { maxLength: 3 })
  checkLaws(
    'matmul with broadcast leading axes',
    drawn(fc.record({ m: size, k: size, n: size, flags, drop: fc.nat(2) }), ({ m, k, n, flags, drop }) => {
      const x = [...flags.map(f => (f === 'right' ? 1 : 2)), m, k],
        y = [...flags.map(f => (f === 'left' ? 1 : 2)).slice(drop), k, n]
      return pair(x, y, matmul)
    }),
    { accuracy: summed() },
  )
  checkLaws(
    'matmul with vectors',
    drawn(fc.record({ k: size, lead: fc.array(size, { maxLength: 2 }), left: fc.boolean() }), ({ k, lead, left }) =>
      left ? pair([k], [...lead, k, 2], matmul) : pair([...lead, 2, k], [k], matmul),
    ),
    { accuracy: summed() },
  )
  checkLaws(
    'tensordot',
    drawn(
      fc.record({ shared: fc.array(size, { maxLength: 2 }), a: fc.array(size, { maxLength: 1 }), b: fc.array(size, { maxLength: 1 }) }),
      ({ shared, a, b }) => pair([...a, ...shared], [...shared, ...b], (x, y) => tensordot(x, y, shared.length)),
    ),
    { accuracy: summed() },
  )
  for (const ord of [2, 1, 3, Infinity, -Infinity])
    checkLaws(
      `vectorNorm of order ${ord}`,
      reductionCases((x, options) => vectorNorm(x, { ...options, ord }), ['float32'], 1, [0.2, 2]),
      { accuracy: summed() },
    )
})

// Values of NumPy 1.24.
describe('values', () => {
  test('matmul', () => {
    expect(values(matmul(count(2, 3), count(3, 2)))).toEqual([
      [10, 13],
      [28, 40],
    ])
    expect(values(matmul(count(3), count(3, 2)))).toEqual([10, 13])
    expect(values(matmul(count(2, 3), count(3)))).toEqual([5, 14])
    expect(values(matmul(count(3), count(3)))).toBe(5)
    expect(matmul(ones([5, 1, 2, 3]), ones([4, 3, 2])).shape).toEqual([5, 4, 2, 2])
    expect(values(matmul(bool(true, false), bool(true, true)))).toBe(true)
    expect([matmul(int(1, 2), int(3, 4)).dtype, values(matmul(int(1, 2), float(0.5, 1)))]).toEqual(['int32', 2.5])
  })
  test('dot, vdot, inner, outer, tensordot', () => {
    expect(dot(count(2, 3, 4), count(5, 4, 2)).shape).toEqual([2, 3, 5, 2])
    expect(values(dot(3, count(3)))).toEqual([0, 3, 6])
    expect(values(vdot(count(2, 2), count(2, 2)))).toBe(14)
    expect(values(inner(count(2, 2), count(2, 2)))).toEqual([
      [1, 3],
      [3, 13],
    ])
    expect(values(outer(count(2), count(3)))).toEqual([
      [0, 0, 0],
      [0, 1, 2],
    ])
    expect(values(tensordot(count(2, 3), count(2, 3)))).toBe(55)
    expect(values(tensordot(count(2, 3), count(3, 2), [[0], [1]]))).toEqual([
      [3, 9, 15],
      [4, 14, 24],
      [5, 19, 33],
    ])
    expect(matrixTranspose(ones([2, 3, 4])).shape).toEqual([2, 4, 3])
  })
  test('norms', () => {
    const m = array([
      [1, -2],
      [3, 4],
    ])
    expect(
      [
        norm(m),
        norm(m, { ord: 'fro' }),
        norm(m, { ord: 1 }),
        norm(m, { ord: -1 }),
        norm(m, { ord: Infinity }),
        norm(m, { ord: -Infinity }),
      ].map(t => t.item()),
    ).toEqual([Math.fround(Math.sqrt(30)), Math.fround(Math.sqrt(30)), 6, 4, 7, 3])
    expect(values(norm(m, { ord: 1, axis: 0 }))).toEqual([4, 6])
    expect(norm(m, { ord: Infinity, axis: [0, 1], keepdims: true }).shape).toEqual([1, 1])
    expect(vectorNorm(float(3, 0, 4), { ord: 0 }).item()).toBe(2)
  })
  test('the gradient of a norm at zero is zero', () => {
    for (const ord of [1, 2, 3, 1.5])
      expect(values(grad((x: Tensor) => vectorNorm(x, { ord }))(float(0, 0) as never) as Tensor)).toEqual([0, 0])
    expect(values(grad((x: Tensor) => vectorNorm(x))(float(3, 4) as never) as Tensor)).toEqual([Math.fround(0.6), Math.fround(0.8)])
  })
})

describe('refusals', () => {
  test('name shapes and remedy', () => {
    expect(() => matmul(ones([2, 3]), ones([2, 3]))).toThrow(/matmul: shapes \[2, 3\] and \[2, 3\] do not fit.*Transpose or reshape/)
    expect(() => matmul(2, ones([2]))).toThrow(/matmul: operands need at least one axis/)
    expect(() => matmul(ones([2, 2, 3]), ones([3, 3, 2]))).toThrow(/matmul: shapes \[2\] and \[3\] do not broadcast/)
    expect(() => tensordot(ones([2, 3]), ones([2, 3]), 1)).toThrow(/tensordot: axes \[1\] of \[2, 3\] and \[0\] of \[2, 3\] do not pair up/)
    expect(() => norm(ones([2, 2, 2]), { ord: 1 })).toThrow(/norm: ord 1 needs one axis/)
    expect(() => norm(ones([2, 2]), { ord: 3 })).toThrow(/norm: ord 3 is not available/)
  })
})
