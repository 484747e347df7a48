/**
 * The memory's bandwidth as WebAssembly sees it, and how near to it the rows are that little else limits: `npx -y pnpm@12 bench:bandwidth`.
 *
 * The bandwidth is that of the shortest loops that there are (vector loads and stores, four or eight a step, straight from the assembler) over
 * arrays of these sizes in all: it depends on whether they stay in a core's own cache, in the shared one or in neither. Rows take turns with the
 * loops, on the same threads, since a neighbour on the machine may halve it for a while; times are lower quartiles. GB/s count bytes read and
 * written, without what a cache reads before it is written to.
 */
import { controlBytes } from '../packages/backend-cpu/src/runtime/control.ts'
import type { Job } from '../packages/backend-cpu/src/runtime/executable.ts'
import { link } from '../packages/backend-cpu/src/runtime/host.ts'
import { Memory, PAGE } from '../packages/backend-cpu/src/runtime/memory.ts'
import { I32, type Local, V128, WasmFunction, WasmModule } from '../packages/backend-cpu/src/wasm/assembler.ts'
import { Pool } from '../packages/backend-cpu/src/workers/pool.ts'
import { quartile } from './measuring.ts'
import { dataOf, workloadOf } from './rows.ts'
import { workloads } from './workloads.ts'

type Operation = 'read' | 'copy' | 'add'
const arrays: Readonly<Record<Operation, number>> = { read: 1, copy: 2, add: 3 }
const mega = 2 ** 20
const sizes = [4, 12, 16, 32, 48]

/** What a row moves, in bytes, and the loop that moves as much in the same way. */
const measuredRows: Readonly<Record<string, readonly [bytes: number, operation: Operation, size: number]>> = {
  add_1m_eager: [12 * mega, 'add', 12],
  add_4m_eager: [48 * mega, 'add', 48],
  sum_4m: [16 * mega, 'read', 16],
  sum_axis0_2048: [16 * mega, 'read', 16],
  sum_axis1_2048: [16 * mega, 'read', 16],
  transpose_2048: [32 * mega, 'copy', 32],
  gather_100k: [2 * 4 * 64 * 100_000, 'copy', 48],
}

const data = PAGE * Math.ceil((controlBytes + 256 * 64) / PAGE)

/** `main` of a loop over arrays of so many bytes in all, one after another; each thread takes a contiguous part. */
function emit(operation: Operation, bytes: number): WasmFunction {
  const f = new WasmFunction('main', [I32, I32, I32, I32])
  const count = arrays[operation],
    unroll = operation === 'read' ? 8 : 4,
    step = 16 * unroll
  const steps = Math.floor(bytes / count / step),
    thread = 2,
    threads = 3
  const locals = (n: number, type: typeof I32 | typeof V128): Local[] => Array.from({ length: n }, () => f.local(type))
  const at = f.local(I32),
    end = f.local(I32),
    pointers = locals(count, I32),
    values = locals(unroll, V128)
  f.get(thread).i32(steps).mul().get(threads).divU().i32(step).mul().set(at)
  f.get(thread).i32(1).add().i32(steps).mul().get(threads).divU().i32(step).mul().set(end)
  pointers.forEach((p, k) =>
    f
      .i32(data + k * steps * step)
      .get(at)
      .add()
      .set(p),
  )
  const [first, second, third] = pointers as [Local, Local, Local]
  f.loop(() => {
    values.forEach((v, k) => {
      const offset = 16 * k
      if (operation === 'read') f.get(v).get(first).vLoad(offset).vfadd().set(v)
      else if (operation === 'copy') f.get(second).get(first).vLoad(offset).vStore(offset)
      else f.get(third).get(first).vLoad(offset).get(second).vLoad(offset).vfadd().vStore(offset)
    })
    for (const p of pointers) f.bump(p, step)
    f.bump(at, step).get(at).get(end).ltS().brIf(0)
  })
  if (operation === 'read') values.forEach(v => f.i32(controlBytes).get(thread).i32(64).mul().add().get(v).vStore()) // or nothing needs the sums
  return f
}

function jobOf(operation: Operation, bytes: number, memory: Memory): Job {
  const module = new WasmModule()
  module.add(emit(operation, bytes), { exported: true })
  const compiled = new WebAssembly.Module(module.encode(memory))
  return { module: compiled, main: link(compiled, memory.wasm), cost: 1e7, frame: 0, scratch: 0, scratchBytes: 0 }
}

/** Milliseconds of each, taking turns. The first calls of a turn wake the workers and are not counted. */
async function takeTurns(runs: Readonly<Record<string, () => unknown>>): Promise<Readonly<Record<string, number>>> {
  const times: Record<string, number[]> = {}
  for (let turn = 0; turn < 10; turn++) {
    for (const [name, run] of Object.entries(runs)) {
      await new Promise(resolve => setTimeout(resolve))
      for (let i = 0; i < 20; i++) {
        const start = performance.now()
        run()
        if (turn > 0 && i >= 8) (times[name] ??= []).push(performance.now() - start)
      }
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, list]) => [name, quartile(list)]))
}

const gigabytes = (bytes: number, milliseconds: number): string => (bytes / milliseconds / 1e6).toFixed(0)

for (const threads of [1, 2]) {
  const memory = new Memory({ shared: true, maximumPages: 65536 })
  memory.grow(data + (sizes.at(-1) as number) * mega)
  new Float32Array(memory.wasm.buffer, data).fill(1)
  const pool = new Pool({ memory, threads })
  const all = await workloads({ threads, data: dataOf() })
  const runs: Record<string, () => unknown> = {}
  for (const operation of Object.keys(arrays) as Operation[])
    for (const size of sizes) {
      const job = jobOf(operation, size * mega, memory)
      runs[`${operation} ${size}`] = () => pool.run(job)
    }
  for (const name of Object.keys(measuredRows)) runs[name] = workloadOf(all, name).run
  const times = await takeTurns(runs)
  await pool.dispose()
  console.log(
    `\n${threads} thread${threads > 1 ? 's' : ''}\n\n| GB/s | ${sizes.map(s => `${s} MB`).join(' | ')} |\n|---|${'--:|'.repeat(sizes.length)}`,
  )
  for (const operation of Object.keys(arrays))
    console.log(`| ${operation} | ${sizes.map(s => gigabytes(s * mega, times[`${operation} ${s}`] as number)).join(' | ')} |`)
  console.log('\n| row | ms | GB/s | of the bandwidth of |  |\n|---|--:|--:|---|--:|')
  for (const [name, [bytes, operation, size]] of Object.entries(measuredRows)) {
    const own = times[name] as number,
      bound = (times[`${operation} ${size}`] as number) * (bytes / (size * mega))
    console.log(
      `| ${name} | ${own.toFixed(3)} | ${gigabytes(bytes, own)} | ${operation} ${size} MB | ${((100 * bound) / own).toFixed(0)} % |`,
    )
  }
}
process.exit(0)
