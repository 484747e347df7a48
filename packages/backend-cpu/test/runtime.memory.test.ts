import { describe, expect, test } from 'vitest'
import type { Buffer } from '@cotangent/core/kernel'
import { findLiveness } from '../src/runtime/liveness.ts'
import { Memory } from '../src/runtime/memory.ts'
import { addGraph, backendFor, GraphBuilder } from './kit.ts'

const megabyte = 2 ** 18
const small = (pages: number): Memory => new Memory({ shared: false, maximumPages: pages })

describe('one synchronous task without free()', () => {
  test('stays within the budget', () => {
    const backend = backendFor({ memoryBudget: 32 * 2 ** 20 })
    const one = backend.upload(new Float32Array(megabyte).fill(1), 'float32')
    const add = backend.compile(addGraph(megabyte))
    let x = one
    for (let i = 0; i < 500; i++) x = add.run([x, one])[0] as Buffer
    expect(backend.readSync(x)[5]).toBe(501)
    expect(backend.memory().peak).toBeLessThan(80 * 2 ** 20)
    expect(backend.heap.youngReclaims + backend.heap.reclaims).toBeGreaterThan(5)
  })

  test('keeps every buffer that is still reachable', () => {
    const backend = backendFor({ memoryBudget: 4 * 2 ** 20 })
    const kept: Buffer[] = []
    for (let i = 0; i < 300; i++) {
      const b = backend.upload(new Float32Array(2 ** 14).fill(i), 'float32')
      if (i % 10 === 0) kept.push(b)
    }
    expect(backend.heap.youngReclaims + backend.heap.reclaims).toBeGreaterThan(0)
    kept.forEach((b, k) => expect(backend.readSync(b)[0]).toBe(10 * k))
  })
})

test('live handles are also found by weak references', () => {
  const backend = backendFor({ memoryBudget: 4 * 2 ** 20, liveness: findLiveness({ inspect: false }) })
  const kept: Buffer[] = []
  for (let i = 0; i < 300; i++) {
    const b = backend.upload(new Float32Array(2 ** 14).fill(i), 'float32')
    if (i % 30 === 0) kept.push(b)
  }
  expect(backend.heap.reclaims).toBeGreaterThan(0)
  expect(backend.memory().live).toBeLessThan(12 * 2 ** 20)
  kept.forEach((b, k) => expect(backend.readSync(b)[0]).toBe(30 * k))
})

test('ten thousand steps that donate their state keep live and total memory as they are', () => {
  const backend = backendFor()
  const n = 5000
  const g = new GraphBuilder().input('x', n).temporary('t', n).output('y', n)
  const step = backend.compile(g.build([g.map('t', ['mul', 'x', 0.5]), g.map('y', ['add', 't', 1])], [0]))
  let x = backend.upload(new Float32Array(n), 'float32')
  for (let i = 0; i < 10; i++) x = step.run([x], [true])[0] as Buffer
  const { live, buffers } = backend.memory(),
    size = backend.heap.memory.size
  for (let i = 0; i < 10_000; i++) x = step.run([x], [true])[0] as Buffer
  expect(backend.memory()).toEqual({ live, buffers, peak: live })
  expect(backend.heap.memory.size).toBe(size)
  expect(backend.readSync(x)[0]).toBeCloseTo(2)
})

test('a block that two handles share is freed with the second', () => {
  const backend = backendFor()
  const x = backend.upload(new Float32Array(1000), 'float32')
  const [alias] = backend.compile(new GraphBuilder().input('x', 1000).result('x').build([])).run([x])
  expect(backend.memory()).toMatchObject({ live: 4096, buffers: 2 })
  backend.free(x)
  expect(backend.memory()).toMatchObject({ live: 4096, buffers: 1 })
  backend.free(alias as Buffer)
  expect(backend.memory()).toMatchObject({ live: 0, buffers: 0 })
})

test('finalizers free buffers between tasks', async () => {
  const backend = backendFor()
  for (let i = 0; i < 50; i++) backend.upload(new Float32Array(100), 'float32')
  expect(backend.memory().buffers).toBe(50)
  // A search for live handles is also a garbage collection, after which the finalizers are due.
  findLiveness()?.mark([])
  await expect.poll(() => backend.memory().buffers).toBeLessThan(2)
})

test('out of memory is an error that names the sizes and what to do', () => {
  const backend = backendFor({ memory: small(64) })
  const held = backend.upload(new Float32Array(2 ** 18), 'float32')
  expect(() => backend.upload(new Float32Array(2 ** 20), 'float32')).toThrow(
    /^cpu: out of memory: 4\.0 MiB more.*1\.0 MiB in 1 live.*limit is 4\.0 MiB.*dispose\(\)/,
  )
  expect(backend.readSync(held).length).toBe(2 ** 18)
  expect(backend.memory().buffers).toBe(1)
})

test('a failed run leaves nothing behind', () => {
  const backend = backendFor({ memory: small(64) })
  const a = backend.upload(new Float32Array(2 ** 18), 'float32'),
    b = backend.upload(new Float32Array(2 ** 18), 'float32')
  const more = [a, b, backend.upload(new Float32Array(2 ** 18), 'float32')]
  const { live } = backend.memory()
  expect(() => backend.compile(addGraph(2 ** 18)).run([a, b])).toThrow(/out of memory/)
  expect(backend.memory()).toMatchObject({ live, buffers: more.length })
})

describe('without a way to find live handles', () => {
  test('buffers move to host memory and come back', () => {
    const backend = backendFor({ memory: small(128), liveness: undefined })
    const one = backend.upload(new Float32Array(megabyte).fill(1), 'float32')
    const add = backend.compile(addGraph(megabyte))
    const all: Buffer[] = [one]
    for (let i = 1; i < 40; i++) all.push(add.run([all[i - 1] as Buffer, one])[0] as Buffer)
    expect(backend.heap.evictions).toBeGreaterThan(30)
    all.forEach((b, i) => expect(backend.readSync(b)[megabyte - 1]).toBe(i + 1))
    for (const b of all) backend.free(b)
    expect(backend.memory()).toMatchObject({ live: 0, buffers: 0 })
  })

  test('what was moved out is not kept alive by the backend', async () => {
    const backend = backendFor({ memory: small(128), liveness: undefined })
    let last: WeakRef<object> | undefined
    for (let i = 0; i < 40; i++) last ??= new WeakRef(backend.upload(new Float32Array(megabyte), 'float32'))
    await new Promise(resolve => setTimeout(resolve, 10))
    findLiveness()?.mark([])
    await expect.poll(() => last?.deref()).toBe(undefined)
  })
})

test('an executable that is collected gives its constants back', async () => {
  const backend = backendFor()
  const compileOnce = (): void => {
    const g = new GraphBuilder().constant('c', new Float32Array(1000)).output('y', 1000)
    backend.compile(g.build([g.map('y', ['add', 'c', 1])]))
  }
  compileOnce()
  expect(backend.memory().live).toBe(4096)
  await new Promise(resolve => setTimeout(resolve, 10))
  findLiveness()?.mark([])
  await expect.poll(() => backend.memory().live).toBe(0)
})
