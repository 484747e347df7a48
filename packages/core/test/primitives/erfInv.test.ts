import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aval } from '../../src/aval.ts'
import { erfInv, erfInvP } from '../../src/primitives/erfInv.ts'
import { type HostArray, noParams } from '../../src/primitives/primitive.ts'
import type { Tensor } from '../../src/tensor.ts'
import { difference } from '../../src/testing/compare.ts'
import { hostOf } from '../../src/testing/case.ts'
import { drawn, input, ulps } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { double, float, values } from '../support/values.ts'

useReference()
const reference = (x: HostArray): HostArray => erfInvP.evaluate([x], noParams, [x.aval])[0] as HostArray

checkLaws(
  'erfInv',
  drawn(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 2 }), shape => ({
    inputs: [input(shape, 'float32', [-0.95, 0.95])],
    call: x => erfInv(x as Tensor),
  })),
  { accuracy: ulps(4, 'polynomials in a rounded logarithm') },
)

describe('accuracy', () => {
  // Towards the ends, where a float32 has few digits left of 1 - |x|, and towards zero.
  const points = Array.from({ length: 60 }, (_, k) => [1 - 2 ** (-k / 2.4), 2 ** (-k / 2), (k + 0.5) / 60])
    .flat()
    .flatMap(x => [x, -x])
  test('float32 within 4 ulp', () => {
    const x = float(...points)
    expect(difference([hostOf(erfInv(x))], [reference(hostOf(x))], ulps(4, 'polynomials in a rounded logarithm'))).toBeNull()
  })
  test('float64 within 32 ulp', () => {
    const x = double(...points, 1 - 2 ** -40, 1 - 2 ** -52)
    expect(difference([hostOf(erfInv(x))], [reference(hostOf(x))], ulps(32, 'Horner in float64'))).toBeNull()
  })
  test('the reference itself: values of PyTorch 1.13', () => {
    const x = [0.1, -0.5, 0.9, 0.999, 1e-8]
    const known = [0.08885599049425769, -0.4769362762044699, 1.1630871536766743, 2.3267537655135153, 8.86226925452758e-9]
    reference({ aval: aval([x.length], 'float64'), data: Float64Array.from(x) }).data.forEach((v, i) =>
      expect(Math.abs(v / (known[i] as number) - 1)).toBeLessThan(1e-13),
    )
  })
})

test('ends, zero, beyond', () => {
  expect(values(erfInv(float(1, -1, 0, -0, 1.5, NaN)))).toEqual([Infinity, -Infinity, 0, -0, NaN, NaN])
})
