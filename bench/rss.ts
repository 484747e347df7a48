/**
 * Peak memory of training: `npx -y pnpm@12 build`, then `npx -y pnpm@12 bench:rss [threads] [rounds]`. Each row in a fresh process, ours and
 * PyTorch's, the same model, 50 steps: how far the resident set rises above what it was with the library loaded and initialised. Then, for
 * ours, bytes of live buffers after 10 steps and after 10,000 (or as many as five seconds hold). The built packages are measured: a worker
 * that runs the sources has to compile TypeScript. Linux only. Needs python3 with torch (Debian: python3-torch).
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { backend as cpu } from '@cotangent/backend-cpu'
import type { Backend } from '@cotangent/core'
import { median, printedBy } from './measuring.ts'
import { dataOf, rows, type Row, workloadOf } from './rows.ts'
import { workloads } from './workloads.ts'

const trained = ['mlp64_b32_train', 'mlp64_b128_train', 'mlp512_b128_train', 'cnn_b64_train', 'xformer_fwdbwd']
const STEPS = 50
const LATE = 10_000
const MILLISECONDS = 5000

/** Kilobytes: the resident set now, or its peak since the last reset. */
const resident = (what: 'VmRSS' | 'VmHWM'): number =>
  Number(new RegExp(`${what}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1])

/** `late`: go on to 10,000 steps. */
async function measure(name: string, threads: number, late: boolean): Promise<void> {
  let loaded: Backend | undefined
  const load: typeof cpu.load = async options => (loaded = await cpu.load(options))
  const all = await workloads({ threads, data: dataOf(), backend: { name: 'cpu', load } })
  writeFileSync('/proc/self/clear_refs', '5') // the peak starts anew
  const baseline = resident('VmRSS')
  const row = workloadOf(all, name)
  const live: Record<number, number> = {}
  let step = 0
  const runTo = (last: number, until = Infinity): void => {
    while (step < last && performance.now() < until) {
      row.run()
      step++
    }
    live[step] = loaded?.memory().live ?? NaN
  }
  runTo(10)
  runTo(STEPS)
  const peak = resident('VmHWM')
  if (late) runTo(LATE, performance.now() + MILLISECONDS)
  console.log(JSON.stringify({ baseline, peak, live }))
  process.exit(0)
}

interface Measured {
  readonly baseline: number
  readonly peak: number
  readonly live?: Readonly<Record<number, number>>
}

const self = fileURLToPath(import.meta.url)
const python = process.env['PYTHON'] ?? '/usr/bin/python3'
const ours = (name: string, threads: number, late: boolean): Promise<Measured> =>
  printedBy(process.execPath, [self, 'measure', name, String(threads), String(late)])
const torch = (name: string, threads: number): Promise<Measured> => {
  const { group, spec } = rows[name] as Row
  return printedBy(python, [self.replace(/rss\.ts$/, 'rss_torch.py'), group, JSON.stringify(spec), String(threads), String(STEPS)])
}
const mebibytes = (kilobytes: number): string => (kilobytes / 1024).toFixed(1).padStart(6)

if (process.argv[2] === 'measure') await measure(process.argv[3] as string, Number(process.argv[4]), process.argv[5] === 'true')
const threads = Number(process.argv[2] ?? 1),
  rounds = Number(process.argv[3] ?? 3)
console.log(`MiB beyond the baseline after ${STEPS} steps on ${threads} thread(s), median of ${rounds}; baselines in brackets`)
for (const name of trained) {
  const [mine, other]: [Measured[], Measured[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    mine.push(await ours(name, threads, round === 0))
    other.push(await torch(name, threads))
  }
  const beyond = (all: readonly Measured[]): number => median(all.map(m => m.peak - m.baseline))
  const base = (all: readonly Measured[]): string => mebibytes(median(all.map(m => m.baseline)))
  const live = Object.entries(mine[0]?.live ?? {}).map(([step, bytes]) => `${step}: ${(bytes / 2 ** 20).toFixed(2)}`)
  console.log(
    `${name.padEnd(20)} ours ${mebibytes(beyond(mine))} (${base(mine)})  torch ${mebibytes(beyond(other))} (${base(other)})  ratio ` +
      `${(beyond(mine) / beyond(other)).toFixed(2)}  live MiB ${live.join(', ')}`,
  )
}
