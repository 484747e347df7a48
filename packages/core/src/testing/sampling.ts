/** Running a property: how many cases, from which seed, and a message that says how to see the failure again. */
import fc from 'fast-check'

export interface Sampling {
  /** Drawn cases for each property, unless the variable COTANGENT_RUNS says how many. Default 20. */
  readonly runs?: number
  /** Where the cases come from. Default: the variable COTANGENT_SEED, else fast-check's global seed, else a new one each time. */
  readonly seed?: number
}

const DEFAULT_RUNS = 20

/** A variable of the environment, where there is one (not in browsers). */
export function variable(name: string): number | undefined {
  const { process } = globalThis as { readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> } }
  const text = process?.env?.[name]
  const value = Number(text)
  return text === undefined || text === '' || !Number.isInteger(value) ? undefined : value
}

/** Draws cases until one has a verdict, shrinks it, and throws an Error with the verdict, the case and the seed. */
export function checkProperty<T>(
  what: string,
  cases: fc.Arbitrary<T>,
  law: (drawn: T) => string | null,
  show: (drawn: T) => string,
  sampling: Sampling = {},
): void {
  const seed = sampling.seed ?? variable('COTANGENT_SEED')
  const numRuns = variable('COTANGENT_RUNS') ?? sampling.runs ?? DEFAULT_RUNS
  const result = fc.check(
    fc.property(cases, c => {
      const verdict = law(c)
      if (verdict !== null) throw new Error(verdict)
    }),
    { numRuns, ...(seed !== undefined && { seed }) },
  )
  if (!result.failed) return
  const [drawn] = result.counterexample as [T]
  const cause = result.errorInstance
  const replay = `case ${result.numRuns} of ${numRuns}, shrunk ${result.numShrinks} times; replay with COTANGENT_SEED=${result.seed}`
  throw new Error([`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, `for ${show(drawn)}`, replay].join('\n  '), {
    cause,
  })
}
