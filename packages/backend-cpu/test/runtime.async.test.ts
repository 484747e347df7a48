import { init } from '@cotangent/core'
import type { Buffer, KernelGraph } from '@cotangent/core/kernel'
import { checkAsynchronousCalls } from '@cotangent/core/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { CpuBackend } from '../src/backend.ts'
import { cpu } from '../src/index.ts'
import { phaseParams } from '../src/kernels/kernel.ts'
import type { CpuBuffer } from '../src/runtime/buffer.ts'
import { findLiveness } from '../src/runtime/liveness.ts'
import { Memory } from '../src/runtime/memory.ts'
import type { EmitKernel } from '../src/runtime/program.ts'
import { WasmFunction } from '../src/wasm/assembler.ts'
import { Pool, type PoolOptions } from '../src/workers/pool.ts'
import { startThread, type Thread } from '../src/workers/thread.ts'
import { addGraph, backendFor, GraphBuilder, scalarEmitter } from './kit.ts'
import { keepSharing } from './tune.ts'

keepSharing()

/** Threads start late when the machine is busy. */
vi.setConfig({ testTimeout: 60_000 })

describe.each([
  ['two threads', { threads: 2 }],
  ['three threads', { threads: 3 }],
  ['one thread', { threads: 1 }],
  ['unshared memory', { shared: false }],
  ['little memory', { threads: 2, memoryLimit: 2 ** 22, memoryBudget: 2 ** 20 }],
] as const)('on %s', (_, options) => {
  test('asynchronous calls equal synchronous ones', async () => {
    const { backend } = await init({ backend: [{ name: 'cpu', load: () => cpu(options) }] })
    await checkAsynchronousCalls()
    await backend.dispose()
  })
})

const n = 20_000
let backend: CpuBackend, pool: Pool
let threads: Thread[], reports: string[]

function open(
  count: number,
  emit: EmitKernel = scalarEmitter(1e7),
  options: Partial<PoolOptions> = {},
  pages = 65536,
  inspect = true,
): void {
  const memory = new Memory({ shared: true, maximumPages: pages })
  threads = []
  reports = []
  const start: typeof startThread = onLoss => {
    const thread = startThread(onLoss)
    threads.push(thread)
    return thread
  }
  pool = new Pool({ memory, threads: count, report: m => reports.push(m), start, ...options })
  backend = backendFor({ memory, emit, runner: pool, liveness: inspect ? findLiveness() : undefined })
}
afterEach(() => backend?.dispose())

const filled = (value: number): Buffer => backend.upload(new Float32Array(n).fill(value), 'float32')
const read = (b: Buffer | undefined): Float32Array => backend.readSync(b as Buffer) as Float32Array

/** y = x; many times: t = y * y, y = x - t. With barriers in between. Takes about a microsecond an element and thousand times. */
function scanGraph(times: number): KernelGraph {
  const g = new GraphBuilder().input('x', n).temporary('c', 1, 'int32').temporary('t', n).output('y', n)
  return g.build([
    g.map('y', ['mul', 'x', 1]),
    {
      kind: 'scan',
      length: times,
      reverse: false,
      counter: g.id('c'),
      body: [g.map('t', ['mul', 'y', 'y']), g.map('y', ['sub', 'x', 't'])],
    },
  ])
}
const long = 5000

