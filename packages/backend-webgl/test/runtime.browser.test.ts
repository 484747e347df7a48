/** Life and death of the context, memory, workers, options. */
import { array, init } from '@cotangent/core'
import type { Buffer, KernelGraph } from '@cotangent/core/kernel'
import { describe, expect, test, vi } from 'vitest'
import { graphOf } from '../../core/test/support/smallGraphs.ts'
import type { WebglBackend } from '../src/backend.ts'
import { backend as loader, webgl } from '../src/index.ts'
import { backendFor } from './kit.ts'
import { gone, lose } from './lost.ts'
import { addOne } from './smallGraphs.ts'

const apply = (backend: WebglBackend, graph: KernelGraph, x: Buffer): Buffer => backend.compile(graph).run([x])[0] as Buffer

describe('a lost context', () => {
  test('is a BackendError in every later call', async () => {
    const backend = backendFor(),
      graph = addOne(5),
      x = backend.upload(new Float32Array(5), 'float32'),
      executable = backend.compile(graph)
    executable.run([x])
    lose(backend.device.gl)
    for (const call of [
      () => backend.upload(new Float32Array(5), 'float32'),
      () => backend.readSync(x),
      () => backend.compile(graph),
      () => executable.run([x]),
    ])
      expect(call).toThrow(expect.objectContaining(gone))
    await expect(backend.read(x)).rejects.toMatchObject(gone)
    await expect(executable.runAsync?.([x])).rejects.toMatchObject(gone)
    backend.free(x)
    await backend.dispose()
  })

  test('rejects what is under way', async () => {
    const backend = backendFor(),
      x = backend.upload(new Float32Array(1000), 'float32'),
      executable = backend.compile(addOne(1000))
    const waiting = [executable.runAsync?.([x]), backend.read(x)]
    lose(backend.device.gl)
    for (const promise of waiting) await expect(promise).rejects.toMatchObject(gone)
    await backend.dispose()
  })

  test('leaves the way free for a new one', async () => {
    const first = (await init({ backend: loader })).backend as WebglBackend
    const x = array([1, 2, 3])
    lose(first.device.gl)
    expect(() => x.add(1)).toThrow(expect.objectContaining(gone))
    const second = (await init({ backend: loader })).backend
    expect([...array([1, 2, 3]).add(1).dataSync()]).toEqual([2, 3, 4])
    await second.dispose()
    expect(() => array([1])).toThrow(/was disposed/)
  })
})

describe('memory', () => {
  test('a synchronous loop that frees nothing stays within the budget', async () => {
    const budget = 64 * 2 ** 20,
      backend = backendFor({ memoryBudget: budget }),
      n = 2 ** 18,
      graph = addOne(n),
      executable = backend.compile(graph)
    const first = backend.upload(new Float32Array(n), 'float32')
    let x = first
    for (let i = 0; i < 300; i++) {
      x = executable.run([x])[0] as Buffer
      expect(backend.pool.bytes).toBeLessThanOrEqual(budget)
    }
    expect(backend.readSync(x)[n - 1]).toBe(300)
    expect(backend.store.evictions).toBeGreaterThan(100)
    // What was moved to the host comes back.
    expect(backend.readSync(apply(backend, graph, first))[0]).toBe(1)
    await backend.dispose()
  })

  test('textures are used again', async () => {
    const backend = backendFor(),
      executable = backend.compile(addOne(1000))
    let x = backend.upload(new Float32Array(1000), 'float32')
    for (let i = 0; i < 50; i++) {
      const next = executable.run([x], [true])[0] as Buffer
      x = next
    }
    expect(backend.memory()).toMatchObject({ buffers: 1, live: 4000 })
    expect(backend.pool.bytes).toBeLessThanOrEqual(3 * 2 ** 14)
    await backend.dispose()
  })
})

test('works in a worker', async () => {
  const worker = new Worker(new URL('./fixtures/worker.ts', import.meta.url), { type: 'module' })
  const result = await new Promise(resolve => (worker.onmessage = ({ data }) => resolve(data)))
  worker.terminate()
  expect(result).toEqual(['webgl', 9 + 4 + 1 + 1, (9 + 4 + 1 + 1) / 4])
})

