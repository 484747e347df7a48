/** Comparison of tensors and trees of tensors within a tolerance. */
import { expect } from 'vitest'
import { type Tensor, isTensor } from '../../src/tensor.ts'
import { type Structure, flattenTree, sameStructure } from '../../src/tree.ts'

/** The elements as an array of numbers, row-major. */
export const numbers = (t: Tensor): number[] => [...t.dataSync()]

/** Both trees have one structure, and tensors of the same types whose elements differ by at most `tolerance`, relative to the larger of 1 and the value. */
export function expectClose(found: unknown, expected: unknown, tolerance = 1e-5): void {
  const a = flattenTree(found),
    b = flattenTree(expected)
  expect(keyOf(a.structure)).toBe(keyOf(b.structure))
  expect(sameStructure(a.structure, b.structure)).toBe(true)
  a.leaves.forEach((t, i) => {
    const e = b.leaves[i] as Tensor
    expect(`${t.dtype}[${t.shape.join()}]`).toBe(`${e.dtype}[${e.shape.join()}]`)
    expectNumbers(numbers(t), numbers(e), tolerance)
  })
}
const keyOf = (s: Structure): string => s.key

/** One number or a list of them. */
export function expectNumbers(found: Tensor | readonly number[], expected: readonly number[], tolerance = 1e-5): void {
  const xs = isTensor(found) ? numbers(found) : found
  expect(xs.length).toBe(expected.length)
  xs.forEach((x, i) => {
    const e = expected[i] as number
    if (Number.isNaN(e) ? !Number.isNaN(x) : Math.abs(x - e) > tolerance * Math.max(1, Math.abs(e)))
      expect.fail(`element ${i}: ${x} is not ${e}: [${xs.join()}] and [${expected.join()}]`)
  })
}
