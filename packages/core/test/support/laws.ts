/** The laws of the testing kit for functions that the op table does not have: primitives below the public functions. On the reference backend. */
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { setBackend } from '../../src/backend/current.ts'
import { createReference } from '../../src/backend/reference.ts'
import type { DType } from '../../src/dtype.ts'
import type { Reduce, Tensor } from '../../src/tensor.ts'
import { type Case, showCase } from '../../src/testing/case.ts'
import type { Accuracy } from '../../src/testing/compare.ts'
import { drawn, floats, input, type Range } from '../../src/testing/entry.ts'
import { equalsReference, jitIsEager, jvpIsDerivative, secondDerivative, vjpIsTranspose, vmapIsLoop } from '../../src/testing/laws.ts'

/** The file runs on a reference backend of its own, also what it computes outside of tests. */
export function useReference(): void {
  const before = setBackend(createReference())
  afterAll(() => {
    setBackend(before)
  })
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
export function checkLaws(
  name: string,
  cases: fc.Arbitrary<Case>,
  { accuracy = { ulp: 4, of: 'element', reason: 'a few operations' }, differentiable = true, runs = 15 }: LawOptions = {},
): void {
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
    fc.assert(
      fc.property(cases, c => {
        for (const [law, check] of Object.entries(laws)) expect(check(c), `${law}, for ${showCase(c)}`).toBeNull()
      }),
      { numRuns: runs },
    )
  })
}

/** Reductions over all, one or two axes, with and without `keepdims`. `least`: the smallest size of an axis. */
export function reductionCases(
  f: (x: Tensor, options: Reduce) => Tensor,
  dtypes: readonly DType[] = floats,
  least = 0,
  range?: Range,
): fc.Arbitrary<Case> {
  const arbitrary = fc.array(fc.integer({ min: least, max: 5 }), { maxLength: 3 }).chain(shape =>
    fc.record({
      shape: fc.constant(shape),
      dtype: fc.constantFrom(...dtypes),
      keepdims: fc.boolean(),
      axis: fc.option(fc.subarray([...shape.keys()]), { nil: undefined }),
    }),
  )
  return drawn(arbitrary, ({ shape, dtype, keepdims, axis }) => ({
    inputs: [input(shape, dtype, range)],
    call: x => f(x as Tensor, { keepdims, ...(axis !== undefined && { axis }) }),
  }))
}
