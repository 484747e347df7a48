/** Runs that fail before anything of them was ordered: what was donated is still there. And runs that lack of host memory does not stop. */
import { array, init, jit, type Tensor } from '@cotangent/core'
import type { Buffer, Kernel } from '@cotangent/core/kernel'
import { afterEach, describe, expect, test } from 'vitest'
import { elementwise, graphOf } from '../../core/test/support/smallGraphs.ts'
import type { CudaBackend } from '../src/backend.ts'
import type { CudaExecutable } from '../src/runtime/executable.ts'
import { emitGraph, noLibraries } from '../src/runtime/emitted.ts'
import { emitKernel } from '../src/kernels/emit.ts'
import { backendFor, fakeDriver, loader } from './kit.ts'

const fake = await fakeDriver(),
  n = 8
afterEach(() => fake.reset())

/** `b2 = b0` by way of a temporary; the result takes over the input's memory. */
const two: readonly Kernel[] = [elementwise(n, {}, 2), elementwise(n, { buffer: 2 })]
const donating = (kernels: readonly Kernel[]) => ({
  ...graphOf(kernels, [['float32', n]], [['float32', n]], [['float32', n]]),
  donations: [0],
})
/** The same in many command buffers. */
const inSteps = donating([{ kind: 'scan', length: 300, reverse: false, counter: 3, body: two }])
const withCounter = {
  ...inSteps,
  buffers: [...inSteps.buffers, { dtype: 'int32', size: 1, place: { kind: 'temporary', offset: 1024 } } as const],
  arena: 2048,
}

const numbers = Float32Array.from({ length: n }, (_, i) => i)
const isAlive = (backend: CudaBackend, x: Buffer): void => expect([...backend.readSync(x)]).toEqual([...numbers])
const typed = expect.objectContaining({ name: 'BackendError' })

describe.each(['run', 'runAsync'] as const)('%s', how => {
  const start = async (backend: CudaBackend, x: Buffer, graph = donating(two)): Promise<readonly Buffer[] | undefined> =>
    backend.compile(graph)[how]?.([x], [true])

  test('the compiler refuses the program', async () => {
    const backend = await backendFor(),
      x = backend.upload(numbers, 'float32')
    fake.fail('nvrtcCompileProgram', 1, 6)
    await expect(start(backend, x)).rejects.toThrow(typed)
    isAlive(backend, x)
    await start(backend, x)
    expect(() => backend.readSync(x)).toThrow(expect.objectContaining({ name: 'DisposedError' }))
    await backend.dispose()
  })

  test('the program cannot be loaded', async () => {
    const backend = await backendFor(),
      x = backend.upload(numbers, 'float32')
    fake.fail('cuModuleLoadData', 1, 2, 9)
    await expect(start(backend, x)).rejects.toThrow(typed)
    isAlive(backend, x)
    await backend.dispose()
  })

  test('the driver refuses the first launch; after the second nobody can tell', async () => {
    const backend = await backendFor(),
      x = backend.upload(numbers, 'float32')
    fake.fail('cuLaunchKernel', 1, 1)
    await expect(start(backend, x)).rejects.toThrow(typed)
    isAlive(backend, x)
    fake.fail('cuLaunchKernel', 2, 1)
    await expect(start(backend, x)).rejects.toThrow(typed)
    expect(() => backend.readSync(x)).toThrow(expect.objectContaining({ name: 'DisposedError' }))
    await backend.dispose()
  })

  test('the first launch finds no memory: unused memory is given back, and it is repeated', async () => {
    const backend = await backendFor(),
      x = backend.upload(numbers, 'float32')
    backend.free(backend.upload(new Float32Array(2 ** 20), 'float32'))
    fake.fail('cuLaunchKernel', 1, 2)
    const [y] = (await start(backend, x)) ?? []
    isAlive(backend, y as Buffer)
    await backend.dispose()
  })

  test('no page can be locked: copies wait, and the run goes on', async () => {
    const backend = await backendFor(),
      x = backend.upload(numbers, 'float32')
    fake.fail('cuMemHostAlloc', 1, 2, 1e9)
    for (const graph of [donating(two), withCounter]) {
      const [y] = (await backend.compile(graph)[how]?.([x])) ?? []
      isAlive(backend, y as Buffer)
      expect([...(await backend.read(y as Buffer))]).toEqual([...numbers])
    }
    await backend.dispose()
  })
})

