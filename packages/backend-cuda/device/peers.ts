/** bench.py's columns. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Timing } from './bench.ts'
import { failed, type Outcome, passed, type Setting, skipped } from './setting.ts'

/** What bench.py writes: JSON has no NaN. */
type Written = Omit<Timing, 'first' | 'median' | 'least'> & { readonly [K in 'first' | 'median' | 'least']: number | null }

export async function peers({ python, peers, out, short }: Setting, when: 'before' | 'after'): Promise<Outcome> {
  const file = join(out, `peers-${when}.json`)
  // JAX would take three quarters of the memory for itself.
  const env = { ...process.env, XLA_PYTHON_CLIENT_PREALLOCATE: 'false', PYTHONUNBUFFERED: '1' }
  const { status, error } = spawnSync(python, [peers, '--json', file, ...(short ? ['--short'] : [])], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (error !== undefined) return skipped(`there is no ${python}`)
  if (status !== 0) return failed(`${python} ended with status ${status}`)
  const rows = (JSON.parse(readFileSync(file, 'utf8')) as readonly Written[]).map(
    (t): Timing => ({ ...t, first: t.first ?? NaN, median: t.median ?? NaN, least: t.least ?? NaN }),
  )
  if (rows.length === 0) return skipped('neither torch nor jax can be imported')
  const problems = rows.filter(t => t.problem !== undefined).map(t => `${t.library} ${t.row} ${t.precision}: ${t.problem}`)
  return passed(`${rows.length} rows of ${[...new Set(rows.map(t => t.library))].join(', ')}`, rows, problems)
}
