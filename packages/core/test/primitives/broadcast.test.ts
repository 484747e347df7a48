import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { add } from '../../src/primitives/arithmetic.ts'
import { broadcastArrays, broadcastTo } from '../../src/primitives/broadcast.ts'
import { zeros } from '../../src/numpy/creation.ts'
import { broadcastShapes } from '../../src/shape.ts'
import type { Tensor } from '../../src/tensor.ts'
import { arbBroadcast, drawn, exact, input } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { float, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  checkLaws(
    'broadcastTo',
    drawn(arbBroadcast, ([a, b]) => {
      const target = broadcastShapes('test', a, b)
      return { inputs: [input(a, 'float32')], call: x => broadcastTo(x as Tensor, target) }
    }),
    { accuracy: exact },
  )
})

/** From NumPy's definition: sizes of 1 are repeated, missing axes are added in front. */
function naive(a: readonly number[], b: readonly number[]): number[] | null {
  const n = Math.max(a.length, b.length)
  const at = (s: readonly number[], k: number): number => s[k - (n - s.length)] ?? 1
  const sizes = Array.from({ length: n }, (_, k) => [at(a, k), at(b, k)] as const)
  return sizes.every(([p, q]) => p === q || p === 1 || q === 1) ? sizes.map(([p, q]) => (p === 1 ? q : p)) : null
}

test('shapes broadcast as in NumPy', () => {
  const anyShape = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 })
  fc.assert(
    fc.property(anyShape, anyShape, (a, b) => {
      const expected = naive(a, b)
      if (expected === null) expect(() => add(zeros(a), zeros(b))).toThrow(/add: shapes .* do not broadcast/)
      else expect(add(zeros(a), zeros(b)).shape).toEqual(expected)
    }),
    { numRuns: 60 },
  )
})
test('values', () => {
  expect(values(broadcastTo(float(1, 2), [2, 2]))).toEqual([
    [1, 2],
    [1, 2],
  ])
  const [a, b] = broadcastArrays(float(1, 2), float(1, 2, 3).reshape([3, 1])) as [Tensor, Tensor]
  expect([a.shape, b.shape]).toEqual([
    [3, 2],
    [3, 2],
  ])
})
test('refuses what does not fit', () =>
  expect(() => broadcastTo(float(1, 2), [3])).toThrow(/broadcastTo: shape \[2\] does not broadcast to \[3\].*expandDims/))
