import type { Reporter, SerializedError, TestModule, TestSuite } from 'vitest/node'
import { leftOut } from './leftOut.ts'

/** Checks that failed before the tests started (scripts/test.ts): they count as failures in the summary. */
const failedChecks = (process.env['COTANGENT_FAILED_CHECKS'] ?? '').split(',').filter(name => name !== '')

const OP_TABLE = 'op table on '

/** What the conformance kit checked: `op table on cpu: 417 names, 2835 laws, 21000 cases`. A name is a suite, a law of it a test. */
function countsOf(suite: TestSuite): string {
  const checked = [...suite.children.suites()].map(name => [...name.children.tests()].filter(test => test.result().state === 'passed'))
  const names = checked.filter(tests => tests.length > 0),
    laws = names.flat()
  const cases = laws.reduce((sum, test) => sum + ((test.meta() as { readonly cases?: number }).cases ?? 1), 0)
  return `${suite.name}: ${names.length} names, ${laws.length} laws, ${cases} cases`
}

/** Prints `N passed, N failed` (`, N skipped`) as the last line of a run, and before it what was left out and how much the op tables checked. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const tests = modules.flatMap(module => [...module.children.allTests()])
    const count = (state: string): number => tests.filter(test => test.result().state === state).length
    const brokenModules = modules.filter(
      module => module.state() === 'failed' && ![...module.children.allTests()].some(test => test.result().state === 'failed'),
    )
    const failed = count('failed') + brokenModules.length + errors.length + failedChecks.length
    const skipped = count('skipped')
    // The default reporter has printed by now, but its last lines may still be buffered: print after them.
    process.once('exit', () => {
      if (failed > 0) console.log(`properties drew from COTANGENT_SEED=${process.env['COTANGENT_SEED']}: set it to replay them`)
      for (const name of failedChecks) console.log(`${name} failed: see above`)
      const tables = modules.flatMap(module => [...module.children.allSuites()]).filter(suite => suite.name.startsWith(OP_TABLE))
      for (const table of tables) console.log(countsOf(table))
      for (const line of leftOut()) console.log(line)
      console.log(`${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
    })
  }
}
