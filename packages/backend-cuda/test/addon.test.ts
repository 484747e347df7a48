import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Device } from '../src/runtime/addon.ts'
import { bench, device, deviceForEachTest, loaded } from './support/bench.ts'
import { type Command, copy, fill, float, graph, launch, loop, words } from './support/commands.ts'
import { errorOf, floats, ints, librariesOf, prepare, single, upload } from './support/device.ts'

deviceForEachTest()

describe('opening', () => {
  const none = { cuda: [], nvrtc: [], cublasLt: [], cudnn: [] }

  test('a device tells its properties', () => {
    expect(device.properties).toMatchObject({
      capability: 90,
      multiprocessors: 4,
      memory: 2 ** 30,
      driverVersion: 13000,
      compilerVersion: [13, 0],
    })
    expect(device.products).toBe(true)
  })

  test('without a driver: one line, every attempt, nothing thrown', () => {
    const opened = bench.addon.open({ ...none, cuda: ['libno.so.1', '/no/libcuda.so'] }, 0)
    expect(opened.device).toBeUndefined()
    expect(opened.reason).toMatch(/^no NVIDIA driver: .*\/no\/libcuda\.so/)
    expect(opened.cuda.tried.map(({ library }) => library)).toEqual(['libno.so.1', '/no/libcuda.so'])
  })

  test('an old driver: the symbol that it lacks', async () => {
    const old = await prepare(['cuGraphInstantiateWithFlags'])
    const opened = old.addon.open(old.libraries, 0)
    expect(opened.cuda.missing).toEqual(['cuGraphInstantiateWithFlags'])
    expect(opened.reason).toContain('too old')
    expect(opened.reason).toContain('cuGraphInstantiateWithFlags')
  })

  test('no compiler, no such device, no device', () => {
    expect(bench.addon.open({ ...bench.libraries, nvrtc: ['libno.so'] }, 0).reason).toMatch(/^no CUDA compiler: libno\.so/)
    expect(bench.addon.open(bench.libraries, 1).reason).toBe('there is no device 1: the NVIDIA driver sees 1')
    bench.fake.set({ devices: 0 })
    expect(bench.addon.open(bench.libraries, 0).reason).toBe('the NVIDIA driver sees no device')
    bench.fake.reset()
  })

  test('without cuBLASLt there are no products', () => {
    const opened = bench.addon.open({ ...bench.libraries, cublasLt: ['libno.so'] }, 0)
    expect(opened.device?.products).toBe(false)
    opened.device?.close()
  })

  test('wrong arguments are TypeErrors', () => {
    const open = bench.addon.open as (...args: readonly unknown[]) => unknown
    for (const args of [[], [{}, 0], [bench.libraries], [bench.libraries, -1], [bench.libraries, 0.5], [{ ...none, cuda: [1] }, 0]])
      expect(() => open(...args)).toThrow(TypeError)
  })

  test('libraries have names, not a list of letters', () => {
    expect(() => bench.addon.open({ ...librariesOf(''), cuda: 'libcuda.so.1' as unknown as string[] }, 0)).toThrow(TypeError)
  })
})

describe('programs', () => {
  test('an error of the compiler brings its log', () => {
    const error = errorOf(() => device.compile('KERNEL(1) f(int *a) { a[0] = unknownName; }', []))
    expect(error).toMatchObject({ code: 'ERR_CUDA', call: 'nvrtcCompileProgram', status: 6 })
    expect(error.message).toMatch(/^nvrtcCompileProgram: NVRTC_ERROR_COMPILATION \(6\)\n/)
    expect(error.message).toContain('unknownName')
  })

  test('another thread compiles the same, also when the device is closed meanwhile', async () => {
    const text = 'KERNEL(1) g(int *a) { a[0] = 1; }'
    const options = ['--gpu-architecture=sm_90']
    const [first, second, third] = ['', '// 2', '// 3'].map(more => device.compileAsync(text + more, options))
    const failing = device.compileAsync('KERNEL(1) f(int *a) { a[0] = unknownName; }', options)
    await expect(failing).rejects.toMatchObject({ code: 'ERR_CUDA', call: 'nvrtcCompileProgram', status: 6 })
    expect(await first).toEqual(device.compile(text, options))
    device.close()
    expect((await second)?.length).toBeGreaterThan(0)
    expect((await third)?.length).toBeGreaterThan(0)
  })

  test('what is no module, and a function that is not there', () => {
    expect(errorOf(() => device.load(new Uint8Array([1, 2, 3])))).toMatchObject({ call: 'cuModuleLoadData' })
    expect(errorOf(() => device.function(loaded.module, 'nothing', ''))).toMatchObject({ call: 'cuModuleGetFunction' })
  })

  test('a function takes the arguments that its text declares', () => {
    for (const letters of ['pw', 'ppwww']) expect(() => device.function(loaded.module, 'axpy', letters)).toThrow(TypeError)
    expect(() => device.function(loaded.module, 'axpy', 'ppwx')).toThrow(TypeError)
  })

  test('an unloaded module takes its functions with it, but what is ordered runs', () => {
    const list = upload(device, new Int32Array(4))
    device.execute(...words(single(loaded.functions.append, [list, 7])))
    device.unload(loaded.module)
    expect(() => device.execute(...words(single(loaded.functions.append, [list, 8])))).toThrow(TypeError)
    expect(() => device.unload(loaded.module)).toThrow(TypeError)
    expect(ints(device, list, 4)).toEqual([1, 7, 0, 0])
  })
})

