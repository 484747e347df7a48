import { describe, expect, test } from 'vitest'
import { currentBackend, setBackend } from '../../src/backend/current.ts'
import { createReference } from '../../src/backend/reference.ts'
import { array } from '../../src/numpy/creation.ts'
import { sum } from '../../src/primitives/reduce.ts'
import type { Tensor } from '../../src/tensor.ts'
import { checkAsynchronousCalls } from '../../src/testing/asynchronous.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit, jitReport } from '../../src/transforms/jit.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { useReference } from '../support/laws.ts'
import { float } from '../support/values.ts'

useReference()
const numbers = (t: Tensor): number[] => [...t.dataSync()]

describe('async', () => {
  test('gives what the call gives, in a later task, in the order of calls', async () => {
    const events: string[] = []
    const f = jit((p: { readonly w: Tensor }, x: Tensor) => ({ y: p.w.mul(x) }))
    setTimeout(() => events.push('timer'))
    const calls = [1, 2, 3].map(async k => {
      const { y } = await f.async({ w: float(k, k) }, float(1, 2))
      events.push(`call ${k}: ${numbers(y)}`)
    })
    events.push('returned')
    await Promise.all(calls)
    expect(events).toEqual(['returned', 'timer', 'call 1: 1,2', 'call 2: 2,4', 'call 3: 3,6'])
    expect(jitReport(f)).toMatchObject({ calls: 3, traces: [{ reason: 'first call' }] })
  })
  test('equals synchronous calls, whatever happens meanwhile', () => checkAsynchronousCalls())
  test('arguments may be disposed, donated ones are', async () => {
    // One of its own: on that of the other tests, tensors are collected at any time.
    const others = setBackend(createReference()),
      before = currentBackend().memory().buffers
    const f = jit((x: Tensor, y: Tensor) => x.add(y), { donate: [0] })
    const x = float(1, 2),
      y = float(3, 4)
    const first = f.async(x, y),
      second = f.async(float(5, 6), y)
    expect(() => x.dataSync()).toThrow(/disposed/)
    y.dispose()
    const results = [await first, await second]
    expect(results.map(numbers)).toEqual([
      [4, 6],
      [8, 10],
    ])
    for (const t of results) t.dispose()
    expect(currentBackend().memory().buffers).toBe(before)
    setBackend(others)
  })
  test('results that are inputs or nothing at all', async () => {
    const f = jit((x: Tensor) => [x, x] as const)
    const x = float(1)
    const pending = f.async(x)
    x.dispose()
    const [a, b] = await pending
    a.dispose()
    expect(numbers(b)).toEqual([1])
    expect(await jit(() => ({})).async()).toEqual({})
  })
  test('errors of tracing, of arguments and of runs reject', async () => {
    const refused = jit((x: Tensor) => x.add(array([1, 2, 3]))).async(float(1, 2))
    await expect(refused).rejects.toThrow(expect.objectContaining({ kind: 'ShapeError' }))
    const gone = float(1)
    gone.dispose()
    await expect(jit((x: Tensor) => x.add(1)).async(gone)).rejects.toThrow(expect.objectContaining({ kind: 'DisposedError' }))
    const before = currentBackend()
    const x = float(1)
    setBackend({
      ...before,
      compile: graph => ({
        ...before.compile(graph),
        run: () => {
          throw new Error('on purpose')
        },
      }),
    })
    const f = jit((): Tensor => array([7]).mul(3))
    await expect(f.async()).rejects.toThrow('on purpose')
    setBackend(before)
    expect(numbers(await jit((v: Tensor) => v.add(1)).async(x))).toEqual([2]) // the next one is not affected
  })
})

