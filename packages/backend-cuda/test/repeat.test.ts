/** The same bits in each process: a step of training and a sum of many floats, in two processes with other orders of threads and other memory. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { fakeDriver } from './kit.ts'

const run = promisify(execFile),
  program = fileURLToPath(new URL('./fixtures/bits.ts', import.meta.url))
beforeAll(fakeDriver)

test('numbers have the same bits from process to process', async () => {
  const environments = [{}, { FAKE_CUDA_THREADS: 'shuffle', FAKE_CUDA_BLOCKS: 'reverse', FAKE_CUDA_GUARD: '1', FAKE_CUDA_EAGER: '1' }]
  const digests = await Promise.all(
    environments.map(
      async more => (await run(process.execPath, ['--conditions=source', program], { env: { ...process.env, ...more } })).stdout,
    ),
  )
  expect(digests[0]).toMatch(/^(\w+ [0-9a-f]{64}\n){5}$/)
  expect(new Set(digests).size).toBe(1)
})
