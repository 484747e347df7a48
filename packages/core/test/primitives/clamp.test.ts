import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clip } from '../../src/primitives/clamp.ts'
import type { Tensor } from '../../src/tensor.ts'
import { arbBroadcast, drawn, input } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { float, int, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  const range = fc.constantFrom<readonly [number, number]>([-0.9, 0.9], [-4, -2], [2, 4])
  checkLaws(
    'clip',
    drawn(fc.tuple(arbBroadcast, range), ([[a, b], at]) => ({
      inputs: [input(a, 'float32', at), input(b, 'float32', [-2, -1]), input(a, 'float32', [1, 2])],
      call: (x, low, high) => clip(x as Tensor, low as Tensor, high as Tensor),
    })),
  )
})

test('values', () => {
  expect(values(clip(float(-5, 0, 5, NaN), -1, 1))).toEqual([-1, 0, 1, NaN])
  expect(values(clip(int(-5, 5), 0, null))).toEqual([0, 5])
  expect(values(clip(int(-5, 5), null, 0))).toEqual([-5, 0])
  expect(values(clip(float(0), 3, 2))).toEqual([2])
})
test('the gradient passes strictly inside the bounds', () => {
  const slope = (x: number): number => grad((t: Tensor) => clip(t, 0, 1))(x).item()
  expect([-1, 0, 0.5, 1, 2].map(slope)).toEqual([0, 0, 1, 0, 0])
})