describe('debug', () => {
  test('names the draw that failed', async () => {
    const backend = backendFor({ debug: true }),
      x = backend.upload(new Float32Array(4), 'float32'),
      executable = backend.compile(addOne(4))
    backend.device.gl.enable(-1)
    expect(() => executable.run([x])).toThrow(/webgl: loop \[4 \| \]: error 0x500/)
    await backend.dispose()
  })
  test('a shader that the driver refuses is shown with numbered lines', async () => {
    const broken = () => [{ name: 'broken', textures: [], uniforms: [], targets: [1], fragment: 'void main() { out0 = nothing; }' }]
    const backend = backendFor({ emit: broken }),
      x = backend.upload(new Float32Array(4), 'float32')
    expect(() => backend.compile(addOne(4)).run([x])).toThrow(/refused a shader: ERROR: .*'nothing'[^]*\d+: void main\(\)/)
    await backend.dispose()
  })
})

test('float64 is refused, with the way out', async () => {
  const { backend } = await init({ backend: loader })
  expect(() => array([1, 2], { dtype: 'float64' })).toThrow(
    expect.objectContaining({ name: 'DTypeError', message: expect.stringMatching(/webgl backend has no float64/) as string }),
  )
  expect(() => array([1, 2]).astype('float64')).toThrow(/webgl backend has no float64.*Convert with astype, or choose another backend/)
  const refused = expect.objectContaining({
    name: 'DTypeError',
    message: expect.stringContaining('webgl: there is no float64') as string,
  }) as Error
  expect(() => backend.upload(new Float64Array(1), 'float64')).toThrow(refused)
  expect(() => backend.compile(graphOf([], [['float64', 1]], []))).toThrow(refused)
  await backend.dispose()
})

describe('a driver that renders no float32', () => {
  /** Without these extensions; with framebuffers that are never complete. */
  async function refusal(missing: readonly string[], incomplete = false): Promise<unknown> {
    const { prototype } = WebGL2RenderingContext,
      getExtension = prototype.getExtension as (name: string) => unknown
    const extensions = vi.spyOn(prototype, 'getExtension').mockImplementation(function (this: WebGL2RenderingContext, name: string) {
      return (missing.includes(name) ? null : getExtension.call(this, name)) as never
    })
    const status = vi.spyOn(prototype, 'checkFramebufferStatus')
    if (incomplete) status.mockReturnValue(prototype.FRAMEBUFFER_UNSUPPORTED)
    try {
      return await webgl().then(
        () => null,
        (error: unknown) => error,
      )
    } finally {
      extensions.mockRestore()
      status.mockRestore()
    }
  }
  const remedy = (middle: string) => ({
    name: 'BackendError',
    message: expect.stringMatching(`cannot write float32 textures${middle} .*Use the cpu backend: init`) as string,
  })
  test('is refused, with the way out', async () => {
    expect(await refusal(['EXT_color_buffer_float'])).toMatchObject(remedy(', only float16, which is too coarse'))
    expect(await refusal(['EXT_color_buffer_float', 'EXT_color_buffer_half_float'])).toMatchObject(remedy(''))
    expect(await refusal([], true)).toMatchObject(remedy(', only float16, which is too coarse'))
    expect(await refusal([])).toBe(null)
  })
})

test.each([
  [{ memoryBudget: 1000 }, /memoryBudget is at least 1 MiB, in bytes, got 1000/],
  [{ memoryBudget: NaN, debug: 1 }, /memoryBudget is .*, got NaN; debug is true or false, got 1/],
  [{ memoryBudget: '1 GiB' }, /got 1 GiB/],
  [{ budget: 2 ** 30 }, /no option "budget" \(there are memoryBudget, debug\)/],
  [{ toString: 1 }, /no option "toString"/],
  [null, /options are an object, got null/],
] as const)('options %o are refused', async (options, message) => {
  await expect(webgl(options as never)).rejects.toMatchObject({ name: 'ConfigError', message: expect.stringMatching(message) as string })
})
