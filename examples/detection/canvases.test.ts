/** Canvases replay, hold what they say, and are no larger than they say; the grid's places are those of the boxes. */
import { array, eye, init, random } from '@cotangent/core'
import { boxIou } from '@cotangent/nn'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Digits, SIDE } from '../lib/digits.ts'
import { CANVAS, MOST, canvases } from './canvases.ts'
import { CELLS, boxesOf, placesOf } from './grid.ts'

await init({ backend: 'reference' })

/** Upright bars, `label + 1` pixels wide and 20 high. */
const bars: Digits = {
  images: Float32Array.from({ length: 10 * SIDE * SIDE }, (_, i) => {
    const [digit, y, x] = [Math.floor(i / SIDE / SIDE), Math.floor(i / SIDE) % SIDE, i % SIDE]
    return y >= 4 && y < 24 && x >= 5 && x <= 5 + digit ? 1 : 0
  }),
  labels: Uint8Array.from({ length: 10 }, (_, i) => i),
  count: 10,
}
const COUNT = 20

it('canvases are functions of their key, with light where digits are, and digits that do not cover each other', () => {
  fc.assert(
    fc.property(fc.nat(), seed => {
      const drawn = canvases(random.key(seed), bars, COUNT).columns
      expect(canvases(random.key(seed), bars, COUNT).columns).toEqual(drawn)
      const counts = Array.from({ length: COUNT }, (_, i) => {
        const digits = [...drawn.classes.data.subarray(i * MOST, (i + 1) * MOST)].filter(d => Number(d) >= 0)
        digits.forEach((digit, k) => {
          const [y1, x1, y2, x2] = [...drawn.boxes.data.subarray((i * MOST + k) * 4, (i * MOST + k + 1) * 4)].map(Number) as [
            number,
            number,
            number,
            number,
          ]
          expect(Math.min(y1, x1, CANVAS - y2, CANVAS - x2)).toBeGreaterThanOrEqual(-1e-4)
          expect(y2 - y1).toBeGreaterThan(13.9)
          expect(y2 - y1).toBeLessThan(32.1)
          // The width tells which bar it is, up to the stretch.
          expect(Math.abs(((x2 - x1) / (y2 - y1)) * 20 - (Number(digit) + 1)) / (Number(digit) + 1)).toBeLessThan(0.16)
          const middle = (i * CANVAS + Math.floor((y1 + y2) / 2)) * CANVAS + Math.floor((x1 + x2) / 2)
          expect(drawn.x.data[middle]).toBeGreaterThan(0.1)
        })
        return digits.length
      })
      const boxes = array(drawn.boxes.data, { shape: drawn.boxes.shape })
      // Less than a quarter of the smaller one is in common.
      expect(boxIou(boxes, boxes).sub(eye(MOST)).max().item()).toBeLessThan(1 / 7 + 1e-6)
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(1)
      expect(new Set(counts).size).toBeGreaterThan(1)
    }),
    { numRuns: 3 },
  )
})

it('a place in its cell is the box again', () => {
  const size = fc.integer({ min: 1, max: 30 })
  const box = fc.record({ y: fc.nat(30), x: fc.nat(30), h: size, w: size }).map(({ y, x, h, w }) => [y, x, y + h, x + w] as const)
  fc.assert(
    fc.property(box, b => {
      const boxes = array([[[...b]]]),
        { cell, place } = placesOf(boxes)
      // The same place in every cell, of which one is meant.
      const all = boxesOf(place.add(array(new Float32Array(CELLS * 4), { shape: [1, CELLS, 4] })))
      const shares = boxIou(boxes, all).dataSync()
      expect(shares[cell.item() as number]).toBeCloseTo(1, 4)
    }),
    { numRuns: 10 },
  )
})