test('memory that others let go while the program is compiled is found again', async () => {
  const backend = await backendFor(),
    x = backend.upload(numbers, 'float32'),
    running = backend.compile(donating(two)).runAsync?.([x], [true])
  backend.services.workspace.drop()
  backend.free(x)
  const [y] = (await running) ?? []
  isAlive(backend, y as Buffer)
  await backend.dispose()
})

test('a jitted function that fails may be called again with what it was to take over', async () => {
  const { backend } = await init({ backend: loader() })
  const twice = jit((x: Tensor) => x.mul(2), { donate: [0] }),
    x = array([1, 2, 3])
  fake.fail('nvrtcCompileProgram', 1, 6)
  expect(() => twice(x)).toThrow(typed)
  expect([...twice(x).dataSync()]).toEqual([2, 4, 6])
  await backend.dispose()
})

test('a kernel that failed is not looked for among those that a wait has seen', async () => {
  const backend = await backendFor(),
    x = backend.upload(numbers, 'float32'),
    seen = backend.compile(graphOf([elementwise(n)], [['float32', n]], [['float32', n]])),
    kernel = elementwise(n),
    other = backend.compile(
      graphOf(
        [
          {
            ...kernel,
            extents: [2, n / 2],
            parallel: 2,
            epilogue: [{ op: 'load', dtype: 'float32', buffer: 0, map: { offset: 0, strides: [1, 2] } }],
            stores: [{ buffer: 1, map: { offset: 0, strides: [n / 2, 1] }, value: 0 }],
          },
        ],
        [['float32', n]],
        [['float32', n]],
      ),
    )
  await seen.runAsync?.([x])
  fake.fail('kernel', 1, 700)
  const [y] = other.run([x])
  const message = await backend.read(y as Buffer).catch((e: unknown) => (e as Error).message)
  expect(message).toMatch(/kernels ordered since the last wait: /)
  const [name] = (seen as CudaExecutable).resources.program.functions.map(f => f.name.replace(/_\d+$/, ''))
  expect(message).not.toContain(`${name},`)
  await backend.dispose()
})

test('a tensor larger than any array of the host is a typed error', async () => {
  fake.set({ noop: 1, memory: 2 ** 45, guard: 1, poison: 0 })
  const backend = await backendFor({ memoryBudget: 2 ** 45 }),
    size = 2 ** 42,
    graph = graphOf([elementwise(size, { map: { offset: 0, strides: [0] } })], [['float32', 1]], [['float32', size]]),
    [y] = backend.compile(graph).run([backend.upload(Float32Array.of(1), 'float32')])
  const refused = { name: 'BackendError', message: expect.stringMatching(/cannot be read|do not fit/) as string }
  expect(() => backend.readSync(y as Buffer)).toThrow(expect.objectContaining(refused))
  await expect(backend.read(y as Buffer)).rejects.toMatchObject(refused)
  await backend.dispose()
})

test('a library that takes no product leaves no temporaries of it', () => {
  const size = 512,
    graph = graphOf(
      [
        {
          kind: 'contraction',
          dtype: 'float32',
          extents: [size, size, size],
          parallel: 2,
          a: { op: 'load', dtype: 'float32', buffer: 0, map: { offset: 0, strides: [2 * size, 0, 2] } },
          b: { op: 'load', dtype: 'float32', buffer: 1, map: { offset: 0, strides: [0, 1, size] } },
          epilogue: [{ op: 'reduced', index: 0, dtype: 'float32' }],
          stores: [{ buffer: 2, map: { offset: 0, strides: [size, 1] }, value: 0 }],
        } as Kernel,
      ],
      [
        ['float32', 2 * size * size],
        ['float32', size * size],
      ],
      [['float32', size * size]],
    ),
    target = { multiprocessors: 132, capability: 90, precision: 'float32', products: true } as const
  const without = emitGraph(graph, { ...target, products: false }, emitKernel),
    refused = emitGraph(graph, target, emitKernel, { ...noLibraries, multiplies: () => false }),
    taken = emitGraph(graph, target, emitKernel)
  expect(refused).toEqual(without)
  expect(taken.arena).toBeGreaterThan(without.arena)
})
