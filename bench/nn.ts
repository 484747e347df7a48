/**
 * Rows written with layers and optimisers of `@cotangent/nn` against the same written by hand with operations (workloads.ts), in turn
 * in one process: `npx -y pnpm@12 bench:nn [rounds] [row ...]`. Each round runs both a few times; a line gives the medians of all runs
 * and the ratio of the medians, then the ratio of each round.
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

async function measure(name: string, threads: number, count: number): Promise<Measured> {
  const data = dataOf()
  const byHand = workloadOf(await workloads({ threads, data }), name),
    byLayers = workloadOf({ ...nnRows(data) }, name)
  const difference = apart(await byHand.check(), await byLayers.check())
  const warm = Array.from({ length: 20 }, () => [timed(byHand), timed(byLayers)] as const)
  const size = Math.max(5, Math.round(ROUND_MS / (2 * median(warm.map(([a]) => a)))))
  const all: [number[], number[]] = [[], []]
  const rounds = Array.from({ length: count }, (): Pair => {
    const times: [number[], number[]] = [[], []]
    // One after the other, so that a slow moment meets both.
    for (let i = 0; i < size; i++) {
      times[0].push(timed(byHand))
      times[1].push(timed(byLayers))
    }
    times.forEach((t, k) => all[k]?.push(...t))
    return [median(times[0]), median(times[1])]
  })
  return { ms: [median(all[0]), median(all[1])], rounds, difference }
}

if (process.argv[2] === 'own') {
  const [name, threads, count] = process.argv.slice(3) as [string, string, string]
  console.log(JSON.stringify(await measure(name, Number(threads), Number(count))))
  process.exit(0)
}

const [count = '5', ...chosen] = process.argv.slice(2)
for (const name of chosen.length > 0 ? chosen : NAMES) {
  if (!Object.hasOwn(rows, name)) throw new Error(`there is no row ${name}`)
  for (const threads of [1, 2]) {
    const { ms, rounds, difference } = await printedBySelf<Measured>(import.meta.url, 'own', name, threads, count)
    const ratio = ([a, b]: Pair): string => (b / a).toFixed(3)
    console.log(
      `${name.padEnd(18)} threads ${threads}  by hand ${ms[0].toFixed(3)} ms, layers ${ms[1].toFixed(3)} ms: ${ratio(ms)} (${rounds.map(ratio).join(' ')}), results ${difference.toExponential(0)} apart`,
    )
  }
}
