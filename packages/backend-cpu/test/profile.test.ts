/** Kernels under a clock compute the same, on one thread and on several, with control flow and without. */
import { afterAll, describe, expect, it } from 'vitest'
import {
  array,
  cond,
  explain,
  grad,
  init,
  jit,
  matmul,
  profile,
  random,
  reshape,
  scan,
  sum,
  tanh,
  type Tensor,
  vmap,
  whileLoop,
} from '@cotangent/core'

const recurrent = (w: Tensor, xs: Tensor): Tensor =>
  sum(scan((h: Tensor, x: Tensor) => [tanh(matmul(w, h).add(x)), h], xs.at(0).get(), xs)[0])
const programs: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  'kernels that threads share': x => matmul(tanh(matmul(x, x)), x.mul(2).add(1)),
  'a gradient of a scan': x => grad(recurrent)(x, x),
  'a while loop': x =>
    whileLoop(
      (c: Tensor) => sum(c).less(1e6),
      (c: Tensor) => matmul(c, c).add(c.mul(c)),
      x.mul(x).add(1),
    ),
  'a condition': x =>
    cond(
      sum(x).greater(0),
      (a: Tensor) => matmul(a, a),
      (a: Tensor) => a.sub(1),
      x,
    ),
  'a batch': x => vmap((row: Tensor) => sum(row.mul(row)))(x),
}

describe.each([1, 2])('on %i threads', threads => {
  const loaded = init({ backend: 'cpu', threads })
  afterAll(async () => (await loaded).backend.dispose())

  for (const [name, f] of Object.entries(programs))
    it(name, async () => {
      await init({ backend: 'cpu', threads })
      for (const n of [3, 160]) {
        const x = reshape(random.normal(random.key(n), [n * n]), [n, n]).mul(0.1)
        const expected = jit(f)(x).dataSync()
        const g = jit(f)
        const p = await profile(() => Array.from({ length: 3 }, () => g(x).dataSync()))
        for (const result of p.result) expect(result).toEqual(expected)
        const work = explain(g).traces[0]?.work ?? []
        const kernels = p.spans.filter(s => s.kind === 'kernel')
        expect(kernels).toHaveLength(3 * work.length)
        expect(work.every(k => (k.milliseconds ?? -1) >= 0)).toBe(true)
        const runs = p.spans.filter(s => s.kind === 'run').reduce((t, s) => t + s.duration, 0)
        expect(kernels.reduce((t, s) => t + s.duration, 0)).toBeLessThanOrEqual(runs + 1e-6)
      }
    })
  it('takes donated memory over', async () => {
    await init({ backend: 'cpu', threads })
    const f = jit((x: Tensor) => x.mul(2).add(1), { donate: [0] })
    const p = await profile(() => {
      let x = array([1, 2, 3])
      for (let i = 0; i < 3; i++) x = f(x)
      return [...x.dataSync()]
    })
    expect(p.result).toEqual([15, 23, 31])
  })
})
