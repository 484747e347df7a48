import { describe, expect, test } from 'vitest'
import { fromHost } from '../../src/backend/execute.ts'
import { erf, erfc, referenceErfc } from '../../src/primitives/special.ts'
import { unaryCases } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { double, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  checkLaws('erf', unaryCases(erf))
  checkLaws('erfc', unaryCases(erfc, [-2, 3]), { accuracy: { ulp: 12, of: 'element', reason: 'polynomials and two exponentials' } })
})

describe('erfc', () => {
  const grid = Array.from({ length: 2000 }, (_, i) => -5 + i * 0.00701)
  const worst = (got: ArrayLike<number>, wanted: readonly number[]): number =>
    wanted.reduce((m, w, i) => Math.max(m, Math.abs((got[i] as number) / w - 1)), 0)
  test('float32 is within 8 ulp down to the smallest normal numbers', () => {
    const x = Float32Array.from(grid)
    expect(worst(erfc(fromHost(x, [x.length], 'float32')).dataSync(), Array.from(x, referenceErfc))).toBeLessThan(8 * 2 ** -23)
  })
  test('float64 is within 1e-13', () => {
    // Below 2 the oracle itself loses digits to 1 - erf.
    const x = grid.filter(v => v >= 2)
    expect(worst(erfc(double(...x)).dataSync(), x.map(referenceErfc))).toBeLessThan(1e-13)
    const near = grid.filter(v => v < 2)
    expect(worst(erfc(double(...near)).dataSync(), near.map(referenceErfc))).toBeLessThan(1e-13)
  })
  test('far away and at the ends', () => expect(values(erfc(double(Infinity, -Infinity, 0, NaN, 40)))).toEqual([0, 2, 1, NaN, 0]))
  // Wolfram Alpha: erfc(5) = 1.5374597944280348501883434853834e-12
  test('a known value', () => expect((values(erfc(double(5))) as number[])[0]).toBeCloseTo(1.5374597944280348e-12, 25))
})
