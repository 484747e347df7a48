/** The fake driver's modes: when streams run, memory that is watched, failures that tests order, products. */
import { describe, expect, test } from 'vitest'
import type { ProductPlan } from '../src/runtime/addon.ts'
import { bench, device, deviceForEachTest, loaded } from './support/bench.ts'
import { fill, graph, launch, product, words } from './support/commands.ts'
import { errorOf, floats, ints, one, single, upload } from './support/device.ts'

deviceForEachTest()

const append = (list: number, value: number): ReturnType<typeof words> => words(single(loaded.functions.append, [list, value]))

describe('streams', () => {
  test('run when somebody waits, in order', () => {
    const list = upload(device, new Int32Array(4))
    device.execute(...append(list, 7))
    device.execute(...append(list, 8))
    expect(bench.fake.log()).toEqual([])
    expect(ints(device, list, 4)).toEqual([2, 7, 8, 0])
    expect(bench.fake.log()).toEqual(Array.from({ length: 2 }, () => ({ name: 'append', grid: [1, 1, 1], block: [1, 1, 1] })))
  })

  test('run at once where they are eager', () => {
    bench.fake.set({ eager: 1 })
    device.execute(...append(upload(device, new Int32Array(4)), 7))
    expect(bench.fake.log().length).toBe(1)
  })

  test('are as slow as they are told to be', () => {
    const list = upload(device, new Int32Array(4))
    device.synchronize()
    bench.fake.set({ delay: 20 })
    const start = performance.now()
    for (let i = 0; i < 3; i++) device.execute(...append(list, i))
    expect(performance.now() - start).toBeLessThan(20)
    device.synchronize()
    expect(performance.now() - start).toBeGreaterThanOrEqual(60)
  })

  test('of a graph run each time that it is ordered, with the arguments of the capture', () => {
    const list = upload(device, new Int32Array(8))
    const handle = device.capture(...words(single(loaded.functions.append, [list, 5]), fill(list + 28, 1, 4)))
    expect(ints(device, list, 1)).toEqual([0])
    for (let i = 0; i < 3; i++) device.execute(...words(graph(handle)))
    expect(ints(device, list, 8)).toEqual([3, 5, 5, 5, 0, 0, 0, 0x01010101])
  })

  test('do nothing but count where kernels are switched off', () => {
    bench.fake.set({ noop: 1 })
    const list = upload(device, new Int32Array(2))
    device.execute(...append(list, 7))
    expect(ints(device, list, 2)).toEqual([0, 0])
    expect(bench.fake.calls()['cuLaunchKernel']).toBe(1)
  })
})

describe('memory', () => {
  test('is NaN at first and filled when it is freed', () => {
    const address = device.allocate(8)
    expect(floats(device, address, 2)).toEqual([NaN, NaN])
  })

  test('is as large as tests say, and short after so many bytes', () => {
    bench.fake.set({ memory: 1 << 20 })
    expect(device.memory().total).toBe(1 << 20)
    expect(errorOf(() => device.allocate(2 ** 20 + 1)).status).toBe(2)
    bench.fake.set({ failAfter: 1000 })
    device.allocate(600)
    expect(errorOf(() => device.allocate(600)).status).toBe(2)
    device.allocate(400)
  })

  test('a write behind an allocation is found by check, too', () => {
    const address = upload(device, new Float32Array(4))
    expect(bench.fake.check()).toBe('')
    bench.fake.set({ redzones: 0 })
    device.execute(...append(upload(device, Int32Array.of(3, 0, 0, 0)), 1))
    device.synchronize()
    bench.fake.set({ redzones: 1 })
    expect(bench.fake.check()).toMatch(/^a write 0 bytes after the end of the allocation of 16 bytes/)
    bench.fake.set({ redzones: 0 })
    device.release(address)
  })
})

describe('failures that tests order', () => {
  test('the n-th call of a function, once, then all is well', () => {
    bench.fake.fail('cuMemAlloc_v2', 2, 2)
    device.allocate(4)
    expect(errorOf(() => device.allocate(4))).toMatchObject({ call: 'cuMemAlloc', status: 2 })
    device.allocate(4)
    expect(bench.fake.calls()['cuMemAlloc_v2']).toBe(3)
  })

  test('any call; several in a row', () => {
    bench.fake.fail('*', 1, 999)
    expect(errorOf(() => device.memory()).status).toBe(999)
    bench.fake.fail('cuMemAlloc_v2', 1, 2, 2)
    for (let i = 0; i < 2; i++) expect(errorOf(() => device.allocate(4)).status).toBe(2)
    device.allocate(4)
  })

  test('a kernel that fails while it runs loses the context, and says so wherever it is used', () => {
    bench.fake.fail('kernel', 2, 700)
    const list = upload(device, new Int32Array(4))
    device.execute(...append(list, 1))
    device.execute(...append(list, 2))
    expect(() => device.synchronize()).toThrow(/ILLEGAL_ADDRESS \(700\).*kernel append: a failure that a test asked for/)
    expect(errorOf(() => device.allocate(4)).status).toBe(700)
    device.close()
    const next = bench.open()
    next.allocate(4)
    next.close()
  })

  test('devices, versions and capabilities', () => {
    bench.fake.set({ devices: 2, version: 12040, capability: 80, multiprocessors: 108, compilerVersion: 12040 })
    const second = bench.open(1)
    expect(second.properties).toMatchObject({
      name: 'Fake GPU 1',
      driverVersion: 12040,
      compilerVersion: [12, 4],
      capability: 80,
      multiprocessors: 108,
    })
    expect(() => second.load(second.compile('KERNEL(1) f(int *a) { a[0] = 1; }', ['--gpu-architecture=sm_90']))).toThrow(
      /NO_BINARY_FOR_GPU/,
    )
    second.close()
  })
})

