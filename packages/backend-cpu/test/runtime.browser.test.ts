import { init, jit, type Tensor, zeros } from '@cotangent/core'
import { checkAsynchronousCalls } from '@cotangent/core/testing'
import { expect, test } from 'vitest'
import type { Buffer, KernelGraph } from '@cotangent/core/kernel'
import { cpu } from '../src/index.ts'
import type { CpuBackend } from '../src/backend.ts'
import { Memory } from '../src/runtime/memory.ts'
import { Pool } from '../src/workers/pool.ts'
import { addGraph, backendFor, GraphBuilder, scalarEmitter } from './kit.ts'
import { keepSharing } from './tune.ts'

keepSharing()

const n = 20_000
const filled = (value: number): Float32Array => new Float32Array(n).fill(value)

/** y = x; eight times: t = y * y, y = x - t. Barriers inside a loop. */
function scanGraph(): KernelGraph {
  const g = new GraphBuilder().input('x', n).temporary('c', 1, 'int32').temporary('t', n).output('y', n)
  return g.build([
    g.map('y', ['mul', 'x', 1]),
    { kind: 'scan', length: 8, reverse: false, counter: g.id('c'), body: [g.map('t', ['mul', 'y', 'y']), g.map('y', ['sub', 'x', 't'])] },
  ])
}
function expected(x: number): number {
  let y = x
  for (let i = 0; i < 8; i++) y = Math.fround(x - Math.fround(y * y))
  return y
}

test('cpu() works in a window', async () => {
  const backend = await cpu({ threads: 2 })
  const a = backend.upload(filled(1), 'float32'),
    b = backend.upload(filled(2), 'float32')
  const [sum] = backend.compile(addGraph(n)).run([a, b])
  expect(await backend.read(sum as Buffer)).toEqual(filled(3))
  await backend.dispose()
})

test('workers take their share', async () => {
  const memory = new Memory({ shared: true, maximumPages: 65536 }),
    pool = new Pool({
      memory,
      threads: 3,
      report: message => {
        throw new Error(message)
      },
    })
  const backend = backendFor({ memory, runner: pool, emit: scalarEmitter(1e6), liveness: undefined })
  const x = backend.upload(filled(Math.fround(0.3)), 'float32')
  const executable = backend.compile(scanGraph())
  const end = performance.now() + 10_000
  while (pool.parallelRuns < 20 && performance.now() < end) {
    const [y] = executable.run([x])
    expect(backend.readSync(y as Buffer)[n - 1]).toBe(expected(Math.fround(0.3)))
    backend.free(y as Buffer)
    await new Promise(resolve => setTimeout(resolve))
  }
  expect(pool.parallelRuns).toBe(20)
  await backend.dispose()
}, 20_000)

test('asynchronous runs leave the window its event loop', async () => {
  const memory = new Memory({ shared: true, maximumPages: 65536 }),
    pool = new Pool({ memory, threads: 3 })
  const backend = backendFor({ memory, runner: pool, emit: scalarEmitter(1e6), liveness: undefined })
  const g = new GraphBuilder().input('x', n).temporary('c', 1, 'int32').output('y', n)
  const step = { kind: 'scan', length: 5000, reverse: false, counter: g.id('c'), body: [g.map('y', ['add', 'y', 'x'])] } as const
  const sum = backend.compile(g.build([g.map('y', ['mul', 'x', 1]), step])),
    x = backend.upload(filled(1), 'float32')
  await sum.runAsync([x]) // the workers have started
  const events: string[] = []
  const done = sum.runAsync([x]).finally(() => events.push('done'))
  requestAnimationFrame(() => events.push('frame'))
  await new Promise(resolve => setTimeout(() => resolve(events.push('timer'))))
  expect(backend.readSync(backend.compile(addGraph(n)).run([x, x])[0] as Buffer)).toEqual(filled(2))
  expect(backend.readSync((await done)[0] as Buffer)).toEqual(filled(5001))
  expect(events.at(-1)).toBe('done')
  expect(events).toContain('timer')
  expect(pool.asyncRuns).toBe(2)
  await backend.dispose()
}, 20_000)

test.each([{ threads: 1 }, { threads: 2 }, { shared: false }])(
  'asynchronous calls equal synchronous ones: %o',
  async options => {
    const { backend } = await init({ backend: [{ name: 'cpu', load: () => cpu(options) }] })
    await checkAsynchronousCalls()
    const f = jit((v: Tensor) => v.add(1).sum())
    expect((await f.async(zeros([10]))).item()).toBe(10)
    await backend.dispose()
  },
  20_000,
)

test('without SharedArrayBuffer there is one thread and unshared memory', async () => {
  const backend = (await cpu({ shared: false, threads: 4 })) as CpuBackend
  expect(backend.heap.memory.wasm.buffer).toBeInstanceOf(ArrayBuffer)
  const a = backend.upload(filled(1), 'float32')
  const [sum] = backend.compile(addGraph(n)).run([a, a])
  expect(backend.readSync(sum as Buffer)).toEqual(filled(2))
  await backend.dispose()
})

test('a synchronous loop that frees nothing stays in bounded memory', async () => {
  const backend = (await cpu({ threads: 1, memoryLimit: 64 * 2 ** 20 })) as CpuBackend
  const size = 2 ** 18
  const one = backend.upload(new Float32Array(size).fill(1), 'float32'),
    add = backend.compile(addGraph(size))
  let x = one
  for (let i = 0; i < 300; i++) x = add.run([x, one])[0] as Buffer
  expect(backend.readSync(x)[size - 1]).toBe(301)
  expect(backend.heap.memory.size).toBeLessThanOrEqual(64 * 2 ** 20)
  expect(backend.heap.evictions).toBeGreaterThan(200)
  await backend.dispose()
})
