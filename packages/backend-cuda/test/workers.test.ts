/** Backends in worker threads, which come and go while the main thread goes on. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

test('workers that are ended while a program is compiled take nothing with them', async () => {
  fake.set({ compiler: 'g++', cache: mkdtempSync(join(tmpdir(), 'cotangent-cuda-')) })
  for (let i = 0; i < 4; i++) {
    const worker = new Worker(new URL('./fixtures/worker.ts', import.meta.url), { workerData: { library: fake.library, number: -1 } })
    const exit = new Promise(resolve => worker.once('exit', resolve))
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    await new Promise(resolve => setTimeout(resolve, 10 * i))
    await worker.terminate()
    await exit
  }
  expect(Object.values(fake.live()).filter(n => n !== 0)).toEqual([])
  fake.reset()
})
