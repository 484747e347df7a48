/** Memory: what is kept, what is given back, what happens when it runs short. */
import { array, grad, init, jit, tanh, type Tensor, zeros } from '@cotangent/core'
import type { Buffer, Kernel } from '@cotangent/core/kernel'
import { afterEach, describe, expect, test } from 'vitest'
import { elementwise, graphOf } from '../../core/test/support/smallGraphs.ts'
import type { CudaBackend } from '../src/backend.ts'
import { backendFor, fakeDriver, loader } from './kit.ts'

const fake = await fakeDriver(),
  MiB = 2 ** 20
afterEach(() => {
  expect(fake.failure()).toBe('')
  fake.reset()
})

const copy = (n: number) => graphOf([elementwise(n)], [['float32', n]], [['float32', n]])

describe('a budget', () => {
  test('bounds a synchronous loop that frees nothing; what moved to the host comes back', async () => {
    const budget = 16 * MiB,
      backend = await backendFor({ memoryBudget: budget }),
      n = 2 ** 16,
      executable = backend.compile(copy(n))
    const first = backend.upload(new Float32Array(n).fill(7), 'float32')
    let x: Buffer = first
    for (let i = 0; i < 2000; i++) {
      x = executable.run([x])[0] as Buffer
      expect(backend.memoryPool.reserved).toBeLessThanOrEqual(budget)
    }
    expect(backend.readSync(x)[n - 1]).toBe(7)
    expect(backend.store.evictions).toBeGreaterThan(1000)
    expect(backend.readSync(executable.run([first])[0] as Buffer)[0]).toBe(7)
    expect(fake.live()['memory'] ?? 0).toBeLessThanOrEqual(budget + 512)
    await backend.dispose()
  })

  test('that is too small is an error that lists the largest tensors', async () => {
    const backend = await backendFor({ memoryBudget: 16 * MiB }),
      executable = backend.compile(copy(MiB))
    const inputs = [1, 2, 3].map(() => backend.upload(new Float32Array(MiB), 'float32'))
    // Two runs that are under way keep their inputs and results where they are.
    const running = inputs.map(x => executable.runAsync?.([x]))
    const results = await Promise.allSettled(running)
    const failed = results.flatMap(r => (r.status === 'rejected' ? [r.reason as Error] : []))
    expect(failed.length).toBeGreaterThan(0)
    expect(failed[0]).toMatchObject({ name: 'BackendError' })
    expect(failed[0]?.message).toMatch(
      /out of memory: 4\.0 MiB asked, \d+\.\d MiB live, .* cached; the device has .* free of .* memoryBudget is 16\.0 MiB/,
    )
    expect(failed[0]?.message).toMatch(/largest live tensors: \d of float32\[1048576\] \(\d+\.\d MiB\).* dispose\(\)/)
    // Nothing else is lost.
    expect(backend.readSync(executable.run([inputs[0] as Buffer])[0] as Buffer).length).toBe(MiB)
    await backend.dispose()
  })
})

test('100,000 eager operations in one task, of which nothing is disposed, stay within the budget', async () => {
  fake.set({ noop: 1 })
  const budget = 8 * MiB,
    backend = (await init({ backend: loader({ memoryBudget: budget }) })).backend as CudaBackend
  let x = zeros([1024]),
    most = 0
  for (let i = 0; i < 100_000; i++) {
    x = x.add(1)
    most = Math.max(most, backend.memoryPool.reserved)
  }
  expect(most).toBeLessThanOrEqual(budget)
  expect(x.dataSync().length).toBe(1024)
  await backend.dispose()
})

test('a run that finds no memory has changed nothing: what was donated is still there', async () => {
  const backend = await backendFor({ memoryBudget: 8 * MiB }),
    n = MiB
  // Two results, of which one takes over the input.
  const kernels = [1, 2].map(target => elementwise(n, {}, target))
  const graph = {
    ...graphOf(
      kernels,
      [['float32', n]],
      [
        ['float32', n],
        ['float32', n],
      ],
    ),
    donations: [1],
  }
  const x = backend.upload(new Float32Array(n).fill(3), 'float32'),
    held = backend.upload(new Float32Array(n), 'float32')
  const executable = backend.compile(graph),
    pins = backend.store.cellOf(held)
  pins.pins++
  expect(() => executable.run([x], [true])).toThrow(/out of memory/)
  pins.pins--
  expect(backend.readSync(x)[n - 1]).toBe(3)
  const [y, z] = executable.run([x], [true]) as readonly [Buffer, Buffer]
  expect([backend.readSync(y)[0], backend.readSync(z)[n - 1]]).toEqual([3, 3])
  expect(() => backend.readSync(x)).toThrow(expect.objectContaining({ name: 'DisposedError' }))
  await backend.dispose()
})

