import { expect, test } from 'vitest'
import { numberWords, threefry2x32 } from '../../src/primitives/threefry.ts'

/** Known answers of the Random123 distribution (kat_vectors, threefry2x32 with 20 rounds). */
const known = [
  { key: [0, 0], counter: [0, 0], result: [0x6b200159, 0x99ba4efe] },
  { key: [0xffffffff, 0xffffffff], counter: [0xffffffff, 0xffffffff], result: [0x1cb996fc, 0xbb002be7] },
  { key: [0x13198a2e, 0x03707344], counter: [0x243f6a88, 0x85a308d3], result: [0xc4923a9c, 0x483df7a0] },
] as const

test.each(known)('key $key, counter $counter', ({ key, counter, result }) => {
  expect(threefry2x32(numberWords, key, counter)).toEqual(result)
})
