/** Draws of indexed reads and writes. */
import fc from 'fast-check'
import type { InputSpec } from '../../src/testing/case.ts'

export const size = fc.integer({ min: 1, max: 3 }),
  shape: fc.Arbitrary<number[]> = fc.array(size, { maxLength: 2 })
export const mode = fc.constantFrom('clip' as const, 'fill' as const)
/** int32 indices, some of them out of bounds. */
export const indices = (s: readonly number[]): InputSpec => ({ shape: s, dtype: 'int32', range: [-2, 4] })
/** Indexed axes of a 3-D x, index shapes that broadcast. */
export const arbIndexed = fc
  .record({ x: fc.tuple(size, size, size), axes: fc.subarray([0, 1, 2], { minLength: 1 }), index: shape, ones: fc.boolean(), mode })
  .map(drawn => ({
    ...drawn,
    shapes: drawn.axes.map((_, k) => (k === 0 || !drawn.ones ? drawn.index : drawn.index.map(() => 1))),
    windows: drawn.x.filter((_, k) => !drawn.axes.includes(k)),
  }))
