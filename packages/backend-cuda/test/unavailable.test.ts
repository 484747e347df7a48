/** Why there is no cuda backend, in one line, and soon; and options that are refused. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { init } from '@cotangent/core'
import { createReference } from '../../core/src/backend/reference.ts'
import { buildAddon } from '../scripts/build-addon.ts'
import { cuda, type CudaOptions } from '../src/index.ts'
import { loadAddon } from '../src/runtime/load.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { everyLibrary, fakeDriver, loader } from './kit.ts'
import { openFake } from './fake/control.ts'

const fake = await fakeDriver()
await buildAddon()
afterEach(() => fake.reset())

const next = { name: 'next', load: async () => createReference() }
const nowhere: CudaOptions = { libraries: everyLibrary('/nowhere/libnothing.so') }

/** The one line that `init` gives. */
async function reason(options: CudaOptions): Promise<string> {
  const { name, skipped } = await init({ backend: [{ name: 'cuda', load: () => cuda(options) }, next] })
  expect(name).toBe('next')
  expect(skipped).toHaveLength(1)
  const text = skipped[0]?.reason ?? ''
  expect(text).toMatch(/^cuda: [^\n]+$/)
  return text
}

test('without a driver', async () => {
  // A machine may have one: then the first name that is tried fails, and the device is opened.
  const opened = await cuda(nowhere).catch((e: unknown) => e as Error)
  if (opened instanceof Error) expect(await reason(nowhere)).toMatch(/libcuda|driver|device/i)
  else await opened.dispose()
  const alone = await init({ backend: { name: 'cuda', load: () => cuda({ libraries: { cuda: '/nowhere/libcuda.so' } }) } }).catch(
    (e: unknown) => e as Error,
  )
  if (alone instanceof Error) expect(alone.message).toMatch(/^init: no backend works\. cuda: (?!cuda)/)
  else await alone.backend.dispose()
})

test('with a path that is wrong: it is named', async () => {
  const text = await reason({ libraries: { ...everyLibrary(fake.library), nvrtc: '/nowhere/libnvrtc.so' } }).catch(
    (e: unknown) => e as Error,
  )
  // A machine may have a compiler elsewhere, which is taken then.
  if (typeof text === 'string') expect(text).toContain('/nowhere/libnvrtc.so')
  const opened = await cuda(nowhere).catch((e: unknown) => e as Error)
  if (opened instanceof Error) expect(opened.message).toContain('/nowhere/libnothing.so')
  else await opened.dispose()
})

test('soon', async () => {
  const times: number[] = []
  for (let i = 0; i < 10; i++) {
    const start = performance.now()
    await cuda(nowhere).then(
      b => b.dispose(),
      () => undefined,
    )
    times.push(performance.now() - start)
  }
  expect(Math.min(...times)).toBeLessThan(20)
})

test('without a device', async () => {
  fake.set({ devices: 0 })
  expect(await reason({ libraries: everyLibrary(fake.library), cache: false })).toMatch(/device/)
  fake.set({ devices: 2 })
  expect(await reason({ libraries: everyLibrary(fake.library), cache: false, device: 5 })).toMatch(/device.*5|5.*device/)
})

test('with a driver that is too old: the symbol that it lacks', async () => {
  const old = await openFake(['cuLaunchKernel'])
  expect(await reason({ libraries: everyLibrary(old.library), cache: false })).toMatch(/cuLaunchKernel/)
})

describe('the addon', () => {
  const backendError = (message: RegExp) =>
    expect.objectContaining({ name: 'BackendError', message: expect.stringMatching(message) as string })

  test('for another platform', () => {
    expect(() => loadAddon('darwin-arm64')).toThrow(backendError(/no native addon for darwin-arm64, only for linux-x64.*cpu backend/))
  })
  test('that is missing', () => {
    expect(() => loadAddon('linux-x64', '/nowhere/cuda.node')).toThrow(backendError(/\/nowhere\/cuda\.node is missing/))
  })
  test('that is broken', () => {
    const folder = join(tmpdir(), `cotangent-cuda-broken-${process.pid}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'cuda.node'), 'not a library')
    expect(() => loadAddon('linux-x64', join(folder, 'cuda.node'))).toThrow(backendError(/cannot be loaded/))
    rmSync(folder, { recursive: true })
  })
})

test('options out of range are listed', async () => {
  const bad = {
    device: -1,
    precision: 'half',
    memoryBudget: 5,
    debug: 1,
    cache: '',
    libraries: { cudart: 'x' },
    extra: 0,
  } as unknown as CudaOptions
  const error = (await cuda(bad).catch((e: unknown) => e)) as Error
  expect(error.name).toBe('ConfigError')
  for (const name of Object.keys(bad)) expect(error.message).toContain(name)
})

test('paths that no system takes, lists for objects: a ConfigError, and no device stays open', async () => {
  const bad = [
    { cache: 'a\0b' },
    ...['', 'a\0b', 'a\nb', ['']].map(cuda => ({ libraries: { cuda } })),
    ...[[], ['x']].map(libraries => ({ libraries })),
    [],
  ] as unknown as CudaOptions[]
  const before = fake.live()
  for (const options of bad) {
    const given = Array.isArray(options) ? options : { libraries: everyLibrary(fake.library), ...options }
    await expect(cuda(given), JSON.stringify(options)).rejects.toMatchObject({ name: 'ConfigError' })
  }
  expect(fake.live()).toEqual(before)
})

test('numbers that no device has', async () => {
  for (const device of [-1, 1.5, NaN, Infinity, 2 ** 31, 1e300, Object.create(null) as number])
    await expect(cuda({ device })).rejects.toMatchObject({ name: 'ConfigError', message: expect.stringContaining('device') as string })
})

test('two devices, and tensors that stay on theirs', async () => {
  fake.set({ devices: 2 })
  const [a, b] = await Promise.all([0, 1].map(device => loader({ device }).load()))
  if (a === undefined || b === undefined) throw new Error('not opened')
  const x = a.upload(Float32Array.of(1, 2), 'float32')
  expect([...a.readSync(x)]).toEqual([1, 2])
  for (const use of [() => b.readSync(x), () => b.free(x)]) expect(use).toThrow(expect.objectContaining({ name: 'BackendError' }))
  expect([...a.readSync(x)]).toEqual([1, 2])
  await a.dispose()
  expect([...b.readSync(b.upload(Float32Array.of(3), 'float32'))]).toEqual([3])
  await b.dispose()
})
