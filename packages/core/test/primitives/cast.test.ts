import { describe, expect, test } from 'vitest'
import type { DType } from '../../src/dtype.ts'
import { add, multiply } from '../../src/primitives/arithmetic.ts'
import { astype, bitcast, promoteOperands } from '../../src/primitives/cast.ts'
import type { Tensor, TensorLike } from '../../src/tensor.ts'
import { all, unaryCases } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { bool, double, float, int, uint, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  for (const dtype of ['int32', 'uint32', 'bool', 'float64'] as const)
    checkLaws(
      `astype ${dtype}`,
      unaryCases(x => astype(x, dtype), undefined, all),
      { differentiable: dtype === 'float64' },
    )
})

test('floats to integers truncate and saturate', () => {
  const x = float(1.9, -1.9, 3e9, -3e9, NaN, Infinity)
  expect(values(astype(x, 'int32'))).toEqual([1, -1, 2147483647, -2147483648, 0, 2147483647])
  expect(values(astype(x, 'uint32'))).toEqual([1, 0, 3000000000, 0, 0, 4294967295])
  expect(values(astype(x, 'bool'))).toEqual([true, true, true, true, true, true])
})
test('between integers the bits stay', () => {
  expect(values(astype(int(-1), 'uint32'))).toEqual([4294967295])
  expect(values(astype(uint(4294967295), 'int32'))).toEqual([-1])
})
test('bitcast reads the same 32 bits', () => {
  expect(values(bitcast(float(1), 'int32'))).toEqual([0x3f800000])
  expect(values(bitcast(uint(0x3f800000), 'float32'))).toEqual([1])
  expect(() => bitcast(double(1), 'int32')).toThrow(/bitcast: from f64\[1\] to int32: both must have 32 bits/)
})
test('the gradient passes between floats and stops at integers', () => {
  expect(grad((x: Tensor) => astype(multiply(astype(x, 'float64'), 3), 'float32'))(1).item()).toBe(3)
  expect(grad((x: Tensor) => multiply(x, astype(astype(x, 'int32'), 'float32')))(2.5).item()).toBe(2)
})
test('an unknown dtype is named', () =>
  expect(() => astype(1, 'int16' as DType)).toThrow(/astype: unknown dtype "int16". Use one of float32/))

describe('promotion of operands', () => {
  const types = (...xs: readonly TensorLike[]): string =>
    promoteOperands('test', ...xs)
      .map(t => t.dtype + (t.aval.weak ? '~' : ''))
      .join(' ')
  test('a number yields to tensors of its kind', () => {
    expect(types(int(1), 2)).toBe('int32 int32~')
    expect(types(uint(1), -1)).toBe('uint32 uint32~')
    expect(types(int(1), 0.5)).toBe('float32~ float32~')
    expect(types(int(1), 2 ** 40)).toBe('float32~ float32~')
    expect(types(float(1), 2)).toBe('float32 float32~')
    expect(types(double(1), 0.5)).toBe('float64 float64')
    expect(types(bool(true), 2)).toBe('float32~ float32~')
    expect(types(1, 2)).toBe('float32~ float32~')
    expect(types(int(1), true)).toBe('int32 int32')
  })
  test('results of numbers with integers stay weak until they meet a strong type', () => {
    const y = add(int(1), 0.5)
    expect([y.dtype, y.aval.weak, add(y, double(1)).dtype, add(y, float(1)).aval.weak]).toEqual(['float32', true, 'float64', false])
  })
  test('a number stays a number under jit', () => expect(jit((x: Tensor) => add(x, 1))(int(1)).dtype).toBe('int32'))
})
