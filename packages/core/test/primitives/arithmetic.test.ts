import { describe, expect, test } from 'vitest'
import {
  abs,
  add,
  divide,
  floorDivide,
  fmod,
  maximum,
  minimum,
  multiply,
  negative,
  remainder,
  sign,
  subtract,
} from '../../src/primitives/arithmetic.ts'
import type { Tensor } from '../../src/tensor.ts'
import { binaryCases, integers, unaryCases } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { bool, double, float, int, uint, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  checkLaws('add', binaryCases(add))
  checkLaws('subtract', binaryCases(subtract))
  checkLaws('multiply', binaryCases(multiply))
  checkLaws(
    'divide',
    binaryCases(
      divide,
      [
        [-2, 2],
        [0.5, 2],
      ],
      ['float32'],
    ),
  )
  checkLaws(
    'fmod',
    binaryCases(
      fmod,
      [
        [-2, 2],
        [3, 4],
      ],
      ['float32'],
    ),
  )
  checkLaws('negative', unaryCases(negative))
  checkLaws('abs', unaryCases(abs, [0.1, 2]))
  checkLaws('sign', unaryCases(sign, [-2, -0.1]))
  checkLaws(
    'maximum',
    binaryCases(maximum, [
      [-2, -1],
      [1, 2],
    ]),
  )
  checkLaws(
    'minimum',
    binaryCases(minimum, [
      [-2, -1],
      [1, 2],
    ]),
  )
  for (const [name, f] of Object.entries({ fmod, remainder, floorDivide }))
    checkLaws(`${name} of integers`, binaryCases(f, undefined, integers), { differentiable: false })
  checkLaws('add of bool', binaryCases(add, undefined, ['bool']), { differentiable: false })
  checkLaws('multiply of bool', binaryCases(multiply, undefined, ['bool']), { differentiable: false })
})

describe('values', () => {
  test('remainder has the sign of the divisor, fmod that of the dividend', () => {
    expect(values(remainder(float(-7, 7, -7, 7), float(3, -3, -3, 3)))).toEqual([2, -2, -1, 1])
    expect(values(fmod(int(-7, 7, -7, 7), int(3, -3, -3, 3)))).toEqual([-1, 1, -1, 1])
    expect(values(remainder(int(-7, 7, -7, 7), int(3, -3, -3, 3)))).toEqual([2, -2, -1, 1])
  })
  test('floorDivide rounds down', () => {
    expect(values(floorDivide(int(-7, 7, -6, 7), int(3, -3, 3, 3)))).toEqual([-3, -3, -2, 2])
    expect(values(floorDivide(uint(7), uint(2)))).toEqual([3])
    expect(values(floorDivide(float(-7, 7), 2))).toEqual([-4, 3])
  })
  test('integers wrap, and divide to float32', () => {
    expect(values(add(int(2147483647), 1))).toEqual([-2147483648])
    expect(values(multiply(int(65536), int(65537)))).toEqual([65536])
    const half = divide(int(1), int(2))
    expect([half.dtype, values(half)]).toEqual(['float32', [0.5]])
  })
  test('maximum of NaN is NaN; division by zero as IEEE 754', () => {
    expect(values(maximum(float(NaN, 1), float(1, NaN)))).toEqual([NaN, NaN])
    expect(values(divide(float(1, -1, 0), 0))).toEqual([Infinity, -Infinity, NaN])
  })
  test('bool: add is or, multiply is and', () => {
    expect(values(add(bool(true, true, false), bool(true, false, false)))).toEqual([true, true, false])
    expect(values(multiply(bool(true, true, false), bool(true, false, false)))).toEqual([true, false, false])
  })
  test('numbers beside float64 keep their digits', () => {
    expect(values(add(double(1), 0.1))).toEqual([1.1])
  })
})

describe('kinks, as JAX', () => {
  const at = (f: (x: Tensor) => Tensor, x: number): number => grad(f)(x).item()
  test('abs has derivative 0 at 0, sign everywhere', () => {
    expect([at(abs, 0), at(abs, -2), at(sign, 3)]).toEqual([0, -1, 0])
  })
  test('maximum and minimum share at ties', () => {
    expect([at(x => maximum(x, 1), 1), at(x => minimum(x, 1), 1), at(x => maximum(x, 1), 2), at(x => maximum(x, 1), 0)]).toEqual([
      0.5, 0.5, 1, 0,
    ])
  })
})

test('refusals name the public function, the dtypes or shapes, and the remedy', () => {
  expect(() => subtract(bool(true), bool(true))).toThrow(
    /subtract: needs a number \(not bool\), got bool\[1\], bool\[1\]. Convert with astype/,
  )
  expect(() => negative(bool(true))).toThrow(/negative: needs a number/)
  expect(() => subtract(float(1, 2), float(1, 2, 3))).toThrow(/subtract: shapes \[2\] and \[3\] do not broadcast.*Reshape/)
})
