import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { layoutOf, texelsOf } from '../src/pass.ts'

const limit = fc.integer({ min: 1, max: 16384 }),
  size = fc.oneof(
    fc.nat(1000),
    fc.nat(2 ** 30),
    fc.integer({ min: 0, max: 30 }).map(n => 2 ** n),
  )

test('layouts hold their elements, with widths that are powers of two and few texels to spare', () => {
  fc.assert(
    fc.property(size, limit, (n, most) => {
      const layout = layoutOf(n, most)
      if (layout === undefined) {
        expect(texelsOf(n)).toBeGreaterThan(most * 2 ** Math.floor(Math.log2(most)))
        return
      }
      const { width, height } = layout
      expect(Number.isInteger(Math.log2(width))).toBe(true)
      expect(Math.max(width, height)).toBeLessThanOrEqual(most)
      expect(width * height).toBeGreaterThanOrEqual(texelsOf(n))
      expect(width * (height - 1)).toBeLessThan(Math.max(1, texelsOf(n)))
    }),
  )
})
