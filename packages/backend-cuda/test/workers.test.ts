/** Backends in worker threads, which come and go while the main thread goes on. */
import { Worker } from 'node:worker_threads'
import { array, init, jit, type Tensor } from '@cotangent/core'
import { expect, test } from 'vitest'
import { fakeDriver, loader } from './kit.ts'

const fake = await fakeDriver()

test('ten workers beside the main thread, one after another and two at a time', async () => {
  const { backend } = await init({ backend: loader() })
  const f = jit((x: Tensor) => x.add(1).sum())
  const run = async (number: number): Promise<void> => {
    const worker = new Worker(new URL('./fixtures/worker.ts', import.meta.url), { workerData: { library: fake.library, number } })
    const message = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject)),
      exit = new Promise(resolve => worker.once('exit', resolve))
    expect(await message).toEqual([2 * (3 + number), 2 * (3 + number)])
    await exit
    expect((await f.async(array([number, 1]))).item()).toBe(number + 3)
  }
  for (let i = 0; i < 10; i += 2) await Promise.all([run(i), run(i + 1)])
  await backend.dispose()
  expect(Object.values(fake.live()).filter(n => n !== 0)).toEqual([])
})
