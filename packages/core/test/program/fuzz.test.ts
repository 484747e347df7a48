/** Random programs in small form, on the reference; the other backends' tests and `scripts/fuzz.ts` draw more of them. */
import { describe, expect, test } from 'vitest'
import { array } from '../../src/numpy/creation.ts'
import type { Tensor } from '../../src/tensor.ts'
import { checkProgramCase, checkPrograms, countEquations, programOf } from '../support/programs/arbPrograms.ts'
import { useReference } from '../support/laws.ts'
import { input } from '../../src/testing/entry.ts'

useReference()

test('all laws', () => checkPrograms('reference', { runs: 8 }))

describe('the laws are told apart', () => {
  const caseOf = (call: (x: Tensor) => Tensor) => ({
    inputs: [input([3], 'float32')],
    call: (x: unknown) => call(x as Tensor),
    seed: 1,
    reverse: true,
  })
  test('a right function passes', () => {
    const c = caseOf(x => x.mul(x))
    expect(checkProgramCase(c)).toBe(null)
    expect(countEquations(programOf(c))).toBe(1)
  })
  test('a function that counts its calls', () => {
    let calls = 0
    expect(checkProgramCase(caseOf(x => x.mul(++calls)))).toMatch(/^equals the reference: /)
  })
  test('a function with a constant that changes once it is traced', () => {
    let w = array([1, 2, 3])
    const c = caseOf(x => {
      const y = x.mul(w)
      w = w.add(1)
      return y
    })
    expect(checkProgramCase(c)).not.toBe(null)
  })
})
