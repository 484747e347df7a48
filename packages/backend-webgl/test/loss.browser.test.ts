/** The browser may take the context away at any time: inside every call, while results are awaited, in the middle of training. */
import { array, init, jit, lax, matmul, type Tensor, valueAndGrad } from '@cotangent/core'
import type { Buffer, KernelGraph } from '@cotangent/core/kernel'
import { describe, expect, test, vi } from 'vitest'
import { elementwise, graphOf } from '../../core/test/support/smallGraphs.ts'
import type { WebglBackend } from '../src/backend.ts'
import type { WebglExecutable } from '../src/runtime/executable.ts'
import { backend as loader, webgl } from '../src/index.ts'
import { backendFor } from './kit.ts'
import { gone, lose } from './lost.ts'

type Methods = Record<string, (...args: unknown[]) => unknown>
/** Names of all functions of WebGL that may be lost in; `isContextLost` tells, and `getExtension` is how it is done. */
const names = Object.entries(Object.getOwnPropertyDescriptors(WebGL2RenderingContext.prototype))
  .filter(([name, d]) => typeof d.value === 'function' && name !== 'isContextLost' && name !== 'getExtension')
  .map(([name]) => name)

/**
 * Loses the context in its n-th call from now on, `before` the function or after it. Returns a count of the calls. What a lost context creates is
 * null in some browsers and an object without use in others: the former where it is lost before.
 */
function loseAt(gl: WebGL2RenderingContext, n: number, before: boolean): () => number {
  let calls = 0
  const target = gl as unknown as Methods
  for (const name of names) {
    const original = (target[name] as Methods[string]).bind(gl)
    target[name] = (...args) => {
      const now = ++calls === n
      if (now && before) lose(gl)
      const result = original(...args)
      if (now && !before) lose(gl)
      return before && name.startsWith('create') && gl.isContextLost() ? null : result
    }
  }
  return () => calls
}

const n = 24
/** b1 = b0, b2 = its running sums. A While and a Scan would only add more of the same calls. */
const graph: KernelGraph = graphOf(
  [elementwise(n), { kind: 'cumulative', op: 'sum', dtype: 'float32', outer: 1, length: n, inner: 1, reverse: false, input: 1, output: 2 }],
  [['float32', n]],
  [
    ['float32', n],
    ['float32', n],
  ],
)
const data = Float32Array.from({ length: n }, (_, i) => i)
const sums = data.map((_, i) => (i * (i + 1)) / 2)

/** All kinds of calls. Resolves with what is read, none of it wrong. */
async function everything(backend: WebglBackend): Promise<void> {
  const x = backend.upload(data, 'float32'),
    executable = backend.compile(graph) as WebglExecutable
  const [a, b] = (await executable.runAsync([x])) as [Buffer, Buffer]
  expect(await backend.read(b)).toEqual(sums)
  const [c, d] = executable.run([a], [true]) as [Buffer, Buffer]
  expect(backend.readSync(d)).toEqual(sums)
  // What was moved out comes back.
  backend.store.makeRoom(Infinity)
  const [e] = executable.run([c]) as [Buffer]
  expect(backend.readSync(e)).toEqual(data)
  for (const buffer of [x, b, c, d, e]) backend.free(buffer)
  executable.dispose()
}

describe.each([
  ['before', true],
  ['after', false],
] as const)('lost %s', (_, before) => {
  test('any call to WebGL: a BackendError, and never a wrong number', async () => {
    const whole = backendFor()
    const calls = loseAt(whole.device.gl, Infinity, before)
    await everything(whole)
    await whole.dispose()
    expect(calls()).toBeGreaterThan(100)
    // Contexts take time to make: not at each call, and at others in the two forms.
    for (let k = before ? 1 : 4; k <= calls(); k += 7) {
      const backend = backendFor({ debug: k % 2 === 0 })
      const made = loseAt(backend.device.gl, k, before)
      const error: unknown = await everything(backend).then(
        () => null,
        (e: unknown) => e,
      )
      // How often a fence is asked for differs from run to run.
      if (made() < k) break
      // The last calls free what is there, which needs no context.
      if (error !== null) expect(error, `at call ${k}`).toMatchObject(gone)
      expect(() => backend.upload(data, 'float32'), `at call ${k}`).toThrow(expect.objectContaining(gone))
      await backend.dispose()
    }
  })
})

test('lost when it is opened', async () => {
  const original = OffscreenCanvas.prototype.getContext
  const spy = vi.spyOn(OffscreenCanvas.prototype, 'getContext').mockImplementation(function (this: OffscreenCanvas, ...args: unknown[]) {
    const gl = original.apply(this, args as never) as WebGL2RenderingContext
    lose(gl)
    return gl as never
  })
  await expect(webgl()).rejects.toMatchObject(gone)
  spy.mockRestore()
})

test('lost while programs compile, while draws are awaited, between the steps of a long run', async () => {
  const long = jit((x: Tensor) => lax.foriLoop(0, 100_000, (_, y) => y.mul(0.5).add(1), x))
  for (const wait of [0, 1, 5, 20, 60]) {
    const { backend } = await init({ backend: loader })
    const x = array(data)
    const running = [long.async(x), long.async(x.add(1))].map(p => expect(p).rejects.toMatchObject(gone))
    const read = x
      .mul(wait + 2)
      .data()
      .catch((error: unknown) => expect(error).toMatchObject(gone))
    await new Promise(resolve => setTimeout(resolve, wait))
    lose((backend as WebglBackend).device.gl)
    await Promise.all([...running, read])
    await backend.dispose()
  }
})

describe('training', () => {
  const x = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i))
  const loss = (w: Tensor): Tensor => {
    const error = matmul(array(x, { shape: [8, 4] }), w).sub(1)
    return error.mul(error).mean()
  }
  const step = jit((w: Tensor): readonly [Tensor, Tensor] => {
    const [value, gradient] = valueAndGrad(loss)(w)
    return [value, w.sub(gradient.mul(0.1))]
  })
  const start = new Float32Array(4)

  /** Losses of `steps` steps, and the parameters after them. */
  async function train(w0: Float32Array, steps: number): Promise<readonly [losses: number[], w: Float32Array]> {
    const losses: number[] = []
    let w: Tensor = array(w0)
    for (let i = 0; i < steps; i++) {
      const [value, next] = await step.async(w)
      losses.push((await value.data())[0] as number)
      w = next
    }
    return [losses, (await w.data()) as Float32Array]
  }

  test('ends with a BackendError; a new backend continues with the parameters that were read, bit by bit', async () => {
    const whole = await init({ backend: loader })
    const [expected] = await train(start, 20)
    await whole.backend.dispose()

    const first = await init({ backend: loader })
    const [losses, saved] = await train(start, 8)
    const interrupted = train(saved, 1000)
    setTimeout(() => lose((first.backend as WebglBackend).device.gl), 10)
    await expect(interrupted).rejects.toMatchObject(gone)

    const second = await init({ backend: loader })
    const [rest] = await train(saved, 12)
    expect([...losses, ...rest]).toEqual(expected)
    await Promise.all([first.backend.dispose(), second.backend.dispose()])
  })
})
