/**
 * Random Programs against all laws: `npx -y pnpm@12 fuzz [--backend cpu] [--count 1000] [--seed N] [--failures 5]`, on reference, cpu, or
 * cuda (the fake driver). Programs come in batches of 100, each with a seed of its own: a failure prints the smallest Program found and the
 * arguments that replay its batch. docs/internals/testing.md says what was run.
 */
import { parseArgs } from 'node:util'
import type { Backend } from '@cotangent/core/kernel'
import { observeGraphs } from '../packages/core/src/backend/compile.ts'
import { setBackend } from '../packages/core/src/backend/current.ts'
import { createReference } from '../packages/core/src/backend/reference.ts'
import { checkKernels } from '../packages/core/src/lower/check.ts'
import { checkPrograms } from '../packages/core/test/support/programs/arbPrograms.ts'

const BATCH = 100

const backends: Readonly<Record<string, () => Promise<Backend>>> = {
  reference: async () => createReference(),
  cpu: async () => (await import('../packages/backend-cpu/src/index.ts')).cpu({ threads: 2 }),
  cuda: async () => (await import('../packages/backend-cuda/test/kit.ts')).backendFor(),
}

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'cpu' },
    count: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() & 0x7fffffff) },
    failures: { type: 'string', default: '5' },
  },
})
const [count, first, most] = [Number(values.count), Number(values.seed), Number(values.failures)]
const create = backends[values.backend]
if (create === undefined || ![count, first, most].every(Number.isInteger)) {
  console.error(`usage: fuzz [--backend ${Object.keys(backends).join('|')}] [--count N] [--seed N] [--failures N]`)
  process.exit(2)
}

observeGraphs(checkKernels)
const start = performance.now()
let failures = 0,
  done = 0
for (let seed = first; done < count && failures < most; seed++) {
  const runs = Math.min(BATCH, count - done),
    backend = await create()
  setBackend(backend)
  try {
    checkPrograms(values.backend, { runs, seed })
  } catch (error) {
    failures++
    console.error(`${(error as Error).message}\nreplay: fuzz --backend ${values.backend} --seed ${seed} --count ${runs}\n`)
  }
  await backend.dispose()
  done += runs
  if (done % 1000 === 0 || done >= count)
    console.log(`${done} programs, ${failures} failures, ${((performance.now() - start) / 1000).toFixed(0)} s`)
}
process.exit(failures === 0 ? 0 : 1)