test.each([
  ['one command buffer', 0],
  ['several', 300],
])('neither has an asynchronous one, of %s, whose arena does not fit', async (_, rounds) => {
  const backend = await backendFor({ memoryBudget: 8 * MiB }),
    n = MiB
  // By way of a temporary as large as the input, whose memory the result takes over.
  const [counter, between] = [2, 3],
    body = [elementwise(n, {}, between), elementwise(n, { buffer: between })],
    kernels: readonly Kernel[] = rounds === 0 ? body : [{ kind: 'scan', length: rounds, reverse: false, counter, body }]
  const temporaries = [
      ['int32', 1],
      ['float32', n],
    ] as const,
    plan = graphOf(kernels, [['float32', n]], [['float32', n]], temporaries),
    executable = backend.compile({ ...plan, arena: 1024 + 4 * n, donations: [0] })
  const x = backend.upload(new Float32Array(n).fill(3), 'float32'),
    pins = backend.store.cellOf(backend.upload(new Float32Array(n), 'float32'))
  pins.pins++
  await expect(executable.runAsync?.([x], [true])).rejects.toThrow(/out of memory/)
  expect(backend.readSync(x)[n - 1]).toBe(3)
  await backend.dispose()
})

test('when the driver has no more, unused memory and idle tensors make room', async () => {
  fake.set({ memory: 24 * MiB })
  const backend = await backendFor({ memoryBudget: 2 ** 40 }),
    n = MiB / 4,
    executable = backend.compile(copy(n))
  const kept: Buffer[] = []
  for (let i = 0; i < 60; i++) kept.push(backend.upload(new Float32Array(n).fill(i), 'float32'))
  expect(backend.store.evictions).toBeGreaterThan(30)
  kept.forEach((x, i) => expect(backend.readSync(executable.run([x], [false])[0] as Buffer)[5]).toBe(i))
  await backend.dispose()
})

describe('training', () => {
  const layers = [16, 32, 8] as const
  const initial = () => layers.slice(1).map((n, i) => ({ w: zeros([layers[i] as number, n]).add(0.01), b: zeros([n]) }))
  type Params = ReturnType<typeof initial>
  const loss = (params: Params, x: Tensor): Tensor => params.reduce((h, { w, b }) => tanh(h.matmul(w).add(b)), x).sum()
  const step = jit(
    (params: Params, x: Tensor): Params => {
      const g = grad(loss)(params, x)
      return params.map(({ w, b }, i) => ({ w: w.sub((g[i] as Params[0]).w.mul(0.1)), b: b.sub((g[i] as Params[0]).b.mul(0.1)) }))
    },
    { donate: [0] },
  )

  test('10,000 steps hold the device bytes constant and come round to the same CUDA graphs', async () => {
    fake.set({ noop: 1 })
    const backend = (await init({ backend: loader() })).backend as CudaBackend
    let params = initial()
    const x = zeros([4, 16])
    const seen = new Set<string>()
    for (let i = 0; i < 10_000; i++) {
      params = step(params, x)
      if (i >= 10) seen.add(JSON.stringify([backend.memoryPool.reserved, backend.memoryPool.used, backend.memory().live]))
      if (i % 1000 === 999) params[0]?.b.dataSync()
    }
    expect([...seen]).toHaveLength(1)
    const { cuLaunchKernel = 0, cuGraphLaunch = 0 } = fake.calls()
    expect(cuGraphLaunch).toBeGreaterThan(9900)
    expect(cuLaunchKernel).toBeLessThan(500)
    await backend.dispose()
  })

  test('donated parameters stay where they are', async () => {
    const backend = (await init({ backend: loader() })).backend as CudaBackend
    let params = initial()
    const x = array([[...Array(16).keys()]])
    params = step(params, x)
    const before = backend.memoryPool.used
    for (let i = 0; i < 5; i++) params = step(params, x)
    expect(backend.memoryPool.used).toBe(before)
    expect(params[0]?.w.dataSync().every(Number.isFinite)).toBe(true)
    await backend.dispose()
  })
})

test('dispose gives all back, twice does nothing, and what comes after is a typed error', async () => {
  const backend = await backendFor(),
    graph = copy(100),
    executable = backend.compile(graph),
    x = backend.upload(new Float32Array(100), 'float32')
  executable.run([x])
  const pending = [backend.read(x), executable.runAsync?.([x])]
  await backend.dispose()
  await backend.dispose()
  const gone = { name: 'BackendError', message: expect.stringMatching(/was disposed/) as string }
  for (const promise of pending) await promise?.catch((e: unknown) => expect(e).toMatchObject(gone))
  for (const call of [
    () => backend.upload(new Float32Array(1), 'float32'),
    () => backend.readSync(x),
    () => backend.compile(graph),
    () => executable.run([x]),
  ])
    expect(call).toThrow(expect.objectContaining(gone))
  await expect(backend.read(x)).rejects.toMatchObject(gone)
  await expect(executable.runAsync?.([x])).rejects.toMatchObject(gone)
  backend.free(x)
  executable.dispose()
  expect(Object.values(fake.live()).filter(n => n !== 0)).toEqual([])
})
