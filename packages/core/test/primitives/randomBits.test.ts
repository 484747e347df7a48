import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ones } from '../../src/numpy/creation.ts'
import { foldInData, randomBits } from '../../src/primitives/randomBits.ts'
import { sum } from '../../src/primitives/reduce.ts'
import { astype } from '../../src/primitives/cast.ts'
import type { Tensor } from '../../src/tensor.ts'
import { drawn, exact, input } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { uint } from '../support/values.ts'

useReference()
const shape = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 })
const integers = { accuracy: exact, differentiable: false }

checkLaws(
  'randomBits',
  drawn(fc.record({ batch: shape, shape }), ({ batch, shape }) => ({
    inputs: [input([...batch, 2], 'uint32')],
    call: key => randomBits(key as Tensor, shape),
  })),
  integers,
)
checkLaws(
  'foldIn of broadcast keys and data',
  drawn(fc.record({ batch: shape, keyHasBatch: fc.boolean() }), ({ batch, keyHasBatch }) => ({
    inputs: [input(keyHasBatch ? [...batch, 2] : [2], 'uint32'), input([...batch, 1], 'uint32')],
    call: (key, data) => foldInData(key as Tensor, data as Tensor),
  })),
  integers,
)

test('an element depends on its position alone: a longer draw begins with a shorter one', () => {
  const key = uint(3, 4)
  expect(Array.from(randomBits(key, [7]).dataSync()).slice(0, 5)).toEqual(Array.from(randomBits(key, [5]).dataSync()))
})

test('refusals', () => {
  expect(() => randomBits(ones([2]), [3])).toThrow(/a key is uint32 with a last axis of size 2, got f32\[2\].*random\.key/)
  expect(() => foldInData(uint(1, 2), ones([1]))).toThrow(/foldIn: data must be uint32/)
  expect(() => grad((x: Tensor) => sum(astype(randomBits(astype(x, 'uint32'), [2]), 'float32')))(ones([2]) as never)).not.toThrow()
})
