import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Case, check, type ConvOptions, convForward, convInput, convShape, convWeight, matmul, randomData } from './contraction-kit.ts'

const size = fc.constantFrom(0, 1, 2, 3, 5, 7, 8, 9, 17, 33)
const small = fc.constantFrom(1, 2, 3, 4, 5, 6)

const correct = (c: Case, fma: boolean): void => {
  expect(check(c, randomData(c.buffers), fma).problem).toBe('')
}

describe('matrix products', () => {
  test('any sizes, transposes and batches', () => {
    fc.assert(fc.property(
      size, size, size,
      fc.record({ batch: fc.constantFrom(1, 2, 3), transposeA: fc.boolean(), transposeB: fc.boolean(), sharedA: fc.boolean(), sharedB: fc.boolean() }), fc.boolean(),
      (m, n, k, options, fma) => correct(matmul(m, n, k, options), fma),
    ), { numRuns: 200 })
  })
  test.each([[70, 66, 40], [48, 1, 300], [1, 300, 50], [2, 50, 1500], [13, 20, 2100]])('%i x %i, sum of %i', (m, n, k) => {
    for (const transposeA of [false, true]) for (const transposeB of [false, true]) correct(matmul(m, n, k, { transposeA, transposeB }), true)
  })
})

const conv: fc.Arbitrary<ConvOptions> = fc.record({
  n: fc.constantFrom(1, 2, 3), h: fc.integer({ min: 1, max: 11 }), w: fc.integer({ min: 1, max: 15 }), c: small, o: fc.constantFrom(1, 3, 4, 8, 9),
  kh: fc.constantFrom(1, 2, 3), kw: fc.constantFrom(1, 2, 3), stride: fc.constantFrom(1, 2, 3), dilation: fc.constantFrom(1, 2),
  pad: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })), groups: fc.constantFrom(1, 1, 2, 3), nchw: fc.boolean(),
})

describe('convolutions', () => {
  const directions = [['forward', convForward], ['gradient by weight', convWeight], ['gradient by input', convInput]] as const
  test.each(directions)('%s', (_, make) => {
    fc.assert(fc.property(conv, fc.boolean(), (v, fma) => {
      const { ho, wo } = convShape(v)
      fc.pre(ho > 0 && wo > 0)
      correct(make(v), fma)
    }), { numRuns: 150 })
  })
})
