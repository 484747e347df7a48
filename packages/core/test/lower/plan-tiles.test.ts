import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutsOf } from '../../src/lower/winograd/plan.ts'

test('cuts of an axis cover it, and there are few of them however long it is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 2, max: 5 }), (length, taps) => {
      const cuts = cutsOf(length, taps)
      expect(cuts.length).toBeLessThan(25)
      for (const cut of cuts) {
        const end = cut.reduce((at, { start, tiles, step }) => {
          expect(start).toBe(at)
          expect(Number.isInteger(tiles) && tiles * step >= Math.min(1, length)).toBe(true)
          return start + tiles * step
        }, 0)
        expect(end).toBe(length)
      }
    }),
  )
})

test('an axis of 14 in all ways with the fewest and the most tiles of each size', () => {
  const shown = cutsOf(14, 3).map(cut => cut.map(({ tiles, step }) => `${tiles}x${step}`).join(' '))
  expect(shown).toEqual(expect.arrayContaining(['14x1', '7x2', '3x4 1x2', '1x4 5x2', '4x3 1x2', '2x3 2x4', '1x4 10x1', '3x4 2x1']))
})