describe('a long run', () => {
  test('leaves the event loop alone', async () => {
    open(3)
    const scan = backend.compile(scanGraph(long)),
      x = filled(0.3)
    await scan.runAsync([x]) // the workers have started
    const events: string[] = []
    const done = scan.runAsync([x]).then(() => events.push('done'))
    for (let turn = 1; turn <= 3; turn++) {
      await new Promise(resolve => setTimeout(resolve))
      events.push(`turn ${turn}`)
    }
    await done
    expect(events).toEqual(['turn 1', 'turn 2', 'turn 3', 'done'])
    expect(pool.asyncRuns).toBe(2)
  })

  test('does not disturb synchronous runs, of the same executable too, nor they it', async () => {
    open(3)
    const scan = backend.compile(scanGraph(1500)),
      short = backend.compile(scanGraph(5)),
      add = backend.compile(addGraph(n)),
      x = filled(0.3),
      z = filled(0.2)
    const expected = [x, z].map(b => read(scan.run([b])[0])),
      expectedShort = read(short.run([z])[0])
    let ended = false
    const done = scan.runAsync([x]).finally(() => (ended = true))
    backend.free(x)
    expect(read(scan.run([z])[0])).toEqual(expected[1])
    while (!ended) {
      expect(read(short.run([z])[0])).toEqual(expectedShort)
      expect(read(add.run([z, z])[0])[n - 1]).toBe(Math.fround(0.4))
      await new Promise(resolve => setTimeout(resolve))
    }
    expect(read((await done)[0])).toEqual(expected[0])
    // Three threads that look for work beside other programs on two cores: minutes on a busy machine, seconds else.
  }, 240_000)

  test('starts while workers already look for jobs', async () => {
    open(2)
    const scan = backend.compile(scanGraph(5)),
      x = filled(0.3)
    const expected = read(scan.run([x])[0]) // long enough to be sent to the workers at once
    for (let i = 0; i < 3; i++) expect(read((await scan.runAsync([x]))[0])).toEqual(expected)
    expect(pool.asyncRuns).toBe(3)
    const before = pool.parallelRuns,
      end = performance.now() + 20_000
    while (pool.parallelRuns === before && performance.now() < end) scan.run([x])
    expect(pool.parallelRuns).toBeGreaterThan(before) // and the workers are there for synchronous runs again
  })

  test('keeps what it needs when its executable is disposed of and memory is short', async () => {
    open(2, scalarEmitter(1e7), {}, 64, false) // 4 MiB, and buffers are moved out
    const before = backend.memory().live
    const g = new GraphBuilder().input('x', n).constant('one', new Float32Array(n).fill(1)).temporary('c', 1, 'int32').output('y', n)
    const graph = g.build([
      g.map('y', ['mul', 'x', 1]),
      { kind: 'scan', length: long, reverse: false, counter: g.id('c'), body: [g.map('y', ['add', 'y', 'one'])] },
    ])
    const sum = backend.compile(graph),
      add = backend.compile(addGraph(n)),
      x = filled(1),
      done = sum.runAsync([x])
    sum.dispose()
    let y = filled(0)
    const kept = [y]
    for (let i = 0; i < 200; i++) kept.push((y = add.run([y, x])[0] as Buffer))
    expect(backend.heap.evictions).toBeGreaterThan(50)
    const [result] = (await done) as readonly Buffer[]
    expect(read(result)).toEqual(new Float32Array(n).fill(1 + long))
    expect(read(y)).toEqual(new Float32Array(n).fill(200))
    for (const b of [x, result as Buffer, ...kept]) backend.free(b)
    expect(backend.memory().live).toBe(before)
  })

  test('takes over donated memory', async () => {
    open(2)
    const x = filled(1) as CpuBuffer,
      y = filled(2),
      add = backend.compile({ ...addGraph(n), donations: [0, -1] }),
      place = x.block?.address,
      { live, buffers } = backend.memory()
    const [sum] = (await add.runAsync([x, y], [true, false])) as readonly [CpuBuffer]
    expect(read(sum)[n - 1]).toBe(3)
    expect(sum.block?.address).toBe(place)
    expect(backend.memory()).toMatchObject({ live, buffers })
    expect(() => read(x)).toThrow(/after it was freed/)
  })
})

describe('what goes wrong', () => {
  const rejection = (what: RegExp): unknown =>
    expect.objectContaining({ kind: 'BackendError', message: expect.stringMatching(what) as unknown })

  test('a kernel that fails rejects, and the next run is right', async () => {
    let failing = true
    open(3, (context, kernel) => {
      const phases = scalarEmitter(1e7)(context, kernel)
      const f = new WasmFunction('fails', phaseParams)
      f.op(0) // unreachable
      return failing ? [{ run: context.module.add(f), tasks: 2, cost: 1e7 }, ...phases] : phases
    })
    const bad = backend.compile(addGraph(n)),
      x = filled(1),
      before = backend.memory()
    for (let i = 0; i < 3; i++) await expect(bad.runAsync([x, x])).rejects.toThrow(rejection(/kernel failed/))
    expect(backend.memory()).toMatchObject({ live: before.live, buffers: before.buffers })
    failing = false
    const good = backend.compile(addGraph(n))
    expect(read((await good.runAsync([x, x]))[0])[0]).toBe(2)
    expect(read(good.run([x, x])[0])[0]).toBe(2)
    expect(pool.asyncRuns).toBe(1)
  })

  test.each([
    [2, 1],
    [4, 1],
    [4, 3],
  ])('of %i threads, killed workers (%i) in flight reject; later runs do without', async (count, killed) => {
    open(count)
    const scan = backend.compile(scanGraph(long)),
      add = backend.compile(addGraph(n)),
      x = filled(0.3)
    await add.runAsync([x, x])
    await expect.poll(() => pool.ready).toBe(count - 1)
    const lost = expect(scan.runAsync([x])).rejects.toThrow(rejection(/lost/))
    await Promise.all(threads.slice(-killed).map(t => t.terminate()))
    await lost
    expect(read((await add.runAsync([x, x]))[0])[n - 1]).toBe(Math.fround(0.6))
    expect(read(add.run([x, x])[0])[n - 1]).toBe(Math.fround(0.6))
    expect(reports.length).toBe(1)
  })

  test('workers that cannot start are not needed', async () => {
    open(2, scalarEmitter(1e7), {
      start: () => {
        throw new Error('no threads today')
      },
    })
    const x = filled(1)
    expect(read((await backend.compile(addGraph(n)).runAsync([x, x]))[0])[0]).toBe(2)
    expect(pool.asyncRuns).toBe(0)
  })

  test.each([1, 2, 3])('disposing of the backend rejects what is in flight, on %i threads', async count => {
    open(count)
    const scan = backend.compile(scanGraph(long)),
      x = filled(0.3)
    await scan.runAsync([x])
    const rejected = expect(scan.runAsync([x])).rejects.toThrow(rejection(/disposed/))
    await backend.dispose()
    await rejected
    await expect(scan.runAsync([x])).rejects.toThrow(rejection(/disposed/))
  })

  test('disposing of the backend while workers start', async () => {
    open(2)
    const rejected = expect(backend.compile(scanGraph(long)).runAsync([filled(0.3)])).rejects.toThrow(rejection(/disposed/))
    await backend.dispose()
    await rejected
  })
})
