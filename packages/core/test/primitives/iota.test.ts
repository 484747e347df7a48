import { expect, test } from 'vitest'
import { iota } from '../../src/primitives/iota.ts'
import type { Tensor } from '../../src/tensor.ts'
import { jit } from '../../src/transforms/jit.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { useReference } from '../support/laws.ts'
import { float, values } from '../support/values.ts'

useReference()

test('counts along one axis', () => {
  expect(values(iota([2, 3]))).toEqual([
    [0, 0, 0],
    [1, 1, 1],
  ])
  expect(values(iota([2, 3], { axis: -1, dtype: 'float32' }))).toEqual([
    [0, 1, 2],
    [0, 1, 2],
  ])
  expect(values(iota([0]))).toEqual([])
})
test('inside jit and vmap', () => {
  const f = (x: Tensor): Tensor => x.mul(iota([2], { dtype: 'float32' }))
  expect(values(jit(f)(float(3, 4)))).toEqual([0, 4])
  expect(values(vmap(f)(float(3, 4)))).toEqual([
    [0, 3],
    [0, 4],
  ])
})
test('refusals', () => {
  expect(() => iota([2], { dtype: 'bool' })).toThrow(/iota: bool cannot count/)
  expect(() => iota([-1])).toThrow(/iota: a shape holds non-negative integers/)
})