describe('compile', () => {
  test('traces, compiles and waits for the compiler, once; calls then compile nothing', async () => {
    const before = currentBackend(),
      events: string[] = []
    const compile: typeof before.compile = graph => {
      events.push('compile')
      const executable = before.compile(graph)
      const run: typeof executable.run = (...args) => (events.push('run'), executable.run(...args))
      const ready = async (): Promise<void> => void setTimeout(() => events.push('ready'))
      return { run, ready, dispose: () => executable.dispose() }
    }
    setBackend({ ...before, compile, upload: before.upload.bind(before), readSync: before.readSync.bind(before) })
    const f = jit((x: Tensor, y: Tensor) => x.add(y), { donate: [0] }),
      x = float(1, 2),
      y = float(3, 4)
    await f.compile(x, y)
    await new Promise(resolve => setTimeout(resolve))
    expect(events).toEqual(['compile', 'ready'])
    expect(numbers(f(x, y))).toEqual([4, 6])
    await f.compile(y, y)
    expect(events.filter(e => e === 'compile')).toHaveLength(2) // an argument that is passed twice is not given up: another form
    expect(jitReport(f)).toMatchObject({ calls: 1, traces: [{}] })
    setBackend(before)
  })
  test('pauses; a call meanwhile compiles at once, and what was begun is given up', async () => {
    const before = currentBackend(),
      events: string[] = []
    const compileInSteps: typeof before.compileInSteps = function* (graph) {
      try {
        for (let i = 0; i < 3; i++) {
          const end = performance.now() + 10
          while (performance.now() < end);
          events.push(`step ${i}`)
          yield
        }
        return before.compile(graph)
      } finally {
        events.push('end')
      }
    }
    setBackend({ ...before, compileInSteps, upload: before.upload.bind(before), readSync: before.readSync.bind(before) })
    const f = jit((v: Tensor) => v.add(3)),
      g = jit((v: Tensor) => v.add(4))
    const others = setInterval(() => events.push('timer'))
    await f.compile(float(1))
    clearInterval(others)
    expect(events.join(' ')).toMatch(/^(timer )+step 0 (timer )+step 1 (timer )+step 2 (timer )+end$/)
    events.length = 0
    const pending = g.async(float(1))
    setTimeout(() => g(float(2)))
    expect(numbers(await pending)).toEqual([5])
    const count = (event: string): number => events.filter(e => e === event).length
    expect([count('step 2'), count('end')]).toEqual([1, count('step 0')])
    setBackend(before)
  })
  test('errors reject', async () => {
    const f = jit((x: Tensor) => x.add(array([1, 2, 3])))
    await expect(f.compile(float(1, 2))).rejects.toThrow(expect.objectContaining({ kind: 'ShapeError' }))
    const inside = jit((x: Tensor) => {
      void inner.compile(x).catch((error: unknown) => (seen = error))
      return x
    })
    const inner = jit((x: Tensor) => x.mul(2))
    let seen: unknown
    inside(float(1))
    await new Promise(resolve => setTimeout(resolve))
    expect(seen).toMatchObject({ kind: 'TracerError', message: expect.stringContaining('.compile: ') as string })
  })
})

describe('async inside', () => {
  const step = jit(function double(x: Tensor) {
    return x.mul(2)
  })
  const x = float(1, 2)
  /** What becomes of an asynchronous call inside the function that `run` gets. */
  async function inside(argument: (v: Tensor) => Tensor, run: (f: (v: Tensor) => Tensor) => unknown): Promise<string> {
    let call: Promise<unknown> | undefined
    run(v => {
      call = step.async(argument(v)).catch(String)
      return sum(v)
    })
    return String(await call)
  }
  const its = (v: Tensor): Tensor => v
  const refusal = (what: string): RegExp =>
    new RegExp(`^TracerError: jit\\(double\\)\\.async: ${what}.* traces this call.* call the function itself: jit\\(double\\)`)
  test.each<[string, (v: Tensor) => Tensor, (f: (v: Tensor) => Tensor) => unknown]>([
    ['jit', its, f => jit(f)(x)],
    ['jit', () => x, f => jit(f)(x)],
    ['grad', its, f => grad(f)(x)],
    ['vmap', its, f => vmap(f)(x)],
  ])('%s is refused', async (what, argument, run) => {
    expect(await inside(argument, run)).toMatch(refusal(what))
  })
  test('grad runs where nothing is traced', async () => {
    expect(
      await inside(
        () => x,
        f => grad(f)(x),
      ),
    ).toBe('Tensor([2., 4.], dtype=float32)')
  })
})

describe('donated memory', () => {
  test('is not taken from numbers, from tensors that share it, or from results', () => {
    const f = jit((x: Tensor) => x.mul(2), { donate: [0] }) as (x: Tensor | number) => Tensor
    expect([f(3), f(3)].map(t => t.item())).toEqual([6, 6])
    const x = float(1, 2),
      view = x.reshape([2, 1])
    f(x)
    expect(numbers(view)).toEqual([1, 2])
    const through = jit((a: Tensor, b: Tensor) => [a, a.add(b)] as const, { donate: [0] })
    const [same, other] = through(float(1, 2), float(3, 4))
    expect([numbers(same), numbers(other)]).toEqual([
      [1, 2],
      [4, 6],
    ])
  })
})
