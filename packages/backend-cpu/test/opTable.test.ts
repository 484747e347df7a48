/**
 * The conformance kit of core on this backend as most machines have it, with two threads; the other variants are in `opTable.plain.test.ts` and
 * `variants.test.ts`. And that results of large data do not depend on the number of threads (`threads.test.ts`: of drawn programs).
 */
import {
  type Tensor,
  array,
  cumsum,
  exp,
  init,
  jit,
  lax,
  logsumexp,
  matmul,
  mean,
  reshape,
  sin,
  sort,
  sum,
  take,
  valueAndGrad,
  variance,
} from '@cotangent/core'
import { describeBackend } from '@cotangent/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backend } from '../src/index.ts'

describeBackend('cpu', () => backend.load({ threads: 2 }), { describe, it, beforeAll, afterAll }, { runs: 4 })

/** Large enough to be dealt out to threads. */
const n = 300
const matrix = (seed: number): Tensor =>
  array(
    Float32Array.from({ length: n * n }, (_, i) => Math.sin(i * 1.37 + seed)),
    { shape: [n, n] },
  )
const image = (x: Tensor): Tensor => reshape(x, [4, 75, 75, 4])
const functions: Readonly<Record<string, (x: Tensor, y: Tensor) => Tensor | readonly Tensor[]>> = {
  elementwise: (x, y) => exp(sin(x).mul(y)),
  'sum of all': x => sum(x),
  'mean and variance of columns': x => [mean(x, { axis: 0 }), variance(x, { axis: 0 })],
  logsumexp: x => logsumexp(x, { axis: 1 }),
  matmul: (x, y) => matmul(x, y),
  convolution: (x, y) =>
    lax.convGeneralDilated(
      image(x),
      reshape(take(y.reshape([-1]), array(Int32Array.from({ length: 144 }, (_, i) => i))), [3, 3, 4, 4]),
      [1, 1],
      'SAME',
      { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] },
    ),
  pooling: x => lax.reduceWindow(image(x), 'max', [1, 2, 2, 1], [1, 2, 2, 1], 'VALID'),
  cumsum: x => cumsum(x, { axis: 0 }),
  sort: x => sort(x, { axis: 0 }),
  'gradient of a layer': (x, y) => valueAndGrad((w: Tensor, v: Tensor) => sum(sin(matmul(v, w))))(x, y),
}

describe('the number of threads', () => {
  const bits = async (threads: number): Promise<ReadonlyMap<string, readonly Uint32Array[]>> => {
    const { backend: loaded } = await init({ backend, threads })
    const x = matrix(1),
      y = matrix(2),
      out = new Map<string, readonly Uint32Array[]>()
    for (const [name, f] of Object.entries(functions))
      out.set(
        name,
        [jit(f as (x: Tensor, y: Tensor) => readonly Tensor[])(x, y)].flat().map(t => new Uint32Array(t.dataSync().slice().buffer)),
      )
    await loaded.dispose()
    return out
  }
  it('does not change a bit', async () => {
    const one = await bits(1)
    for (const threads of [2, 3]) {
      const several = await bits(threads)
      for (const name of Object.keys(functions)) expect(several.get(name), `${name} on ${threads} threads`).toEqual(one.get(name))
    }
  })
})