describe('memory', () => {
  test('bytes survive the way there and back, whatever their number', () => {
    for (const bytes of [1, 3, 1000, (4 << 20) - 1, (4 << 20) + 1, 19 << 20]) {
      const data = randomBytes(bytes)
      const copied = Buffer.from(data)
      const address = upload(device, data)
      data.fill(0)
      const back = Buffer.alloc(bytes)
      device.readSync(address, back)
      expect(back.equals(copied)).toBe(true)
      device.release(address)
    }
  })

  test('many small writes go around the ring', () => {
    const address = device.allocate(40_000)
    for (let round = 0; round < 3; round++) for (let i = 0; i < 4000; i++) device.write(address + 4 * i, Int32Array.of(i * round))
    expect(ints(device, address, 4000)).toEqual(Array.from({ length: 4000 }, (_, i) => 2 * i))
  })

  test('views of all kinds', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => i)
    const address = upload(device, new DataView(bytes.buffer, 4, 8))
    const back = new Float64Array(1)
    device.readSync(address, back)
    expect([...new Uint8Array(back.buffer)]).toEqual([4, 5, 6, 7, 8, 9, 10, 11])
  })

  test('too much is status 2, and memory is told', () => {
    const { free, total } = device.memory()
    expect(total).toBe(2 ** 30)
    const error = errorOf(() => device.allocate(2 ** 40))
    expect(error).toMatchObject({ code: 'ERR_CUDA', call: 'cuMemAlloc', status: 2 })
    expect(error.message).toMatch(/^cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY \(2\) /)
    expect(device.memory().free).toBe(free)
  })

  test('only live allocations can be written, read and released', () => {
    const address = device.allocate(64)
    for (const [start, bytes] of [
      [address - 1, 8],
      [address + 60, 8],
      [address + 64, 1],
      [0, 4],
    ] as const) {
      expect(() => device.write(start, new Uint8Array(bytes))).toThrow(TypeError)
      expect(() => device.readSync(start, new Uint8Array(bytes))).toThrow(TypeError)
      expect(() => device.read(start, bytes)).toThrow(TypeError)
    }
    expect(() => device.release(address + 8)).toThrow(TypeError)
    device.release(address)
    expect(() => device.release(address)).toThrow(TypeError)
    expect(() => device.write(address, new Uint8Array(4))).toThrow(TypeError)
  })
})

