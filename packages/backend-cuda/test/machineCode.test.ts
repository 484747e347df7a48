/**
 * The programs of the benchmark's workloads as machine code for a GPU: NVIDIA's compiler takes the same text as the emulation, and no kernel
 * wants more registers than there are.
 */
import { expect, test } from 'vitest'
import { dataOf, rows, workloadOf } from '../../../bench/rows.ts'
import { workloads } from '../../../bench/workloads.ts'
import { fakeDriver, loader } from './kit.ts'
import { findNvcc } from '../../../scripts/compilers.ts'
import { type KernelCode, machineCode, parseReport } from './support/nvcc.ts'

/** Where there is none, the summary of a run says so (vitest.config.ts). */
const nvcc = findNvcc()
const architecture = 'sm_90'
/** Of each kind one, in the sizes of the comparison. */
const names = Object.keys(rows).filter(name => !/_eager|_fwd$|b32|^matmul_(128|256|512|2048)|tiny_(add|jit|grad)$/.test(name))

/** What the rows compile, by row; kernels are not run. */
async function programs(): Promise<ReadonlyMap<string, readonly string[]>> {
  const fake = await fakeDriver()
  fake.reset()
  fake.set({ noop: 1, keep: 1, poison: 0, redzones: 0, memory: 2 ** 36 })
  const all = await workloads({ threads: 1, data: dataOf(), backend: loader() })
  const result = new Map<string, readonly string[]>()
  for (const name of names) {
    const before = fake.programs().length
    const workload = workloadOf(all, name)
    workload.run()
    workload.dispose?.()
    result.set(name, fake.programs().slice(before))
  }
  fake.reset()
  return result
}

if (nvcc !== undefined)
  test('no kernel of the workloads spills registers', { timeout: 240_000 }, async () => {
    const kernels: (KernelCode & { readonly row: string })[] = []
    for (const [row, texts] of await programs())
      for (const text of texts) kernels.push(...(await machineCode(nvcc, text, architecture)).map(k => ({ row, ...k })))
    const most = kernels.toSorted((a, b) => b.registers - a.registers).slice(0, 5)
    const list = most.map(k => `${k.row}: ${k.name} ${k.registers}`).join(', ')
    console.log(`cuda: ${kernels.length} kernels for ${architecture}; most registers a thread: ${list}`)
    expect(kernels.length).toBeGreaterThan(20)
    expect(kernels.filter(k => k.spills > 0)).toEqual([])
    expect(kernels.filter(k => k.registers === 0)).toEqual([])
  })

test("ptxas's report", () => {
  const report = `ptxas info    : Compiling entry function 'f_0' for 'sm_90'
ptxas info    : Function properties for f_0
    8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 30 registers, used 1 barriers, 1024 bytes smem, 8 bytes cumulative stack size
ptxas info    : Compiling entry function 'g_1' for 'sm_90'
ptxas info    : Used 8 registers`
  expect(parseReport(report)).toEqual([
    { name: 'f_0', registers: 30, spills: 16, shared: 1024 },
    { name: 'g_1', registers: 8, spills: 0, shared: 0 },
  ])
})
