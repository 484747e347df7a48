/** Tensors beyond the budget, backends side by side, calls after the end. */
import { array, init, jit, matmul, type Tensor } from '@cotangent/core'
import { expect, test } from 'vitest'
import { elementwise, graphOf } from '../../core/test/support/smallGraphs.ts'
import type { WebglBackend } from '../src/backend.ts'
import type { WebglExecutable } from '../src/runtime/executable.ts'
import { backend as loader, webgl } from '../src/index.ts'
import { backendFor } from './kit.ts'

const disposed = { name: 'BackendError', message: expect.stringMatching(/was disposed. Call init\(\) again/) as string }
const filled = (n: number, value: number): Float32Array => new Float32Array(n).fill(value)

test('tensors larger than the whole budget are computed with, and moved out of the way afterwards', async () => {
  const backend = (await webgl({ memoryBudget: 2 ** 20 })) as WebglBackend
  await init({ backend: [{ name: 'webgl', load: async () => backend }] })
  const n = 2 ** 22,
    x = array(filled(n, 1))
  const y = x.add(array(filled(n, 2))).mul(x)
  expect(y.sum().item()).toBe(3 * n)
  expect(y.dataSync()[n - 1]).toBe(3)
  for (let i = 0; i < 5; i++) expect(x.add(i).dataSync()[7]).toBe(i + 1)
  // No more than the last operation needs.
  expect(backend.pool.bytes).toBeLessThanOrEqual(3 * 4 * n)
  await backend.dispose()
})

test('what is given back beyond the budget is deleted', async () => {
  const backend = backendFor({ memoryBudget: 2 ** 20 })
  const buffers = [1, 2].map(value => backend.upload(filled(2 ** 20, value), 'float32'))
  for (const buffer of buffers) backend.free(buffer)
  expect(backend.pool.bytes).toBeLessThanOrEqual(2 ** 20)
  await backend.dispose()
})

test('two backends compute side by side', async () => {
  const loaded = [(await init({ backend: loader })).backend]
  const inputs = [array(filled(256, 1), { shape: [16, 16] })]
  loaded.push((await init({ backend: loader })).backend)
  inputs.push(array(filled(256, 2), { shape: [16, 16] }))
  const square = jit((x: Tensor) => matmul(x, x).sum())
  const results = Array.from({ length: 20 }, (_, i) => square.async(inputs[i % 2] as Tensor).then(y => y.data()))
  expect((await Promise.all(results)).map(d => d[0])).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 4096 : 16384)))
  expect(() => (inputs[0] as Tensor).add(inputs[1] as Tensor)).toThrow(expect.objectContaining({ kind: 'BackendError' }))
  await loaded[1]?.dispose()
  expect(square(inputs[0] as Tensor).item()).toBe(4096)
  await loaded[0]?.dispose()
})

test('two hundred asynchronous runs and reads at once', async () => {
  const backend = backendFor(),
    x = backend.upload(filled(1000, 3), 'float32'),
    executable = backend.compile(graphOf([elementwise(1000)], [['float32', 1000]], [['float32', 1000]])) as WebglExecutable
  const one = async (): Promise<number> => {
    const [y] = await executable.runAsync([x])
    const data = y === undefined ? [] : await backend.read(y)
    if (y !== undefined) backend.free(y)
    return data[999] ?? NaN
  }
  expect(new Set(await Promise.all(Array.from({ length: 200 }, one)))).toEqual(new Set([3]))
  expect(backend.memory().buffers).toBe(1)
  await backend.dispose()
})

test('dispose() while results are awaited rejects them; later calls are refused, and freeing is none', async () => {
  const backend = backendFor(),
    x = backend.upload(filled(1000, 3), 'float32'),
    graph = graphOf([elementwise(1000)], [['float32', 1000]], [['float32', 1000]]),
    executable = backend.compile(graph) as WebglExecutable
  const waiting = [backend.read(x), executable.runAsync([x]), executable.ready(), backend.read(x)].map(p =>
    expect(p).rejects.toMatchObject(disposed),
  )
  await backend.dispose()
  await Promise.all(waiting)
  for (const call of [
    () => backend.upload(filled(1, 1), 'float32'),
    () => backend.readSync(x),
    () => backend.compile(graph),
    () => executable.run([x]),
  ])
    expect(call).toThrow(expect.objectContaining(disposed))
  await expect(backend.read(x)).rejects.toMatchObject(disposed)
  await expect(executable.runAsync([x])).rejects.toMatchObject(disposed)
  executable.dispose()
  backend.free(x)
  backend.free(x)
  expect(backend.memory().buffers).toBe(0)
  await backend.dispose()
})

test('freed buffers and those of others are refused', async () => {
  const [backend, other] = [backendFor(), backendFor()]
  const executable = backend.compile(graphOf([elementwise(4)], [['float32', 4]], [['float32', 4]]))
  const x = backend.upload(filled(4, 1), 'float32')
  backend.free(x)
  expect(() => executable.run([x])).toThrow(expect.objectContaining({ name: 'DisposedError' }))
  expect(() => backend.readSync(x)).toThrow(expect.objectContaining({ name: 'DisposedError' }))
  expect(() => backend.readSync({ dtype: 'float32', size: 4 })).toThrow(/belongs to another backend/)
  const theirs = other.upload(filled(4, 1), 'float32')
  expect(() => executable.run([theirs])).toThrow(/belongs to another backend/)
  await Promise.all([backend.dispose(), other.dispose()])
})
