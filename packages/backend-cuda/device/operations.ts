/** The op table with all laws, shared by processes: most of its time is NVRTC's, so that its programs are kept for another run. */
import { join } from 'node:path'
import { describeBackend, opTable } from '@cotangent/core/testing'
import { cuda } from '../src/index.ts'
import { collect } from './runner.ts'
import { cudaOptions, failed, type Outcome, passed, type Setting } from './setting.ts'

/** One of each kind of kernel. */
const few: readonly string[] = ['add', 'matmul', 'sort', 'cumsum', 'mean']

/** The functions of one process: every `processes`-th. */
function shareOf({ short, processes }: Setting, share: number): ReadonlySet<string> {
  const names = Object.keys(opTable).filter(name => !short || few.includes(name))
  return new Set(names.filter((_, i) => i % processes === share))
}

export async function operations(setting: Setting, share: number): Promise<Outcome> {
  process.env['COTANGENT_SEED'] = `${setting.seed}`
  const mine = shareOf(setting, share),
    { runner, run } = collect()
  const options = { only: (name: string) => mine.has(name), runs: setting.short ? 2 : setting.runs }
  describeBackend('cuda', () => cuda({ ...cudaOptions(setting), cache: join(setting.out, 'programs') }), runner, options)
  const { passed: right, failures } = await run()
  const summary = `${right} of ${right + failures.length} properties of ${mine.size} functions hold (seed ${setting.seed})`
  return failures.length === 0
    ? passed(summary)
    : failed(
        summary,
        failures.map(({ name, message }) => `${name}: ${message}`),
      )
}
