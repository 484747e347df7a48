import { describe, expect, test } from 'vitest'
import { deg2rad, diff, exp2, hypot, log10, log2, nanToNum, rad2deg, sinc } from '../../src/numpy/math.ts'
import type { Tensor } from '../../src/tensor.ts'
import { binaryCases, ulps, unaryCases } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { double, float, int, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  const accuracy = ulps(16, 'several operations')
  checkLaws('exp2', unaryCases(exp2), { accuracy })
  checkLaws('log2', unaryCases(log2, [2.5, 5]), { accuracy })
  checkLaws('log10', unaryCases(log10, [2.5, 5]), { accuracy })
  checkLaws('sinc', unaryCases(sinc, [0.1, 0.9]), { accuracy })
  checkLaws(
    'hypot',
    binaryCases(
      hypot,
      [
        [0.2, 1],
        [1.5, 3],
      ],
      ['float32'],
    ),
    { accuracy },
  )
  checkLaws(
    'nanToNum',
    unaryCases(x => nanToNum(x)),
  )
  checkLaws(
    'diff',
    unaryCases(x => diff(x.reshape([-1]))),
    { accuracy },
  )
})

test('values', () => {
  expect(values(exp2(int(0, 3, 10)))).toEqual([1, 8, 1024])
  expect(values(log2(float(8, 1024)))).toEqual([3, 10])
  expect(values(hypot(float(3, 0, 3e30, Infinity, 0), float(-4, 0, 4e30, 1, 2)))).toEqual([5, 0, Math.fround(5e30), Infinity, 2])
  expect(values(hypot(float(-Infinity, NaN, NaN, Infinity), float(NaN, Infinity, 1, -Infinity)))).toEqual([
    Infinity,
    Infinity,
    NaN,
    Infinity,
  ])
  expect(values(deg2rad(double(180)))).toEqual([Math.PI])
  expect(values(rad2deg(double(Math.PI)))).toEqual([180])
  expect(values(diff(int(1, 4, 9, 16)))).toEqual([3, 5, 7])
  expect(values(diff(int(1, 4, 9, 16), { n: 2 }))).toEqual([2, 2])
})
test('nanToNum', () => {
  const x = float(NaN, Infinity, -Infinity, 1)
  expect(values(nanToNum(x))).toEqual([0, 3.4028234663852886e38, -3.4028234663852886e38, 1])
  expect(values(nanToNum(x, { nan: -1, posinf: 2, neginf: 3 }))).toEqual([-1, 2, 3, 1])
})
test('sinc has two derivatives at 0', () => {
  const second = grad(grad((x: Tensor) => sinc(x)))(0).item()
  expect([sinc(0).item(), grad((x: Tensor) => sinc(x))(0).item()]).toEqual([1, 0])
  expect(second).toBeCloseTo(-(Math.PI ** 2) / 3, 5)
})