describe('commands', () => {
  test('launch, copy and fill, in order', () => {
    const x = upload(
      device,
      Float32Array.from({ length: 1000 }, (_, i) => i),
    )
    const y = device.allocate(4000)
    const z = device.allocate(4000)
    device.execute(
      ...words(
        fill(y, 0, 4000),
        launch(loaded.functions.axpy, [4, 1, 1], [256, 1, 1], [x, y, float(0.5), 1000]),
        copy(z, y, 2000),
        fill(z + 2000, 255, 2000),
        launch(loaded.functions.axpy, [4, 1, 1], [256, 1, 1], [x, y, float(0.5), 1000]),
      ),
    )
    expect(floats(device, y, 1000)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    const ends = floats(device, z, 1000)
    expect(ends.slice(0, 500)).toEqual(Array.from({ length: 500 }, (_, i) => i / 2))
    expect(ends.slice(500).every(Number.isNaN)).toBe(true)
  })

  test('arguments of all types', () => {
    const out = device.allocate(24)
    const double = new Uint32Array(Float64Array.of(-1.25).buffer)
    device.execute(
      ...words(single(loaded.functions.scalars, [out, [2 ** 32 - 5, 2 ** 32 - 1], [double[0] ?? 0, double[1] ?? 0], 2 ** 32 - 1])),
    )
    const back = new Float64Array(3)
    device.readSync(out, back)
    expect([...back]).toEqual([-5, -1.25, 2 ** 32 - 1])
  })

  test('loops count up and down, nested, in arguments and in memory', () => {
    const list = device.allocate(400)
    const counter = device.allocate(4)
    const { append2, appendFrom, append } = loaded.functions
    const run = (...commands: readonly Command[]): number[] => {
      device.execute(...words(fill(list, 0, 400), ...commands))
      const [length = 0, ...rest] = ints(device, list, 100)
      return rest.slice(0, length)
    }
    expect(run(loop(3, false, 0, single(append, [list, 0], 0b10)))).toEqual([0, 1, 2])
    expect(run(loop(3, true, counter, single(appendFrom, [list, counter])))).toEqual([2, 1, 0])
    expect(run(loop(2, true, 0, loop(3, false, counter, single(append2, [list, 0, 1], 0b110)), single(append, [list, 9])))).toEqual([
      100, 101, 102, 9, 0, 1, 2, 9,
    ])
    expect(run(loop(0, false, 0, single(append, [list, 1])), loop(5, false, 0))).toEqual([])
  })

  test('a graph runs what it recorded, again and again, after its module is gone', () => {
    const list = upload(device, new Int32Array(100))
    const recorded = device.capture(...words(loop(3, true, 0, single(loaded.functions.append, [list, 0], 0b10)), fill(list + 40, 1, 4)))
    expect(ints(device, list, 1)).toEqual([0])
    device.unload(loaded.module)
    device.execute(...words(graph(recorded), graph(recorded)))
    device.releaseGraph(recorded)
    expect(ints(device, list, 11)).toEqual([6, 2, 1, 0, 2, 1, 0, 0, 0, 0, 0x01010101])
    expect(() => device.execute(...words(graph(recorded)))).toThrow(TypeError)
    expect(() => device.releaseGraph(recorded)).toThrow(TypeError)
  })

  test('a graph whose memory was released is refused', () => {
    const list = upload(device, new Int32Array(100)),
      own = device.allocate(64)
    const kept = device.capture(...words(fill(list, 1, 4))),
      recorded = device.capture(...words(fill(list, 0, 4), single(loaded.functions.append, [own, 1])))
    device.execute(...words(fill(own, 0, 64), graph(recorded)))
    device.release(own)
    expect(() => device.execute(...words(graph(kept), graph(recorded)))).toThrow(/word 2: the graph touches memory that was released/)
    expect(ints(device, list, 1)).toEqual([0])
    device.execute(...words(graph(kept)))
    expect(ints(device, list, 1)).toEqual([0x01010101])
  })

  test('time is positive, and the commands run as often as it is told', () => {
    const list = upload(device, new Int32Array(100))
    expect(device.time(...words(single(loaded.functions.append, [list, 1])), 5)).toBeGreaterThanOrEqual(0)
    expect(ints(device, list, 1)).toEqual([5])
  })

  test('an empty buffer is valid', () => device.execute(...words()))
})

describe('closing', () => {
  test('frees all, once; later calls throw a typed error', () => {
    const { functions } = loaded
    const list = upload(device, new Int32Array(4))
    device.capture(...words(single(functions.append, [list, 1])))
    device.execute(...words(single(functions.append, [list, 1])))
    device.close()
    device.close()
    for (const call of [() => device.synchronize(), () => device.allocate(4), () => device.read(list, 4), () => device.execute(...words())])
      expect(errorOf(call)).toMatchObject({ code: 'ERR_CUDA', status: 709 })
    expect(Object.entries(bench.fake.live()).filter(([, count]) => count !== 0)).toEqual([])
  })

  test('methods need their device', () => {
    const { synchronize } = device
    expect(() => synchronize()).toThrow(TypeError)
    expect(() => synchronize.call({} as Device)).toThrow(TypeError)
    expect(() => synchronize.call(Object.create(device) as Device)).toThrow(TypeError)
  })

  test('two devices at once', () => {
    bench.fake.set({ devices: 2 })
    const other = bench.open(1)
    const [here, there] = [upload(device, Int32Array.of(1)), upload(other, Int32Array.of(2))]
    expect([ints(device, here, 1), ints(other, there, 1)]).toEqual([[1], [2]])
    other.close()
    expect(ints(device, here, 1)).toEqual([1])
  })
})
