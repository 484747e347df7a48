/**
 * Another value of a tuned number: `npx -y pnpm@12 bench:tune contraction.blockK matmul_1024,cnn_b64_train 256 512 1024`. Runs rows on one thread with
 * the number replaced in the table (`packages/backend-cpu/src/tuning.ts`), each value in a process of its own, in turn; prints the least
 * milliseconds of a run.
 */
import * as tuning from '../packages/backend-cpu/src/tuning.ts'
import { printedBySelf } from './measuring.ts'
import { dataOf, workloadOf } from './rows.ts'
import { workloads } from './workloads.ts'

const ROUNDS = 2
const MILLISECONDS = 400

async function measure(number: string, names: readonly string[], value: number): Promise<void> {
  const [table, key] = number.split('.') as [string, string]
  const found = (tuning as Readonly<Record<string, unknown>>)[table] as Record<string, number> | undefined
  if (found?.[key] === undefined) throw new Error(`the table has no number ${number}`)
  found[key] = value
  const all = await workloads({ threads: 1, data: dataOf() })
  const best = names.map(name => {
    const row = workloadOf(all, name)
    const end = performance.now() + MILLISECONDS
    let least = Infinity
    for (let now = performance.now(); now < end; ) {
      row.run()
      const then = now
      now = performance.now()
      least = Math.min(least, now - then)
    }
    row.dispose?.()
    return least
  })
  console.log(JSON.stringify(best))
  process.exit(0)
}

const [first = '', second = '', third = '', ...others] = process.argv.slice(2)
if (first === 'measure') await measure(second, third.split(','), Number(others[0]))
const values = [third, ...others]
const least = new Map<string, number[]>()
for (let round = 0; round < ROUNDS; round++)
  for (const value of values) {
    const found = await printedBySelf<number[]>(import.meta.url, 'measure', first, second, value)
    least.set(
      value,
      found.map((t, i) => Math.min(t, least.get(value)?.[i] ?? Infinity)),
    )
  }
console.log([first.padEnd(24), ...second.split(',').map(name => name.padStart(18))].join(''))
for (const [value, times] of least) console.log([value.padEnd(24), ...times.map(t => t.toFixed(3).padStart(18))].join(''))
