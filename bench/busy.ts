/**
 * Two threads beside other programs: `npx -y pnpm@12 bench:busy [milliseconds a row] [rounds]`. Some rows on 1 and on 2 threads, on a machine
 * whose cores are otherwise idle, with one process that burns a core, and with two. Prints mean milliseconds of a run (trials of the other number of
 * threads included) and two threads' time as a part of one's beside the same load: it should never be above 1.1.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { median, printedBySelf } from './measuring.ts'
import { dataOf, workloadOf } from './rows.ts'
import { workloads } from './workloads.ts'

const names = ['mlp64_b32_train', 'mlp512_b128_train', 'matmul_1024', 'cnn_b64_train', 'add_1m_eager']
const loads = [0, 1, 2]
/** Part of the time that a row runs before it is measured. */
const WARM = 0.5

type Times = Readonly<Record<string, number>>

/** Mean milliseconds of a run of each row. */
async function measure(threads: number, milliseconds: number): Promise<void> {
  const all = await workloads({ threads, data: dataOf() })
  const times: Record<string, number> = {}
  for (const name of names) {
    const row = workloadOf(all, name)
    const runFor = (limit: number): number => {
      const start = performance.now()
      let runs = 0,
        now = start
      for (; now < start + limit; runs++, now = performance.now()) row.run()
      return (now - start) / runs
    }
    row.run()
    runFor(WARM * milliseconds)
    await new Promise(resolve => setTimeout(resolve)) // workers that have started answer now
    times[name] = runFor(milliseconds)
    row.dispose?.()
  }
  console.log(JSON.stringify(times))
  process.exit(0)
}

/** Keeps a core busy until the process that started it is gone, however that ended. */
const burn = 'const parent = process.ppid; while (process.ppid === parent) for (let i = 0; i < 1e8; i++);'

/** Runs `body` beside so many processes that each keep a core busy. */
async function beside<T>(load: number, body: () => Promise<T>): Promise<T> {
  const burners: ChildProcess[] = Array.from({ length: load }, () => spawn(process.execPath, ['-e', burn], { stdio: 'ignore' }))
  try {
    return await body()
  } finally {
    for (const burner of burners) burner.kill('SIGKILL')
  }
}

if (process.argv[2] === 'measure') await measure(Number(process.argv[3]), Number(process.argv[4]))
const milliseconds = Number(process.argv[2] ?? 500),
  rounds = Number(process.argv[3] ?? 3)
const found: Times[][][] = loads.map(() => [[], []])
for (let round = 0; round < rounds; round++)
  for (const [i, load] of loads.entries())
    for (const threads of [1, 2])
      found[i]?.[threads - 1]?.push(await beside(load, () => printedBySelf<Times>(import.meta.url, 'measure', threads, milliseconds)))
for (const name of names) {
  const columns = loads.map((load, i) => {
    const [one, two] = [0, 1].map(t => median(found[i]?.[t]?.map(times => times[name] as number) ?? [])) as [number, number]
    return `${load} busy: ${one.toFixed(3)} / ${two.toFixed(3)} ms = ${(two / one).toFixed(2)}`
  })
  console.log(`${name.padEnd(18)} ${columns.join('   ')}`)
}
