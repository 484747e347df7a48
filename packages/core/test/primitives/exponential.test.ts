import { describe, expect, test } from 'vitest'
import {
  exp,
  expm1,
  floatPower,
  log,
  log1p,
  logaddexp,
  logistic,
  power,
  reciprocal,
  sqrt,
  square,
} from '../../src/primitives/exponential.ts'
import type { Tensor } from '../../src/tensor.ts'
import { binaryCases, ulps, unaryCases } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { double, float, int, uint, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  checkLaws('exp', unaryCases(exp))
  checkLaws('expm1', unaryCases(expm1))
  checkLaws('log', unaryCases(log, [0.5, 3]))
  checkLaws('log1p', unaryCases(log1p, [-0.5, 3]))
  checkLaws('sqrt', unaryCases(sqrt, [0.5, 3]))
  checkLaws('square', unaryCases(square))
  checkLaws('reciprocal', unaryCases(reciprocal, [0.5, 3]))
  checkLaws(
    'power',
    binaryCases(
      power,
      [
        [0.5, 2],
        [-2, 2],
      ],
      ['float32'],
    ),
  )
  checkLaws(
    'power to integers',
    unaryCases(x => power(x, 5)),
  )
  checkLaws(
    'power to negative integers',
    unaryCases(x => power(x, -3), [0.5, 2]),
    { accuracy: ulps(16, 'three products and a division') },
  )
  checkLaws('power of integers', binaryCases(power, undefined, ['uint32']), { differentiable: false })
  checkLaws('logistic', unaryCases(logistic, [-4, 4]))
  checkLaws('logaddexp', binaryCases(logaddexp, undefined, ['float32']), { accuracy: { ulp: 4, of: 'largest', reason: 'max + log1p' } })
})

test('logistic is accurate far out, and its derivative finite', () => {
  const xs = [-100, -80, -20, 0, 20, 200, Infinity, -Infinity]
  logistic(float(...xs))
    .dataSync()
    .forEach((v, i) => expect(v).toBeCloseTo(1 / (1 + Math.exp(-(xs[i] as number))), 6))
  expect(logistic(float(-20)).dataSync()[0]).toBeCloseTo(2.0611536e-9, 15)
  for (const x of xs) expect(Number.isFinite(grad(logistic)(float(x).reshape([])).item())).toBe(true)
})

describe('power', () => {
  const slope = (f: (x: Tensor) => Tensor, x: number): number => grad(f)(x).item()
  test('of integers stays an integer', () => {
    const p = power(int(2, 3, -1, 0, 0, 7), int(10, 3, 65, 0, 5, 1))
    expect([p.dtype, values(p)]).toEqual(['int32', [1024, 27, -1, 1, 0, 7]])
    expect(values(power(uint(3), 20))).toEqual([3486784401])
    expect(power(int(2), -1).dtype).toBe('float32')
    expect(values(floatPower(int(2), int(2)))).toEqual([4])
  })
  test('of negative bases', () => expect(values(power(float(-2, -2), float(3, 0.5)))).toEqual([-8, NaN]))
  test('derivatives are guarded as in JAX', () => {
    expect(slope(x => power(x, float(0).reshape([])), 0)).toBe(0)
    expect(slope(y => power(float(0).reshape([]), y), 2)).toBe(0)
    expect(slope(y => power(float(0).reshape([]), y), 0)).toBe(0)
    expect(slope(x => power(x, 2), 0)).toBe(0)
    expect(grad(grad((x: Tensor) => power(x, 2)))(0).item()).toBe(2)
    expect(slope(x => power(x, 0), 3)).toBe(0)
  })
})

test('logaddexp keeps infinities, and their gradient goes to the winner', () => {
  expect(values(logaddexp(float(-Infinity, Infinity, -Infinity, NaN), float(-Infinity, 1, 2, 1)))).toEqual([-Infinity, Infinity, 2, NaN])
  expect(grad((x: Tensor) => logaddexp(x, -Infinity))(-Infinity).item()).toBe(0.5)
  expect(grad((x: Tensor) => logaddexp(x, 1))(Infinity).item()).toBe(1)
  expect(grad((x: Tensor) => logaddexp(x, x))(3).item()).toBe(1)
})
test('sqrt has an infinite slope at 0', () => expect(grad(sqrt)(0).item()).toBe(Infinity))
test('integers become float32, float64 stays', () => {
  expect(exp(int(0)).dtype).toBe('float32')
  expect(values(exp(double(1)))).toEqual([Math.E])
})
