import { beforeAll, expect, test } from 'vitest'
import type { Device } from '../src/runtime/addon.ts'
import { convolution, copy, fill, float, graph, launch, loop, product, words } from './support/commands.ts'
import { type Bench, floats, imagePlan, load, prepare, upload } from './support/device.ts'

let bench: Bench

beforeAll(async () => {
  bench = await prepare()
})

/** Uses all of the addon. Throws what fails; the sum of the result else. */
async function useAll(device: Device): Promise<number> {
  const { module, functions } = load(device)
  device.attributes(functions.axpy)
  device.memory()
  const x = upload(device, new Float32Array(16).fill(1)),
    y = upload(device, new Float32Array(16))
  const step = launch(functions.axpy, [1, 1, 1], [32, 1, 1], [x, y, float(2), 16])
  device.execute(...words(loop(2, false, x + 60, step), copy(y + 32, y, 32), fill(x, 0, 64)))
  const recorded = device.capture(...words(fill(x, 0, 64), step))
  device.execute(...words(graph(recorded)))
  const shape = { type: 0, compute: 68, rows: 4, columns: 4, sum: 4, batch: 1, transposeA: false, transposeB: true }
  const strides = { leadingA: 4, leadingB: 4, leadingResult: 4, strideA: 0, strideB: 0, strideResult: 0 }
  const { handle, workspace } = device.product({ ...shape, ...strides, epilogue: 4, candidates: 3 })
  const scratch = workspace === 0 ? 0 : device.allocate(workspace)
  device.execute(...words(product(handle, y, y, x, y, scratch)))
  for (const plan of [imagePlan, { ...imagePlan, direction: 1, epilogue: 0 }]) {
    const planned = device.convolution(plan)
    if (planned === undefined) throw new Error('cuDNN does not take it')
    const space = device.allocate(planned.workspace)
    device.execute(...words(convolution(planned.handle, y, y, x, plan.epilogue === 0 ? 0 : y, space)))
    device.releaseConvolution(planned.handle)
  }
  device.time(...words(step), 2)
  const sum = floats(device, x, 16).reduce((a, b) => a + b)
  // Together, so that one that throws at once leaves none behind.
  const reads = [
    [y, 64],
    [x, 4],
    [x, 0],
  ] as const
  await Promise.all(reads.map(async ([address, bytes]) => device.read(address, bytes)))
  await device.compileAsync('KERNEL(1) f(int *a) { a[0] = 1; }', [])
  device.releaseProduct(handle)
  device.releaseGraph(recorded)
  device.unload(module)
  device.release(x)
  device.synchronize()
  return sum
}

/** Opens a device and uses it; what fails, as an error or as the reason of `open`. */
async function attempt(): Promise<{ readonly failed?: unknown; readonly sum?: number }> {
  const { device, reason } = bench.addon.open(bench.libraries, 0)
  if (device === undefined) return { failed: reason }
  try {
    return { sum: await useAll(device) }
  } catch (failed) {
    return { failed }
  } finally {
    device.close()
  }
}

const live = (): readonly (readonly [string, number])[] => Object.entries(bench.fake.live()).filter(([, count]) => count !== 0)

/** Freeing and looking can go wrong only in a device that is lost already: there is nobody to tell, and nothing to do. */
const silent = new Set(['cuGetErrorName', 'cuGetErrorString', 'nvrtcGetProgramLogSize', 'nvrtcGetProgramLog', 'cuFuncGetParamInfo'])
const isSilent = (name: string): boolean => silent.has(name) || /Destroy|Unload|FreeHost|Release/.test(name)

test('each call that fails is a typed error or the reason of open, frees all, and leaves the process usable', async () => {
  bench.fake.reset()
  const good = await attempt()
  expect(good.failed).toBeUndefined()
  expect(live()).toEqual([])
  const calls = Object.entries(bench.fake.calls()).filter(([name, count]) => count > 0 && !isSilent(name))
  expect(calls.length).toBeGreaterThan(40)
  for (const [name, count] of calls)
    for (let nth = 1; nth <= Math.min(count, 12); nth++) {
      bench.fake.reset()
      bench.fake.fail(name, nth, 999)
      const { failed, sum } = await attempt()
      const where = `${name}, call ${nth} of ${count}`
      expect(
        live().filter(([kind]) => kind !== 'cublasLt'),
        where,
      ).toEqual([])
      if (failed === undefined) expect(sum, where).toBe(good.sum)
      else if (typeof failed === 'string') expect(failed, where).toContain('(999)')
      else expect(failed, where).toMatchObject({ code: 'ERR_CUDA', status: 999 })
    }
  bench.fake.reset()
  expect(await attempt()).toEqual(good)
})

test('a kernel that fails: the next wait says so, and so does every call after it', () => {
  bench.fake.reset()
  const device = bench.open()
  const { functions } = load(device)
  const y = upload(device, new Float32Array(4))
  bench.fake.fail('kernel', 1, 700)
  device.execute(...words(launch(functions.axpy, [1, 1, 1], [4, 1, 1], [y, y, float(1), 4])))
  expect(() => device.synchronize()).toThrow(expect.objectContaining({ code: 'ERR_CUDA', status: 700 }))
  expect(() => floats(device, y, 4)).toThrow(expect.objectContaining({ code: 'ERR_CUDA', status: 700 }))
  device.close()
  expect(live()).toEqual([])
})

// Last, since what cannot be freed stays in the fake.
test('all calls fail from some call on: typed errors', async () => {
  bench.fake.reset()
  await attempt()
  const total = bench.fake.total()
  for (let nth = 1; nth <= total; nth += 3) {
    bench.fake.reset()
    bench.fake.fail('*', nth, 700, 1e9)
    const { failed } = await attempt()
    if (typeof failed !== 'string' && failed !== undefined) expect(failed, `from call ${nth}`).toMatchObject({ code: 'ERR_CUDA' })
  }
})
