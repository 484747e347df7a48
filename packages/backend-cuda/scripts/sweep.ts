/**
 * `node scripts/launch.mjs packages/backend-cuda/scripts/sweep.ts [programs] [seed]`: the distinct programs of core's op table, all laws, and of random
 * kernels, through NVIDIA's own compiler. The fake driver runs the table and keeps the texts; some of them, drawn by the seed, are compiled to
 * machine code. Prints what was refused, what spills, and who has the most registers; where there is no nvcc it says so and does nothing.
 */
import { describeBackend } from '@cotangent/core/testing'
import { findNvcc } from '../../../scripts/compilers.ts'
import { backendFor, fakeDriver } from '../test/kit.ts'
import { type KernelCode, machineCode } from '../test/support/nvcc.ts'

const [count = 100, seed = 1] = process.argv.slice(2).map(Number)
const architecture = 'sm_90'

/** Runs the conformance kit without a test runner; the distinct texts that it compiled. */
async function textsOfTable(): Promise<readonly string[]> {
  const fake = await fakeDriver()
  fake.reset()
  fake.set({ keep: 1, poison: 0, redzones: 0 })
  const before: (() => void | Promise<void>)[] = [],
    cases: (() => void | Promise<void>)[] = [],
    after: (() => void | Promise<void>)[] = []
  const runner = {
    describe: (_: string, body: () => void) => body(),
    it: (_: string, body: () => void | Promise<void>) => void cases.push(body),
    beforeAll: (body: () => void | Promise<void>) => void before.push(body),
    afterAll: (body: () => void | Promise<void>) => void after.push(body),
  }
  describeBackend('cuda', () => backendFor(), runner, { runs: 1, mathematics: false })
  for (const step of [...before, ...cases, ...after]) await step()
  return fake.programs()
}

/** `n` of the list, the same ones for the same seed: Fisher and Yates with a linear congruential generator. */
function drawn<T>(list: readonly T[], n: number): readonly T[] {
  const result = [...list]
  let state = seed >>> 0
  for (let i = 0; i < Math.min(n, result.length); i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const j = i + Math.floor((state / 2 ** 32) * (result.length - i)),
      picked = result[j] as T
    result[j] = result[i] as T
    result[i] = picked
  }
  return result.slice(0, n)
}

interface Outcome {
  readonly text: string
  readonly kernels: readonly KernelCode[]
  readonly refused?: string
}

async function compile(nvcc: string, text: string): Promise<Outcome> {
  try {
    return { text, kernels: await machineCode(nvcc, text, architecture) }
  } catch (error) {
    return { text, kernels: [], refused: error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error) }
  }
}

async function sweep(nvcc: string): Promise<void> {
  const all = await textsOfTable(),
    left = [...drawn(all, count)],
    outcomes: Outcome[] = []
  console.log(`${all.length} distinct programs; ${left.length} of them, drawn by seed ${seed}, go through ${nvcc} for ${architecture}`)
  const work = async (): Promise<void> => {
    for (let text = left.pop(); text !== undefined; text = left.pop()) outcomes.push(await compile(nvcc, text))
  }
  await Promise.all([work(), work()])
  const kernels = outcomes.flatMap(o => o.kernels),
    spilling = kernels.filter(k => k.spills > 0),
    refused = outcomes.filter(o => o.refused !== undefined),
    most = kernels.toSorted((a, b) => b.registers - a.registers)[0]
  for (const { text, refused: log } of refused) console.log(`refused:\n${log}\n${text}`)
  for (const { name, registers, spills } of spilling) console.log(`${name} spills ${spills} bytes with ${registers} registers`)
  console.log(
    `${kernels.length} kernels: ${refused.length} programs refused, ${spilling.length} kernels spill; most registers: ${most?.registers} (${most?.name})`,
  )
  process.exitCode = refused.length > 0 ? 1 : 0
}

const nvcc = findNvcc()
if (nvcc === undefined) console.log('left out: there is no nvcc: set NVCC to one')
else await sweep(nvcc)
