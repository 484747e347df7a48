/** The whole way: programs on the fake driver, their cache on disk, and runs that leave the thread to others. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { add, array, explain, init, jit, type Tensor } from '@cotangent/core'
import type { Buffer, KernelGraph, Loop } from '@cotangent/core/kernel'
import { afterEach, describe, expect, test } from 'vitest'
import { elementwise, graphOf } from '../../core/test/support/smallGraphs.ts'
import type { CudaBackend } from '../src/backend.ts'
import { backendFor, fakeDriver, loader } from './kit.ts'

const fake = await fakeDriver()
afterEach(() => {
  expect(fake.failure()).toBe('')
  fake.reset()
})

test('a jitted function, at once and later', async () => {
  const { name, backend } = await init({ backend: loader() })
  expect(name).toBe('cuda')
  const f = jit((x: Tensor, y: Tensor) => add(x, y).mul(2))
  expect([...f(array([1, 2, 3]), array([10, 20, 30])).dataSync()]).toEqual([22, 44, 66])
  expect([...(await f.async(array([1, 2, 3]), array([1, 1, 1]))).dataSync()]).toEqual([4, 6, 8])
  expect(String(explain(f))).toContain('backend cuda')
  await backend.dispose()
})

const five = graphOf([elementwise(5)], [['float32', 5]], [['float32', 5]])
const runFive = (backend: CudaBackend): number[] => {
  const x = backend.upload(Float32Array.of(1, 2, 3, 4, 5), 'float32')
  return [...backend.readSync(backend.compile(five).run([x])[0] as Buffer)]
}

describe('compiled programs', () => {
  /** Compiles and runs a graph on a backend with this cache; returns how many programs went through the compiler. */
  async function compiledWith(cache: string | false): Promise<number> {
    const backend = await backendFor({ cache })
    expect(runFive(backend)).toEqual([1, 2, 3, 4, 5])
    expect(runFive(backend)).toEqual([1, 2, 3, 4, 5])
    const { compiled } = backend.services.modules
    await backend.dispose()
    return compiled
  }

  test('are kept on disk; a damaged file is made again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cotangent-cuda-'))
    try {
      const cache = join(folder, 'deep', 'inside')
      expect(await compiledWith(cache)).toBe(1)
      expect(await compiledWith(cache)).toBe(0)
      const files = readdirSync(cache)
      expect(files).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.cubin$/) as string])
      writeFileSync(join(cache, files[0] as string), 'damaged')
      expect(await compiledWith(cache)).toBe(1)
      expect(await compiledWith(cache)).toBe(0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('need no disk', async () => {
    expect(await compiledWith(false)).toBe(1)
    // A file is no folder.
    expect(await compiledWith(fileURLToPath(import.meta.url))).toBe(1)
    // Where no folder can be made.
    expect(await compiledWith('/proc/none/deep')).toBe(1)
  })

  test('are shared by executables of one text, and what the compiler refuses is shown with numbered lines', async () => {
    const backend = await backendFor()
    runFive(backend)
    runFive(backend)
    expect(backend.services.modules.compiled).toBe(1)
    const broken: CudaBackend = await backendFor()
    Object.assign(broken.services, {
      emit: () => [{ kind: 'launch', name: 'broken', arguments: [], body: '  no_such_name;', blocks: [1, 1, 1], threads: [1, 1, 1] }],
    })
    const refused = /cuda: the compiler refused a program: [^]*no_such_name[^]*\d+: {3}no_such_name;/
    expect(() => runFive(broken)).toThrow(refused)
    await expect(broken.compile(five).ready?.()).rejects.toThrow(refused)
    await Promise.all([backend.dispose(), broken.dispose()])
  })
})

test('a first asynchronous call leaves the thread to others while programs are compiled', async () => {
  // The slower compiler of the two, and no file of earlier runs.
  fake.set({ compiler: 'g++', cache: mkdtempSync(join(tmpdir(), 'cotangent-cuda-')) })
  const backend = await backendFor(),
    x = backend.upload(Float32Array.of(1, 2, 3, 4, 5), 'float32')
  const run = async (ready: boolean): Promise<void> => {
    const executable = backend.compile(five)
    if (ready) await executable.ready?.()
    const [y] = (await executable.runAsync?.([x])) ?? []
    expect([...(await backend.read(y as Buffer))]).toEqual([1, 2, 3, 4, 5])
  }
  expect(await longestTask(() => Promise.all([run(false), run(true), run(false)]))).toBeLessThan(50)
  expect(backend.services.modules.compiled).toBe(1)
  await backend.dispose()
})

/** `b1 = b0`, and `length` times `b1 = b1 + 1`. */
function countTo(length: number): KernelGraph {
  const [step] = graphOf([elementwise(8)], [['float32', 8]], [['float32', 8]]).kernels as readonly Loop[]
  const one = { op: 'const', dtype: 'float32', value: 1 } as const,
    sum = { op: 'add', dtype: 'float32', args: [0, 1] } as const
  const body = [
    {
      ...(step as Loop),
      epilogue: [...(step as Loop).epilogue.map(n => (n.op === 'load' ? { ...n, buffer: 1 } : n)), one, sum],
      stores: [{ ...((step as Loop).stores[0] as Loop['stores'][number]), value: 2 }],
    },
  ]
  const scan = { kind: 'scan', length, reverse: false, counter: 2, body } as const
  return graphOf([elementwise(8), scan], [['float32', 8]], [['float32', 8]], [['int32', 1]])
}

describe('an asynchronous run of thousands of launches', () => {
  test('leaves the thread to others, and outlives dispose() of its executable', async () => {
    const backend = await backendFor(),
      x = backend.upload(new Float32Array(8), 'float32')
    let longest = Infinity
    for (let k = 0; k < 5 && longest >= 50; k++) {
      const executable = backend.compile(countTo(3000))
      const task = await longestTask(async () => {
        const running = executable.runAsync?.([x]) ?? []
        executable.dispose()
        const [y] = await running
        expect([...(await backend.read(y as Buffer))]).toEqual(Array(8).fill(3000))
        backend.free(y as Buffer)
      })
      longest = Math.min(longest, task)
    }
    expect(longest).toBeLessThan(50)
    expect(backend.memory()).toMatchObject({ live: 32, buffers: 1 })
    await backend.dispose()
  })

  test('and synchronous ones between its parts do not disturb each other', async () => {
    const backend = await backendFor(),
      x = backend.upload(new Float32Array(8), 'float32'),
      executable = backend.compile(countTo(2000))
    const running = executable.runAsync?.([x])
    let done = false
    void running?.then(() => (done = true))
    let between = 0
    while (!done) {
      expect(backend.readSync(executable.run([x])[0] as Buffer)[0]).toBe(2000)
      between++
      await new Promise(resolve => setTimeout(resolve))
    }
    const [y] = (await running) as readonly Buffer[]
    expect(between).toBeGreaterThan(1)
    expect([...backend.readSync(y as Buffer)]).toEqual(Array(8).fill(2000))
    await backend.dispose()
  })
})

/** The longest time between two turns of the event loop until `work` settles. */
async function longestTask(work: () => Promise<unknown>): Promise<number> {
  let last = performance.now(),
    longest = 0,
    running = true
  const turn = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (running) setImmediate(turn)
  }
  setImmediate(turn)
  await work()
  running = false
  return longest
}
