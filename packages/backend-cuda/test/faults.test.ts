/** Every call of the driver fails once, in the whole way from init to dispose: a typed error each time, and the process goes on. */
import { array, cond, foriLoop, grad, greater, jit, less, scan, type Tensor, whileLoop, zeros } from '@cotangent/core'
import { CotangentError } from '@cotangent/core/kernel'
import { setBackend } from '../../core/src/backend/current.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { elementwise, graphOf } from '../../core/test/support/smallGraphs.ts'
import type { CudaBackend } from '../src/backend.ts'
import { backendFor, fakeDriver } from './kit.ts'

const fake = await fakeDriver()
afterEach(() => {
  setBackend(null)
  fake.reset()
})

const step = jit((w: Tensor, x: Tensor): Tensor => w.sub(grad((v: Tensor) => x.matmul(v).mul(x.matmul(v)).sum())(w).mul(0.1)), {
  donate: [0],
})
const loops = jit((x: Tensor): readonly Tensor[] => {
  const [total, rows] = scan((c: Tensor, r: Tensor): readonly [Tensor, Tensor] => [c.add(r), c.mul(r)], x.sum().mul(0), x)
  const halved = whileLoop(
    (v: Tensor) => greater(v, 1),
    (v: Tensor) => v.div(2),
    total,
  )
  return [
    rows,
    cond(
      less(halved, 0.6),
      () => halved,
      () => halved.mul(2),
    ),
    foriLoop(0, 3, (_, v: Tensor) => v.add(1), x),
  ]
})

/** So large that cuBLASLt does it. */
const product = jit((x: Tensor): Tensor => x.matmul(x).sum())

/** Synchronous and asynchronous, eager and compiled, donated and not, with control flow and a library. Returns all numbers. */
async function scenario(): Promise<readonly number[]> {
  const backend = await backendFor()
  try {
    setBackend(backend)
    const x = array([
      [1, 2],
      [3, 4],
    ])
    let w = array([[0.5], [0.25]])
    for (let i = 0; i < 4; i++) w = step(w, x)
    const results = [
      w,
      ...(await loops.async(x.sum({ axis: 0 }))),
      ...loops(x.sum({ axis: 1 })),
      x.add(1),
      product(zeros([64, 64]).add(0.5)),
    ]
    const numbers: number[] = []
    for (const [i, t] of results.entries()) numbers.push(...(i % 2 === 0 ? await t.data() : t.dataSync()))
    return numbers
  } finally {
    setBackend(null)
    await backend.dispose()
  }
}

/** The first calls of a function, and some of the later ones. */
const timesOf = (count: number): readonly number[] =>
  [...new Set([1, 2, 3, 5, 8, 13, Math.ceil(count / 2), count])].filter(n => n >= 1 && n <= count)

/** Without memory, with a call that the driver refuses, with the context lost. */
describe.each([
  ['out of memory', 2],
  ['an invalid value', 1],
  ['an illegal address', 700],
] as const)('%s', (_, status) => {
  test('in each call', async () => {
    fake.reset()
    const expected = await scenario(),
      calls = Object.entries(fake.calls())
    expect(calls.length).toBeGreaterThan(25)
    expect(calls.some(([name]) => name === 'cublasLtMatmul')).toBe(true)
    let survived = 0
    for (const [name, count] of calls) {
      // Its answer to "the number of no argument" is this status; and a context that is never released keeps all that was in it.
      if ((name === 'cuFuncGetParamInfo' && status === 1) || name.startsWith('cuDevicePrimaryCtxRelease')) continue
      for (const nth of timesOf(count)) {
        fake.reset()
        const before = fake.live()
        fake.fail(name, nth, status)
        const outcome = await scenario().catch((e: unknown) => e),
          where = `${name}, call ${nth}`
        if (Array.isArray(outcome)) {
          expect(outcome, where).toEqual(expected)
          survived++
        } else {
          expect(outcome, where).toBeInstanceOf(CotangentError)
          expect(outcome, where).toMatchObject({ name: 'BackendError', message: expect.stringMatching(/^cuda: /) as string })
        }
        // What could not be given back is still there, and after it nothing more.
        if (!/Destroy|Free|Release|Unload/.test(name)) expect(fake.live(), where).toEqual(before)
      }
    }
    fake.reset()
    expect(await scenario()).toEqual(expected)
    // Memory that is short once is found by letting go of what is kept.
    if (status === 2) expect(survived).toBeGreaterThan(0)
  })
})

const addOne = graphOf([elementwise(64)], [['float32', 64]], [['float32', 64]])

describe('a kernel that fails', () => {
  test('is named among those ordered since the last wait; the backend is lost, a new one works', async () => {
    const before = fake.live(),
      backend = await backendFor()
    const x = backend.upload(new Float32Array(64), 'float32'),
      executable = backend.compile(addOne)
    fake.fail('kernel', 1, 700)
    const [y] = executable.run([x])
    const lost = {
      name: 'BackendError',
      message: expect.stringMatching(/kernels ordered since the last wait: \w+.*lost.*init\(\)/) as string,
    }
    expect(() => backend.readSync(y as never)).toThrow(expect.objectContaining(lost))
    expect(() => backend.upload(new Float32Array(1), 'float32')).toThrow(expect.objectContaining(lost))
    await expect(executable.runAsync?.([x])).rejects.toMatchObject(lost)
    // As the message says: nobody has to dispose of what is lost.
    expect(fake.live()).toEqual(before)
    const next = await backendFor()
    expect([...next.readSync(next.compile(addOne).run([next.upload(new Float32Array(64).fill(3), 'float32')])[0] as never)][63]).toBe(3)
    await next.dispose()
    expect(() => backend.upload(new Float32Array(1), 'float32')).toThrow(expect.objectContaining(lost))
    await backend.dispose()
  })

  test('rejects asynchronous runs and reads', async () => {
    const backend = await backendFor(),
      x = backend.upload(new Float32Array(64), 'float32'),
      executable = backend.compile(addOne)
    fake.fail('kernel', 1, 719)
    const runs = await Promise.allSettled([executable.runAsync?.([x]), executable.runAsync?.([x])])
    for (const run of runs) expect(run).toMatchObject({ status: 'rejected', reason: { name: 'BackendError' } })
    await expect(backend.read(x)).rejects.toMatchObject({ name: 'BackendError', message: expect.stringContaining('lost') as string })
    await backend.dispose()
  })

  test('is named exactly in debug mode', async () => {
    const backend: CudaBackend = await backendFor({ debug: true })
    const x = backend.upload(new Float32Array(64), 'float32'),
      executable = backend.compile(addOne)
    fake.fail('kernel', 1, 700)
    expect(() => executable.run([x])).toThrow(/cuda: the kernel \w+ failed: .*700/)
    await backend.dispose()
  })
})

test('debug mode names the kernel that wrote NaN', async () => {
  const backend = await backendFor({ debug: true })
  setBackend(backend)
  expect(() => array([0, 1]).div(array([0, 1]))).toThrow(/the kernel \w+ wrote NaN: element \d of 2/)
  expect([...array([4, 9]).div(2).dataSync()]).toEqual([2, 4.5])
  await backend.dispose()
})
