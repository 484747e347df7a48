// The addon's tests again, in a process of their own, with the addon compiled for AddressSanitizer and UndefinedBehaviorSanitizer.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { buildAddon } from '../scripts/build-addon.ts'
import { buildFake } from './fake/build.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const run = promisify(execFile)

/** g++'s sanitizers must be there before Node starts. */
const library = async (name: string): Promise<string> => (await run('g++', [`-print-file-name=${name}`])).stdout.trim()
const preload = async (): Promise<string> => `${await library('libasan.so')} ${await library('libubsan.so')}`

test('is clean under sanitizers', { timeout: 240_000 }, async () => {
  const files = ['addon', 'addonProducts', 'addonRefusals', 'addonReads', 'addonFailures', 'addonEnvironments']
  const env = {
    ...process.env,
    COTANGENT_SANITIZE: '1',
    LD_PRELOAD: await preload(),
    // Node and V8 leave much unfreed when they end. The fake driver counts what the addon leaves.
    ASAN_OPTIONS: 'detect_leaks=0:detect_stack_use_after_return=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  }
  const vitest = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    'node',
    ...files.map(name => `packages/backend-cuda/test/${name}.test.ts`),
  ]
  const { stdout, stderr } = await run(process.execPath, vitest, { cwd: root, env, maxBuffer: 1 << 26 })
  expect(stdout + stderr).toMatch(/Test Files .*6 passed/)
  expect(stdout + stderr).not.toMatch(/AddressSanitizer|runtime error:/)
})

test('leaves no memory behind', async () => {
  const user = fileURLToPath(new URL('./fixtures/addonUser.cjs', import.meta.url))
  const addon = await buildAddon({ sanitize: true })
  const { library: driver } = await buildFake()
  const options = 'detect_leaks=1:detect_stack_use_after_return=0:fast_unwind_on_malloc=0'
  // Node itself leaves some: the status tells nothing.
  const env = { ...process.env, LD_PRELOAD: await preload(), ASAN_OPTIONS: options, LSAN_OPTIONS: 'exitcode=0' }
  const { stdout, stderr } = await run(process.execPath, [user, addon, driver, 'close'], { env })
  expect(stdout).toBe('126\n')
  expect(stderr.split('\n\n').filter(leak => leak.includes(addon))).toEqual([])
})
