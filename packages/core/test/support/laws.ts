/** The laws of the testing kit for functions that the op table does not have: primitives below the public functions. On the reference backend. */
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { setBackend } from '../../src/backend/current.ts'
import { createReference } from '../../src/backend/reference.ts'
import { type Case, showCase } from '../../src/testing/case.ts'
import type { Accuracy } from '../../src/testing/compare.ts'
import { equalsReference, jitIsEager, jvpIsDerivative, secondDerivative, vjpIsTranspose, vmapIsLoop } from '../../src/testing/laws.ts'

/** The file runs on a reference backend of its own, also what it computes outside of tests. */
export function useReference(): void {
  const before = setBackend(createReference())
  afterAll(() => { setBackend(before) })
}

export interface LawOptions {
  /** Default: 4 ulp. */
  readonly accuracy?: Accuracy
  /** Default true. */
  readonly differentiable?: boolean
  /** Default 15. */
  readonly runs?: number
}

/** One test with all laws. */
export function checkLaws(name: string, cases: fc.Arbitrary<Case>, { accuracy = { ulp: 4, of: 'element', reason: 'a few operations' }, differentiable = true, runs = 15 }: LawOptions = {}): void {
  const laws = {
    'equals the reference': (c: Case) => equalsReference(c, accuracy),
    'vmap is a loop': (c: Case) => vmapIsLoop(c, accuracy),
    'jit is eager': (c: Case) => jitIsEager(c, accuracy),
    ...(differentiable && {
      'jvp is the derivative': (c: Case) => jvpIsDerivative(c, accuracy),
      'vjp is the transpose of jvp': (c: Case) => vjpIsTranspose(c, accuracy),
      'second derivatives': secondDerivative,
    }),
  }
  test(name, () => {
    fc.assert(fc.property(cases, c => {
      for (const [law, check] of Object.entries(laws)) expect(check(c), `${law}, for ${showCase(c)}`).toBeNull()
    }), { numRuns: runs })
  })
}
