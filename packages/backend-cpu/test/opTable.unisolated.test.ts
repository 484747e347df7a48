/** Where a page is not cross-origin isolated there is no shared memory: one thread, and all the laws hold on it. */
import { init, jit, matmul, ones, type Tensor } from '@cotangent/core'
import { describeBackend } from '@cotangent/core/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { CpuBackend } from '../src/backend.ts'
import { backend } from '../src/index.ts'
import { shareEverything } from './tune.ts'

it('this page has no shared memory', () => {
  expect(crossOriginIsolated).toBe(false)
  expect(typeof SharedArrayBuffer).toBe('undefined')
})

it('four threads are asked for, and one computes, on memory that is not shared', async () => {
  const undo = shareEverything(),
    workers = vi.spyOn(globalThis, 'Worker')
  const loaded = await init({ backend, threads: 4 })
  expect((loaded.backend as CpuBackend).heap.memory.wasm.buffer).toBeInstanceOf(ArrayBuffer)
  const f = jit((v: Tensor) => matmul(v, v).sum())
  expect(f(ones([200, 200])).item()).toBe(8e6)
  expect((await f.async(ones([200, 200]))).item()).toBe(8e6)
  expect(workers).not.toHaveBeenCalled()
  await loaded.backend.dispose()
  workers.mockRestore()
  undo()
})

describeBackend(
  'cpu without shared memory',
  () => backend.load({ threads: 2 }),
  { describe, it, beforeAll, afterAll },
  { runs: 1, mathematics: false },
)
