/** What tests of the addon and of the fake driver have in common: a device of the fake driver for each test, with a program loaded. */
import { afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { Device } from '../../src/runtime/addon.ts'
import { type Bench, type Loaded, load, prepare } from './device.ts'

export let bench: Bench
export let device: Device
export let loaded: Loaded

/** Opens the device before each test of a file and closes it after it, when nothing may have been written outside of allocations. */
export function deviceForEachTest(): void {
  beforeAll(async () => {
    bench = await prepare()
  })
  beforeEach(() => {
    bench.fake.reset()
    device = bench.open()
    loaded = load(device)
    bench.fake.reset()
  })
  afterEach(() => {
    device.close()
    expect(bench.fake.check()).toBe('')
  })
}
