/** The two formats, on rows of each. */
import { describe, expect, it } from 'vitest'
import { breastCancerCases, firstCases, germanCreditCases } from './tables.ts'

describe('tables', () => {
  it('breast cancer: numbers, the risk is malignant', () => {
    const cases = breastCancerCases('2,3,malignant,benign\n1.5,2,3,0\n4,5,6,1\n')
    expect(cases).toMatchObject({ count: 2, features: Float32Array.of(1.5, 2, 3, 4, 5, 6), labels: Float32Array.of(1, 0) })
    expect(firstCases(cases, 1)).toMatchObject({ count: 1, features: Float32Array.of(1.5, 2, 3), labels: Float32Array.of(1) })
  })
  it('German credit: words become columns, numbers logarithms, the risk is bad', () => {
    const { count, features, labels } = germanCreditCases('A11 1 A31 1\nA12 0 A30 2\nA11 3 A31 2\n')
    expect([count, ...labels]).toEqual([3, 0, 1, 1])
    expect([...features]).toEqual([1, 0, Math.LN2, 0, 1, 0, 1, 0, 1, 0, 1, 0, 2 * Math.LN2, 0, 1].map(Math.fround))
  })
  it('an empty file is refused', () => expect(() => germanCreditCases('')).toThrow(/german-credit: the file has no rows/))
})
