import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Device } from '../src/runtime/addon.ts'
import { fill, words } from './support/commands.ts'
import { type Bench, ints, load, prepare, single, upload } from './support/device.ts'

let bench: Bench
let device: Device

beforeAll(async () => {
  bench = await prepare()
})
beforeEach(() => {
  bench.fake.reset()
  device = bench.open()
})
afterEach(() => device.close())

test('bytes survive, of any number', async () => {
  for (const length of [0, 1, 1023, 300_000, 20_000_000 / 4]) {
    const data = Int32Array.from({ length }, (_, i) => i * 7)
    const address = upload(device, data)
    const back = await device.read(address, data.byteLength)
    expect(back).toBeInstanceOf(ArrayBuffer)
    expect(Buffer.from(back).equals(Buffer.from(data.buffer))).toBe(true)
    device.release(address)
  }
})

test('a read sees what was ordered before it and nothing of what comes after', async () => {
  const address = device.allocate(4)
  const reads = []
  for (let i = 0; i < 100; i++) {
    device.execute(...words(fill(address, i, 4)))
    reads.push(device.read(address, 4))
  }
  device.execute(...words(fill(address, 255, 4)))
  const values = (await Promise.all(reads)).map(buffer => new Uint8Array(buffer)[0])
  expect(values).toEqual(Array.from({ length: 100 }, (_, i) => i))
})

test('a thousand at once, of many sizes, and memory for them is kept', async () => {
  const data = Int32Array.from({ length: 50_000 }, (_, i) => i)
  const address = upload(device, data)
  const round = async (): Promise<void> => {
    const sizes = Array.from({ length: 1000 }, (_, i) => (i * 7919) % 50_000)
    const buffers = await Promise.all(sizes.map(size => device.read(address, 4 * size)))
    buffers.forEach((buffer, i) => expect(buffer.byteLength).toBe(4 * (sizes[i] ?? 0)))
    expect(buffers.every(buffer => new Int32Array(buffer).every((value, i) => value === i))).toBe(true)
  }
  await round()
  expect(bench.fake.live()['pinned']).toBeLessThan(1000)
  const before = bench.fake.calls()['cuMemHostAlloc'] ?? 0
  for (let i = 0; i < 200; i++) await device.read(address, 4096)
  expect(bench.fake.calls()['cuMemHostAlloc']).toBe(before)
})

test('the event loop goes on while the device works', async () => {
  const { functions } = load(device)
  const out = device.allocate(256)
  bench.fake.set({ delay: 150 })
  const start = performance.now()
  device.execute(...words(single(functions.slow, [out, 10])))
  const read = device.read(out, 4)
  expect(performance.now() - start).toBeLessThan(100)
  let settled = false
  void read.then(() => (settled = true))
  let ticks = 0
  while (!settled) {
    await sleep(2)
    ticks++
  }
  expect(ticks).toBeGreaterThan(20)
})

test('closing rejects the reads that are pending, with a typed error', async () => {
  const address = device.allocate(4)
  bench.fake.set({ delay: 50 })
  const reads = [device.read(address, 4), device.read(address, 4), device.read(address, 4)]
  device.close()
  const results = await Promise.allSettled(reads)
  for (const result of results) {
    expect(result.status).toBe('rejected')
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'ERR_CUDA', status: 709 })
  }
})

test('a failure of the device rejects its reads and leaves the process', async () => {
  const { functions } = load(device)
  const out = device.allocate(256)
  bench.fake.fail('kernel', 1, 719)
  device.execute(...words(single(functions.slow, [out, 10])))
  await expect((async () => device.read(out, 4))()).rejects.toMatchObject({ code: 'ERR_CUDA', status: 719 })
  device.close()
  device = bench.open()
  expect(ints(device, upload(device, Int32Array.of(5)), 1)).toEqual([5])
})

test('a device whose reads are pending is not collected; one without is closed', async () => {
  const before = bench.fake.live()['streams'] ?? 0
  const orphan = (): Promise<ArrayBuffer> => {
    const other = bench.open()
    return other.read(upload(other, Int32Array.of(42)), 4)
  }
  bench.fake.set({ delay: 20 })
  const pending = Array.from({ length: 5 }, orphan)
  const { gc } = globalThis
  gc?.()
  expect((await Promise.all(pending)).map(buffer => new Int32Array(buffer)[0])).toEqual([42, 42, 42, 42, 42])
  if (gc === undefined) return
  for (let i = 0; i < 50 && (bench.fake.live()['streams'] ?? 0) > before; i++) {
    gc()
    await sleep(5)
  }
  expect(bench.fake.live()['streams']).toBe(before)
})

// AddressSanitizer ends the process where malloc only fails.
const unlessSanitized = process.env['COTANGENT_SANITIZE'] === '1' ? () => {} : test
unlessSanitized('a read that the host has no memory for throws, and the process goes on', async () => {
  // Pages that nobody touches cost nothing.
  bench.fake.set({ memory: 2 ** 45, guard: 1, poison: 0 })
  const bytes = 2 ** 44,
    address = device.allocate(bytes)
  expect(() => device.read(address, bytes)).toThrow(RangeError)
  device.release(address)
  expect((await device.read(upload(device, new Uint8Array(2 ** 21)), 2 ** 21)).byteLength).toBe(2 ** 21)
})

test('an ArrayBuffer of JavaScript that was replaced is not called, and closes nothing', async () => {
  const bytes = 2 ** 21,
    address = upload(device, new Uint8Array(bytes).fill(7)),
    { ArrayBuffer: original } = globalThis
  globalThis.ArrayBuffer = class extends original {
    constructor(length: number) {
      super(length)
      device.close()
    }
  } as unknown as ArrayBufferConstructor
  try {
    const read = device.read(address, bytes)
    expect(Buffer.from(await read).equals(Buffer.alloc(bytes, 7))).toBe(true)
  } finally {
    globalThis.ArrayBuffer = original
  }
  // The constructor that the addon itself finds.
  const { prototype } = original
  Object.defineProperty(prototype, 'constructor', {
    configurable: true,
    get: () => {
      device.close()
      return original
    },
  })
  try {
    expect(() => device.read(address, bytes)).toThrow(expect.objectContaining({ code: 'ERR_CUDA', status: 709 }))
  } finally {
    Object.defineProperty(prototype, 'constructor', { configurable: true, writable: true, value: original })
  }
})
