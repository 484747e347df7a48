import { describe, expect, test } from 'vitest'
import { form, type Matrix, MOST_PRODUCTS } from '../../src/lower/winograd/cook-toom.ts'

const apply = (m: Matrix, x: readonly number[]): number[] => m.map(row => row.reduce((s, c, i) => s + c * (x[i] as number), 0))
const sizes = Array.from({ length: MOST_PRODUCTS - 2 }, (_, i) => i + 2).flatMap(m =>
  Array.from({ length: MOST_PRODUCTS - m }, (_, i) => [m, i + 2] as const),
)

describe('F(m, r)', () => {
  test.each(sizes)('F(%i, %i) gives the sums of products', (m, r) => {
    const { ofResults, ofSamples, ofTaps } = form(m, r)
    for (let seed = 1; seed < 6; seed++) {
      const taps = Array.from({ length: r }, (_, i) => Math.sin(seed + 3 * i)),
        samples = Array.from({ length: m + r - 1 }, (_, i) => Math.cos(seed * i + 1))
      const [g, d] = [apply(ofTaps, taps), apply(ofSamples, samples)]
      const results = apply(
        ofResults,
        g.map((x, i) => x * (d[i] as number)),
      )
      results.forEach((y, i) => {
        expect(y).toBeCloseTo(
          taps.reduce((s, t, k) => s + t * (samples[i + k] as number), 0),
          12,
        )
      })
    }
  })

  test('F(2, 3) has the matrices of Lavin and Gray but for signs', () => {
    expect(form(2, 3)).toEqual({
      results: 2,
      taps: 3,
      ofResults: [
        [1, 1, 1, 0],
        [0, 1, -1, 1],
      ],
      ofTaps: [
        [1, 0, 0],
        [0.5, 0.5, 0.5],
        [0.5, -0.5, 0.5],
        [0, 0, 1],
      ],
      ofSamples: [
        [1, 0, -1, 0],
        [0, 1, 1, 0],
        [0, -1, 1, 0],
        [0, -1, 0, 1],
      ],
    })
  })
})
