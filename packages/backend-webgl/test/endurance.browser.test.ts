/** What grows does so slowly: many steps, many operations, many backends. */
import { array, init, jit, matmul, random, tanh, type Tensor, tree, valueAndGrad, zeros } from '@cotangent/core'
import { expect, test } from 'vitest'
import type { WebglBackend } from '../src/backend.ts'
import { backend as loader, webgl } from '../src/index.ts'

interface Params {
  readonly w1: Tensor
  readonly w2: Tensor
}
const loss = (p: Params, x: Tensor): Tensor => {
  const error = matmul(tanh(matmul(x, p.w1)), p.w2).sub(1)
  return error.mul(error).mean()
}
const step = jit(
  (p: Params, x: Tensor) => {
    const [value, gradient] = valueAndGrad(loss)(p, x)
    return [value, tree.map((w: Tensor, g: Tensor) => w.sub(g.mul(0.01)), p, gradient)] as const
  },
  { donate: [0] },
)

test('10,000 training steps hold the bytes of textures constant', async () => {
  const backend = (await init({ backend: loader })).backend as WebglBackend
  const x = array(
    Float32Array.from({ length: 8 * 16 }, (_, i) => Math.sin(i)),
    { shape: [8, 16] },
  )
  let params: Params = { w1: random.normal(random.key(0), [16, 12]).mul(0.3), w2: random.normal(random.key(1), [12, 1]).mul(0.3) }
  let bytes = 0,
    last = Infinity
  for (let i = 0; i < 10_000; i++) {
    const [value, next] = step(params, x)
    params = next
    if (i % 100 === 99) last = value.item() as number
    value.dispose()
    if (i === 99) bytes = backend.pool.bytes
    if (i > 99) expect(backend.pool.bytes).toBe(bytes)
  }
  expect(bytes).toBeGreaterThan(0)
  expect(backend.store.evictions).toBe(0)
  expect(last).toBeLessThan(0.6)
  await backend.dispose()
})

test.each([
  [100_000, 'small tensors', [3]],
  [2_000, 'tensors of 1 MiB', [2 ** 18]],
] as const)('%i operations on %s, in a loop without dispose and without a pause, stay within the budget', async (count, _, shape) => {
  const budget = 32 * 2 ** 20,
    backend = (await webgl({ memoryBudget: budget })) as WebglBackend
  await init({ backend: [{ name: 'webgl', load: async () => backend }] })
  let x = zeros(shape),
    most = 0
  for (let i = 0; i < count; i++) {
    x = x.add(1)
    most = Math.max(most, backend.pool.bytes)
  }
  expect(x.dataSync()[0]).toBe(count)
  expect(most).toBeLessThanOrEqual(budget)
  expect(backend.store.evictions).toBeGreaterThan(count / 2)
  await backend.dispose()
})

test('forty backends one after another leave the first one its context', async () => {
  const first = (await webgl()) as WebglBackend,
    kept = first.upload(new Float32Array([1, 2, 3]), 'float32')
  for (let i = 0; i < 40; i++) {
    const backend = (await webgl()) as WebglBackend
    const x = backend.upload(new Float32Array(2 ** 22).fill(i), 'float32')
    expect(backend.readSync(x)[99]).toBe(i)
    await backend.dispose()
    expect(backend.device.gl.isContextLost()).toBe(true)
  }
  // A browser takes the oldest of more than 16 away.
  expect([...first.readSync(kept)]).toEqual([1, 2, 3])
  await first.dispose()
})
