import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arange, ones } from '../../src/numpy/creation.ts'
import { einsum } from '../../src/numpy/einsum.ts'
import { reshape } from '../../src/primitives/reshape.ts'
import type { Tensor } from '../../src/tensor.ts'
import { drawn, input, summed } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { bool, values } from '../support/values.ts'

useReference()
const sizes: Record<string, number> = { a: 2, b: 3, c: 1, d: 2 }

/** Random terms over four labels, repeated ones too. */
const arbSpec = fc
  .record({
    terms: fc.array(fc.array(fc.constantFrom<string[]>('a', 'b', 'c', 'd'), { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
    output: fc.subarray<string>(['d', 'b', 'a', 'c']),
  })
  .map(({ terms, output }) => ({ terms, output: output.filter(c => terms.some(t => t.includes(c))) }))

describe('laws', () => {
  checkLaws(
    'einsum',
    drawn(arbSpec, ({ terms, output }) => ({
      inputs: terms.map(t =>
        input(
          t.map(c => sizes[c] as number),
          'float32',
        ),
      ),
      call: (...xs) => einsum(`${terms.map(t => t.join('')).join(',')}->${output.join('')}`, ...(xs as Tensor[])),
    })),
    { accuracy: summed(64), runs: 20 },
  )

  test('equals the sum over all labels', () => {
    fc.assert(
      fc.property(arbSpec, ({ terms, output }) => {
        const tensors = terms.map((t, i) =>
          reshape(
            arange(t.reduce((n, c) => n * (sizes[c] as number), 1)).add(i + 1),
            t.map(c => sizes[c] as number),
          ),
        )
        const out = einsum(`${terms.map(t => t.join('')).join(',')}->${output.join('')}`, ...tensors)
        const labels = [...new Set(terms.flat())],
          expected = new Map<string, number>()
        const visit = (k: number, at: Record<string, number>): void => {
          const label = labels[k]
          if (label !== undefined) {
            for (let i = 0; i < (sizes[label] as number); i++) visit(k + 1, { ...at, [label]: i })
            return
          }
          const product = terms.reduce(
            (p, t, i) => p * (t.reduce<unknown>((v, c) => (v as unknown[])[at[c] as number], values(tensors[i] as Tensor)) as number),
            1,
          )
          const key = output.map(c => at[c]).join()
          expected.set(key, (expected.get(key) ?? 0) + product)
        }
        visit(0, {})
        expect(Array.from(out.dataSync())).toEqual([...expected].sort(([p], [q]) => compareKeys(p, q)).map(([, v]) => v))
      }),
      { numRuns: 30 },
    )
  })
})

const compareKeys = (p: string, q: string): number => {
  const a = p.split(',').map(Number),
    b = q.split(',').map(Number),
    k = a.findIndex((v, i) => v !== b[i])
  return k < 0 ? 0 : (a[k] as number) - (b[k] as number)
}

// Values of NumPy 1.24.
describe('values', () => {
  const matrix = (): Tensor => reshape(arange(6), [2, 3]),
    square = (): Tensor => reshape(arange(9), [3, 3])
  test('trace, diagonal, transposition, implicit output', () => {
    const m = matrix(),
      s = square()
    expect(values(einsum('ii', s))).toBe(12)
    expect(values(einsum('ii->i', s))).toEqual([0, 4, 8])
    expect(values(einsum('ba', m))).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ])
    expect(values(einsum('ij,jk', m, s))).toEqual([
      [15, 18, 21],
      [42, 54, 66],
    ])
    expect(values(einsum('ij -> ', m))).toBe(15)
  })
  test('ellipses broadcast', () => {
    expect(einsum('...ij,...jk->...ik', ones([4, 1, 2, 3]), ones([5, 3, 2])).shape).toEqual([4, 5, 2, 2])
    expect(einsum('i...->...', ones([2, 3, 4])).shape).toEqual([3, 4])
    expect(einsum('...,...', ones([2, 3]), ones([3])).shape).toEqual([2, 3])
  })
  test('three operands; bool is or of and', () => {
    const m = matrix(),
      s = square()
    expect(values(einsum('ij,jk,k->i', m, s, arange(3)))).toEqual([60, 186])
    expect(values(einsum('i,i->', bool(true, false), bool(false, true)))).toBe(false)
  })
})

describe('refusals', () => {
  test('name the subscripts', () => {
    expect(() => einsum('ij,jk', ones([2, 3]))).toThrow(/einsum: 'ij,jk': 2 terms for 1 operands/)
    expect(() => einsum('ij->i', ones([2]))).toThrow(/the term 'ij' names 2 axes of an operand that has 1/)
    expect(() => einsum('i->j', ones([2]))).toThrow(/output label j is in no operand/)
    expect(() => einsum('i->ii', ones([2]))).toThrow(/an output label is repeated/)
    expect(() => einsum('i,i', ones([2]), ones([3]))).toThrow(/label i has sizes 2 and 3/)
    expect(() => einsum('i?', ones([2, 2]))).toThrow(/letters and one ellipsis/)
  })
})
