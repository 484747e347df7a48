/** What only callers without types pass, beside the mutations of `testing/malformed.test.ts`. */
import { describe, expect, test } from 'vitest'
import { CotangentError, lax, numpy as np, random, signal } from '../src/index.ts'
import { useReference } from './support/laws.ts'

useReference()

/** In place of any argument. */
const none = null as never,
  symbol = Symbol('s') as never
const x = (): ReturnType<typeof np.ones> => np.ones([2, 3])

const calls: Readonly<Record<string, () => unknown>> = {
  'a size that is a symbol': () => np.zeros([symbol]),
  'a new size that is a symbol': () => x().reshape([symbol]),
  'a new size that is a bigint': () => x().reshape([6n as never]),
  'arange to a symbol': () => np.arange(symbol),
  'dotGeneral without axes': () => lax.dotGeneral(x(), x(), none),
  'istft of nothing': () => signal.istft(none),
  'keyData of nothing': () => random.keyData(none),
  'vectorize of nothing': () => np.vectorize(none),
  'applyAlongAxis of no function': () => np.applyAlongAxis(none, 0, x()),
  'applyOverAxes of no function': () => np.applyOverAxes(none, x(), [0]),
}

describe('is refused by a typed error that names the function', () => {
  test.each(Object.entries(calls))('%s', (_, call) => {
    expect(call).toThrow(CotangentError)
    expect(call).toThrow(/^(zeros|reshape|arange|dotGeneral|istft|random\.keyData|vectorize|applyAlongAxis|applyOverAxes)\b/)
  })
})
