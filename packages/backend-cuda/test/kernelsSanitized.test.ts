/**
 * Generated kernels, compiled by g++ with sanitizers: undefined behaviour here, accesses outside of buffers in a process of its own, since
 * AddressSanitizer has to be there before Node starts.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createReference } from '../../core/src/backend/reference.ts'
import { disjointPlan, difference, runGraph } from '../../core/test/support/runKernels.ts'
import { arbKernelCase } from '../../core/test/support/arbKernels.ts'
import type { CudaBackend } from '../src/backend.ts'
import { addressErrors, type Fake, undefinedBehavior } from './fake/control.ts'
import { fakeDriver, separateBackend } from './kit.ts'
import { errorOf, one, prepare, upload } from './support/device.ts'
import { launch, words } from './support/commands.ts'

const inChild = process.env['COTANGENT_KERNELS'] === 'address'
const run = promisify(execFile)

let fake: Fake
let backend: CudaBackend
beforeAll(async () => {
  fake = await fakeDriver()
  fake.reset()
  fake.set({ compiler: 'g++', flags: inChild ? addressErrors : undefinedBehavior })
  backend = await separateBackend()
})
afterAll(async () => {
  await backend.dispose()
  fake.reset()
})

test('random kernels are clean and right', { timeout: 120_000 }, () => {
  const reference = createReference()
  fc.assert(
    fc.property(arbKernelCase({ kernels: 3 }), ({ graph, inputs }) => {
      const plan = disjointPlan(graph)
      expect(difference(runGraph(backend, plan, inputs), runGraph(reference, plan, inputs))).toBe(undefined)
      expect(fake.failure()).toBe('')
    }),
    { numRuns: 20, endOnFailure: true },
  )
})

const readBehind = (): void =>
  test('a read behind a buffer ends the process', async () => {
    const bench = await prepare(),
      device = bench.open()
    const source = 'KERNEL(1) f(const float *a, float *o) { o[0] = a[4]; }'
    const handle = device.function(device.load(device.compile(source, ['--gpu-architecture=sm_90'])), 'f', 'pp')
    device.execute(...words(launch(handle, one, one, [upload(device, new Float32Array(4)), upload(device, new Float32Array(4))])))
    errorOf(() => device.synchronize())
  })

const bothInChild = (): void =>
  test('under AddressSanitizer too, which sees a read behind a buffer', { timeout: 240_000 }, async () => {
    const root = fileURLToPath(new URL('../../..', import.meta.url))
    const { stdout: library } = await run('g++', ['-print-file-name=libasan.so'])
    const env = {
      ...process.env,
      COTANGENT_KERNELS: 'address',
      LD_PRELOAD: library.trim(),
      ASAN_OPTIONS: 'detect_leaks=0:detect_stack_use_after_return=0:handle_segv=0',
    }
    const of = (name: string): Promise<{ stdout: string; stderr: string }> =>
      run(
        process.execPath,
        ['node_modules/vitest/vitest.mjs', 'run', '--project', 'node', 'packages/backend-cuda/test/kernelsSanitized.test.ts', '-t', name],
        {
          cwd: root,
          env,
          maxBuffer: 1 << 26,
        },
      )
    const { stdout, stderr } = await of('random kernels')
    expect(stdout + stderr).toMatch(/Tests .*1 passed/)
    expect(stdout + stderr).not.toContain('AddressSanitizer')
    const failed = await of('a read behind').catch((error: unknown) => error as { stdout: string; stderr: string })
    expect(failed.stdout + failed.stderr).toMatch(/AddressSanitizer: .*\n[^]*in f .*program/)
  })

if (inChild) readBehind()
else bothInChild()
