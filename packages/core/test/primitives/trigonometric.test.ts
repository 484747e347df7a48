import { describe, expect, test } from 'vitest'
import {
  arccos,
  arccosh,
  arcsin,
  arcsinh,
  arctan,
  arctan2,
  arctanh,
  cos,
  cosh,
  sin,
  sinh,
  tan,
  tanh,
} from '../../src/primitives/trigonometric.ts'
import { binaryCases, unaryCases } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { double, float, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  for (const [name, f] of Object.entries({ sin, cos, sinh, cosh, tanh, arctan, arcsinh })) checkLaws(name, unaryCases(f))
  checkLaws('tan', unaryCases(tan, [-1, 1]))
  for (const [name, f] of Object.entries({ arcsin, arccos, arctanh })) checkLaws(name, unaryCases(f, [-0.8, 0.8]))
  checkLaws('arccosh', unaryCases(arccosh, [1.5, 3]))
  checkLaws(
    'arctan2',
    binaryCases(
      arctan2,
      [
        [-2, 2],
        [0.5, 2],
      ],
      ['float32'],
    ),
  )
  checkLaws(
    'arctan2, left half plane',
    binaryCases(
      arctan2,
      [
        [0.5, 2],
        [-2, -0.5],
      ],
      ['float32'],
    ),
  )
})

test('values', () => {
  expect(values(arctan2(double(0, -0, 1), double(-1, -1, 0)))).toEqual([Math.PI, -Math.PI, Math.PI / 2])
  expect(values(arcsin(float(2)))).toEqual([NaN])
  expect(values(tanh(float(100, -Infinity)))).toEqual([1, -1])
})
