/** A test runner of forty lines for the conformance kit, so that the suite is one file without Vitest. */
import type { Runner } from '@cotangent/core/testing'

export interface Failure {
  readonly name: string
  readonly message: string
}
export interface Tally {
  readonly passed: number
  readonly failures: readonly Failure[]
}

type Body = () => void | Promise<void>

export interface Collected {
  readonly runner: Runner
  /** Runs what was declared, in its order. */
  run(): Promise<Tally>
}

export function collect(): Collected {
  const path: string[] = [],
    tests: { readonly name: string; readonly body: Body }[] = [],
    before: Body[] = [],
    after: Body[] = []
  const runner: Runner = {
    describe: (name, body) => {
      path.push(name)
      body()
      path.pop()
    },
    it: (name, body) => void tests.push({ name: [...path, name].join(' > '), body }),
    beforeAll: body => void before.push(body),
    afterAll: body => void after.push(body),
  }
  const run = async (): Promise<Tally> => {
    const failures: Failure[] = []
    for (const body of before) await body()
    for (const { name, body } of tests) {
      try {
        await body()
      } catch (error) {
        failures.push({ name, message: error instanceof Error ? error.message : String(error) })
      }
    }
    for (const body of after) await body()
    return { passed: tests.length - failures.length, failures }
  }
  return { runner, run }
}
