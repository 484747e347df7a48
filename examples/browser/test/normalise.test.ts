/** Drawings come out as MNIST's digits are: of one size, with the centre of mass in the middle. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Digits, SIDE, loadMnist } from '../../lib/mnist.ts'
import { type Ink, normalise } from '../normalise.ts'

let test: Digits
beforeAll(async () => {
  test = (await loadMnist()).test
})

/** A picture of `width` x `width` points at a place on a larger sheet, each point enlarged. */
const onSheet = (picture: ArrayLike<number>, width: number, { side, left, top, scale }: Record<string, number>): Ink => ({
  side: side as number,
  at: (x, y) => {
    const i = Math.floor((x - (left as number)) / (scale as number)),
      j = Math.floor((y - (top as number)) / (scale as number))
    return i >= 0 && i < width && j >= 0 && j < width ? (picture[j * width + i] as number) : 0
  },
})
const of = (ink: Ink): Float32Array => normalise(ink) as Float32Array
const distance = (a: Float32Array, b: Float32Array): number => a.reduce((most, v, i) => Math.max(most, Math.abs(v - (b[i] as number))), 0)

const WIDTH = 6
const drawing = fc
  .array(fc.constantFrom(0, 0, 0.5, 1), { minLength: WIDTH * WIDTH, maxLength: WIDTH * WIDTH })
  .filter(d => d.some(v => v > 0))

describe('normalise', () => {
  it('does not depend on the place and the size', () => {
    fc.assert(
      fc.property(drawing, fc.nat(10), fc.nat(10), fc.integer({ min: 2, max: 4 }), (d, left, top, scale) => {
        const plain = of(onSheet(d, WIDTH, { side: 40, left: 0, top: 0, scale: 1 }))
        expect(distance(plain, of(onSheet(d, WIDTH, { side: 40, left, top, scale })))).toBeLessThan(1e-5)
      }),
    )
  })
  it('puts the centre of mass in the middle, with values in 0..1', () => {
    fc.assert(
      fc.property(drawing, d => {
        const pixels = of(onSheet(d, WIDTH, { side: 40, left: 3, top: 5, scale: 4 }))
        expect(Math.min(...pixels)).toBeGreaterThanOrEqual(0)
        expect(Math.max(...pixels)).toBeLessThanOrEqual(1 + 1e-6)
        // A drawing with its mass at an edge is cut at the border of the picture.
        const onBorder = pixels.some((v, i) => v > 0 && [0, SIDE - 1].some(k => i % SIDE === k || Math.floor(i / SIDE) === k))
        if (onBorder) return
        const mass = pixels.reduce((sum, v) => sum + v, 0)
        const mean = (position: (i: number) => number): number => pixels.reduce((sum, v, i) => sum + v * position(i), 0) / mass
        // Means over pixels move the centre by a small part of one.
        expect(Math.abs(mean(i => i % SIDE) - 14)).toBeLessThan(0.1)
        expect(Math.abs(mean(i => Math.floor(i / SIDE)) - 14)).toBeLessThan(0.1)
      }),
    )
  })
  it('is undefined for an empty drawing', () => expect(normalise({ side: 40, at: () => 0 })).toBeUndefined())
  it('leaves the digits of MNIST nearly as they are', () => {
    for (let k = 0; k < 20; k++) {
      const digit = test.images.subarray(k * 784, (k + 1) * 784)
      const again = of(onSheet(digit, SIDE, { side: 280, left: 0, top: 0, scale: 10 }))
      const difference = again.reduce((sum, v, i) => sum + Math.abs(v - (digit[i] as number)), 0)
      expect(difference / digit.reduce((sum, v) => sum + v, 0)).toBeLessThan(0.45)
    }
  })
})