test('what is closed leaves nothing behind', () => {
  upload(device, new Float32Array(16))
  device.capture(...words(single(loaded.functions.append, [device.allocate(16), 5])))
  device.close()
  expect(Object.entries(bench.fake.live()).filter(([, count]) => count !== 0)).toEqual([])
})

describe('products', () => {
  const [rows, sum, columns] = [3, 5, 4]
  /** C = A B in rows is C' = B' A' in columns, as cuBLASLt stores. */
  const plan = (changes: Partial<ProductPlan> = {}): ProductPlan => ({
    type: 0,
    compute: 68,
    rows: columns,
    columns: rows,
    sum,
    batch: 1,
    transposeA: false,
    transposeB: false,
    leadingA: columns,
    leadingB: sum,
    leadingResult: columns,
    strideA: sum * columns,
    strideB: rows * sum,
    strideResult: rows * columns,
    epilogue: 1,
    ...changes,
  })
  const values = (n: number, seed: number): Float32Array =>
    Float32Array.from({ length: n }, (_, i) => Math.fround(Math.sin(i * 1.7 + seed)))
  const at = (a: ArrayLike<number>, i: number): number => a[i] ?? Number.NaN
  const expected = (a: ArrayLike<number>, b: ArrayLike<number>): number[] =>
    Array.from({ length: rows * columns }, (_, n) =>
      Array.from({ length: sum }, (_, k) => at(a, Math.floor(n / columns) * sum + k) * at(b, k * columns + (n % columns))).reduce(
        (x, y) => x + y,
      ),
    )

  function multiply(changes: Partial<ProductPlan>, a: Float32Array, b: Float32Array, bias?: Float32Array): number[] {
    const { handle, workspace } = device.product(plan(changes))
    const out = device.allocate(4 * rows * columns),
      scratch = workspace > 0 ? device.allocate(workspace) : 0
    device.execute(
      ...words(product(handle, upload(device, b), upload(device, a), out, bias === undefined ? 0 : upload(device, bias), scratch)),
    )
    return floats(device, out, rows * columns)
  }
  const far = (x: readonly number[], y: readonly number[]): number => Math.max(...x.map((v, i) => Math.abs(v - at(y, i))))
  const a = values(rows * sum, 1),
    b = values(sum * columns, 2)

  test('in float32, with a bias and relu', () => {
    expect(far(multiply({}, a, b), expected(a, b))).toBeLessThan(1e-6)
    const bias = values(columns, 3)
    const activated = expected(a, b).map((v, i) => Math.max(0, v + at(bias, i % columns)))
    expect(far(multiply({ epilogue: 6 }, a, b, bias), activated)).toBeLessThan(1e-6)
  })

  test.each([
    ['tf32', 77, 10],
    ['bf16', 75, 7],
  ])('in %s operands have fewer bits', (_name, compute, bits) => {
    const round = (x: number): number => {
      const scale = 2 ** (Math.floor(Math.log2(Math.abs(x))) - bits)
      return Math.round(x / scale) * scale
    }
    const result = multiply({ compute }, a, b)
    expect(far(result, expected(a.map(round), b.map(round)))).toBeLessThan(1e-6)
    expect(far(result, expected(a, b))).toBeGreaterThan(1e-5)
  })

  test('the workspace is written, and an algorithm that needs none exists', () => {
    const calls = bench.fake.calls()['cublasLtMatmulAlgoGetHeuristic'] ?? 0
    const { handle, workspace } = device.product(plan())
    expect(bench.fake.calls()['cublasLtMatmulAlgoGetHeuristic']).toBe(calls + 1)
    expect(workspace).toBeGreaterThan(0)
    const scratch = upload(device, new Uint8Array(workspace)),
      out = device.allocate(4 * rows * columns)
    device.execute(...words(product(handle, upload(device, b), upload(device, a), out, 0, scratch)))
    expect(floats(device, scratch, 1)).toEqual([NaN])
  })

  test('what cuBLASLt refuses', () => {
    for (const wrong of [{ leadingA: 1 }, { compute: 64 }, { type: 1 }, { epilogue: 32 }, { batch: 0 }])
      expect(() => device.product(plan(wrong))).toThrow()
  })

  test('operands outside of allocations are an error', () => {
    const { handle, workspace } = device.product(plan({ batch: 2 }))
    const small = upload(device, values(rows * sum, 1))
    const order = (): void => {
      device.execute(...words(product(handle, small, small, small, 0, workspace > 0 ? device.allocate(workspace) : 0)))
      device.synchronize()
    }
    expect(order).toThrow()
  })
})

test('one launch, as the log tells it', () => {
  const out = device.allocate(64 * 4)
  device.execute(...words(launch(loaded.functions.slow, one, [64, 1, 1], [out, 2])))
  device.synchronize()
  expect(bench.fake.log()).toEqual([{ name: 'slow', grid: [1, 1, 1], block: [64, 1, 1] }])
})
