/**
 * Rows written with layers and optimisers of `@cotangent/nn` against the same written by hand with operations (workloads.ts), in turn
 * in one process: `npx -y pnpm@12 bench:nn [rounds] [row ...]`. Each round runs both a few times. Two processes measure a row, which begin with
 * the one and with the other: where memory lies changes kernels by some percent. A line gives the means of the processes' medians and
 * their ratio, then the ratio of each round.
 */
import { nnRows } from './nnRows.ts'
import { median, printedBySelf } from './measuring.ts'
import { dataOf, rows, workloadOf } from './rows.ts'
import { type Workload, workloads } from './workloads.ts'

const NAMES = ['mlp64_b32_train', 'mlp512_b128_train', 'cnn_b64_train', 'xformer_fwdbwd']
/** Of both together, in each round. */
const ROUND_MS = 700

type Pair = readonly [byHand: number, byLayers: number]
interface Measured {
  readonly ms: Pair
  /** Medians of each round. */
  readonly rounds: readonly Pair[]
  /** Of the numbers that both check. */
  readonly difference: number
}

function timed(w: Workload): number {
  const start = performance.now()
  w.run()
  return performance.now() - start
}
/** The largest difference, relative to the first. */
const apart = (a: readonly number[], b: readonly number[]): number => Math.max(...a.map((v, i) => Math.abs((b[i] as number) / v - 1)))

async function measure(name: string, threads: number, count: number, layersFirst: boolean): Promise<Measured> {
  const data = dataOf()
  const all = await workloads({ threads, data }),
    make = [() => workloadOf(all, name), () => workloadOf({ ...nnRows(data) }, name)] as const
  // What runs first gets its memory first.
  const order = layersFirst ? [1, 0] : [0, 1],
    made: Workload[] = [],
    checks: (readonly number[])[] = []
  for (const k of order) {
    const w = (make[k] as () => Workload)()
    made[k] = w
    checks[k] = await w.check()
  }
  const [byHand, byLayers] = made as [Workload, Workload],
    difference = apart(checks[0] as readonly number[], checks[1] as readonly number[])
  const warm = Array.from({ length: 20 }, () => [timed(byHand), timed(byLayers)] as const)
  const size = Math.max(5, Math.round(ROUND_MS / (2 * median(warm.map(([a]) => a)))))
  const samples: [number[], number[]] = [[], []]
  const rounds = Array.from({ length: count }, (): Pair => {
    const times: [number[], number[]] = [[], []]
    // One after the other, so that a slow moment meets both.
    for (let i = 0; i < size; i++) {
      times[0].push(timed(byHand))
      times[1].push(timed(byLayers))
    }
    times.forEach((t, k) => samples[k]?.push(...t))
    return [median(times[0]), median(times[1])]
  })
  return { ms: [median(samples[0]), median(samples[1])], rounds, difference }
}

if (process.argv[2] === 'own') {
  const [name, threads, count, first] = process.argv.slice(3) as [string, string, string, string]
  console.log(JSON.stringify(await measure(name, Number(threads), Number(count), first === 'layers')))
  process.exit(0)
}

const [count = '5', ...chosen] = process.argv.slice(2)
for (const name of chosen.length > 0 ? chosen : NAMES) {
  if (!Object.hasOwn(rows, name)) throw new Error(`there is no row ${name}`)
  for (const threads of [1, 2]) {
    const runs: Measured[] = []
    for (const first of ['hand', 'layers']) runs.push(await printedBySelf<Measured>(import.meta.url, 'own', name, threads, count, first))
    const mean = (k: 0 | 1): number => runs.reduce((sum, r) => sum + r.ms[k], 0) / runs.length
    const ms: Pair = [mean(0), mean(1)],
      rounds = runs.flatMap(r => r.rounds),
      difference = Math.max(...runs.map(r => r.difference))
    const ratio = ([a, b]: Pair): string => (b / a).toFixed(3)
    console.log(
      `${name.padEnd(18)} threads ${threads}  by hand ${ms[0].toFixed(3)} ms, layers ${ms[1].toFixed(3)} ms: ${ratio(ms)} (${rounds.map(ratio).join(' ')}), results ${difference.toExponential(0)} apart`,
    )
  }
}
