import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Buffer } from '@cotangent/core/kernel'
import type { CpuBackend } from '../src/backend.ts'
import { phaseParams, BEGIN } from '../src/kernels/kernel.ts'
import { Memory } from '../src/runtime/memory.ts'
import type { EmitKernel } from '../src/runtime/program.ts'
import { threading } from '../src/tuning.ts'
import { Pool, type PoolOptions } from '../src/workers/pool.ts'
import { startThread, type Thread } from '../src/workers/thread.ts'
import { WasmFunction } from '../src/wasm/assembler.ts'
import { addGraph, backendFor, scalarEmitter } from './kit.ts'
import { keepSharing } from './tune.ts'

keepSharing()

const n = 5000
/** Threads start late when the machine is busy. */
vi.setConfig({ testTimeout: 60_000 })
let backend: CpuBackend, pool: Pool
let threads: Thread[], reports: string[]

function open(count: number, emit: EmitKernel = scalarEmitter(1e7), options: Partial<PoolOptions> = {}): void {
  const memory = new Memory({ shared: true, maximumPages: 65536 })
  threads = []
  reports = []
  const start: typeof startThread = onLoss => {
    const thread = startThread(onLoss)
    threads.push(thread)
    return thread
  }
  pool = new Pool({ memory, threads: count, report: m => reports.push(m), start, ...options })
  backend = backendFor({ memory, emit, runner: pool })
}
afterEach(() => backend.dispose())

const ones = (): Buffer => backend.upload(new Float32Array(n).fill(1), 'float32')

/** Runs until some runs had company. */
function warmUp(): () => Float32Array {
  const a = ones(),
    add = backend.compile(addGraph(n))
  const run = (): Float32Array => backend.readSync(add.run([a, a])[0] as Buffer) as Float32Array
  const end = performance.now() + 20_000,
    goal = pool.parallelRuns + 3
  while (pool.parallelRuns < goal && performance.now() < end) run()
  expect(pool.parallelRuns).toBe(goal)
  return run
}
const twos = new Float32Array(n).fill(2)

test('small work starts no workers', () => {
  open(4, scalarEmitter(1000))
  const a = ones(),
    add = backend.compile(addGraph(n))
  for (let i = 0; i < 10; i++) add.run([a, a])
  expect(threads.length).toBe(0)
})

test('workers start when as much work has been done without them as starting takes', () => {
  const cost = 1e6
  open(2, scalarEmitter(cost))
  const a = ones(),
    add = backend.compile(addGraph(n))
  for (let done = cost; done < threading.worthStarting; done += cost) add.run([a, a])
  expect(threads.length).toBe(0)
  add.run([a, a])
  expect(threads.length).toBe(1)
})

test('runs before the workers are ready are right too', () => {
  open(3)
  const a = ones()
  const [out] = backend.compile(addGraph(n)).run([a, a])
  expect(backend.readSync(out as Buffer)).toEqual(twos)
  expect(pool.parallelRuns).toBe(0)
})

test('workers that sleep are woken', async () => {
  open(2)
  const run = warmUp()
  await new Promise(resolve => setTimeout(resolve, 50))
  const before = pool.parallelRuns
  for (let i = 0; i < 50 && pool.parallelRuns === before; i++) expect(run()).toEqual(twos)
  expect(pool.parallelRuns).toBeGreaterThan(before)
})

test('workers that are killed are missed, once, and not waited for', async () => {
  open(3)
  const run = warmUp()
  await Promise.all(threads.map(t => t.terminate()))
  expect(run()).toEqual(twos)
  await expect.poll(() => pool.ready).toBe(0)
  for (let i = 0; i < 10; i++) expect(run()).toEqual(twos)
  expect(reports).toEqual(['cpu: worker threads were lost (exit code 1); continuing with fewer.'])
})

test('a worker that cannot start leaves one thread', () => {
  open(2, scalarEmitter(1e7), {
    start: () => {
      throw new Error('no threads today')
    },
  })
  const a = ones(),
    add = backend.compile(addGraph(n))
  for (let i = 0; i < 3; i++) expect(backend.readSync(add.run([a, a])[0] as Buffer)).toEqual(twos)
  expect(reports.length).toBe(1)
})

test('a kernel that fails on a worker is an error, and the pool goes on', () => {
  let failing = false
  open(2, (context, kernel) => {
    const phases = scalarEmitter(1e7)(context, kernel)
    if (!failing) return phases
    const f = new WasmFunction('fails', phaseParams)
    f.get(BEGIN).if(() => f.op(0)) // unreachable
    return [{ run: context.module.add(f), tasks: 2, cost: 1e7 }, ...phases]
  })
  warmUp()
  failing = true
  const a = ones(),
    bad = backend.compile(addGraph(n))
  const attempt = (): void => {
    for (let i = 0; i < 2000; i++) bad.run([a, a])
  }
  expect(attempt).toThrow(/kernel failed/)
  failing = false
  expect(warmUp()()).toEqual(twos)
})

test('dispose is idempotent and final', async () => {
  open(2)
  warmUp()
  await backend.dispose()
  await backend.dispose()
  expect(() => ones()).toThrow(/disposed/)
})

test('executables that are disposed are forgotten by the workers', () => {
  open(2)
  const a = ones()
  for (let k = 0; k < 20; k++) {
    const add = backend.compile(addGraph(n))
    for (let i = 0; i < 3; i++) expect(backend.readSync(add.run([a, a])[0] as Buffer)).toEqual(twos)
    add.dispose()
    expect(() => add.run([a, a])).toThrow(/dispose/)
  }
  expect(warmUp()()).toEqual(twos)
})

describe('a program', () => {
  const start = (fixture: string, ...args: string[]): Promise<{ readonly code: number | string | null; readonly output: string }> =>
    new Promise(resolve =>
      execFile(
        process.execPath,
        ['--conditions=source', fileURLToPath(new URL(`fixtures/${fixture}.ts`, import.meta.url)), ...args],
        { timeout: 30_000 },
        (error, stdout) => resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? null), output: stdout.trim() }),
      ),
    )

  test.each([
    ['ends by itself', [], 0],
    ['can call process.exit()', ['exit'], 0],
    ['can die of an exception', ['throw'], 1],
  ] as const)('%s', async (_, args, code) => {
    expect(await start('parallel', ...args)).toEqual({ code, output: 'parallel runs: 3' })
  })

  test.each(['1', '2'])('stays for its asynchronous runs on %s threads, awaited or not, and no longer', async threads => {
    expect(await start('asynchronous', threads, 'await')).toEqual({ code: 0, output: 'result 12\nend' })
    expect(await start('asynchronous', threads)).toEqual({ code: 0, output: 'end\nresult 12' })
  })
})
