import { afterEach, describe, expect, test } from 'vitest'
import { debugNans } from '../../src/debug/nans.ts'
import { array } from '../../src/numpy/creation.ts'
import { log, matmul, multiply, sqrt } from '../../src/numpy/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { callback } from '../../src/transforms/callback.ts'
import { checkpoint } from '../../src/transforms/checkpoint.ts'
import { cond } from '../../src/transforms/control.ts'
import { grad, jvp } from '../../src/transforms/grad.ts'
import { jit, jitReport } from '../../src/transforms/jit.ts'
import { scan, whileLoop } from '../../src/transforms/loops.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { useReference } from '../support/laws.ts'
import { float } from '../support/values.ts'

useReference()
afterEach(() => void debugNans(false))

/** The logarithm of what may be negative, on the line after `above`. */
const above = Number(/nans\.test\.ts:(\d+)/.exec(new Error().stack as string)?.[1])
const f = (x: Tensor): Tensor => multiply(log(x), 2)
const bad = float(1, -2, 3),
  good = float(1, 2, 3)
const here = new RegExp(`nans\\.test\\.ts:${above + 1}:\\d+`)

describe('debugNans names the operation, the line and the inputs', () => {
  const ways: readonly (readonly [string, (f: (x: Tensor) => Tensor) => (x: Tensor) => unknown])[] = [
    ['eager', f => f],
    ['jit', f => jit(f)],
    ['jit in jit', f => jit((x: Tensor) => jit(f)(x).add(1))],
    ['vmap', f => vmap(f)],
    ['jit of vmap', f => jit(vmap(f))],
    ['grad', f => grad((x: Tensor) => f(x).sum())],
    ['grad of jit', f => grad(jit((x: Tensor) => f(x).sum()))],
    ['jit of grad', f => jit((x: Tensor) => [grad((y: Tensor) => f(y).sum())(x), f(x)])],
    ['jvp', f => x => jvp(f, [x], [x])],
    ['scan', f => x => scan((c: Tensor, e: Tensor) => [c.add(f(e)), e], 0, x)],
    ['jit of scan', f => jit((x: Tensor) => scan((c: Tensor, e: Tensor) => [c.add(f(e)), e], 0, x)[0])],
    ['whileLoop', f => x => whileLoop(c => c.sum().less(3), f, x)],
    ['cond', f => jit((x: Tensor) => cond(x.sum().less(100), f, y => y, x))],
    ['checkpoint', f => checkpoint(f)],
  ]
  test.each(ways.filter(([name]) => name !== 'whileLoop'))('%s', (_, transform) => {
    const g = transform(f)
    expect(() => g(bad)).not.toThrow()
    debugNans()
    expect(() => g(good)).not.toThrow()
    expect(() => g(bad)).toThrow(/^debugNans: log made a NaN\./)
    expect(() => g(bad)).toThrow(here)
    expect(() => g(bad)).toThrow(/x = f32\[.*-2\./)
    expect(() => g(bad)).toThrow(expect.objectContaining({ kind: 'CheckError' }))
    debugNans(false)
    expect(() => g(bad)).not.toThrow()
  })

  test('in the backward pass, by the line of the forward one', () => {
    // sqrt has no NaN at 0, but 0 * its slope has.
    const g = (x: Tensor): Tensor => sqrt(x.mul(x)).sum()
    debugNans()
    for (const h of [grad(g), grad(jit(g)), jit(grad(g))]) {
      expect(() => h(float(1, 2))).not.toThrow()
      expect(() => h(float(0, 2))).toThrow(/made a NaN[^]* at .*nans\.test\.ts:\d+:\d+\)?, in the backward pass/)
      expect(() => h(float(0, 2))).toThrow(/inf/)
    }
  })

  test('says so when the NaN came in', () => {
    using _ = debugNans()
    expect(() => array(NaN).mul(2)).toThrow(/mul passed on a NaN that came in as x[^]* at .*nans\.test\.ts/)
    expect(() => jit((x: Tensor) => x.mul(2))(array(NaN))).toThrow(/mul passed on a NaN that came in as x/)
    expect(() => jit((x: Tensor) => [x, x])(array(NaN))).toThrow(/which came in with input 0/)
  })

  test('where the result has none, there is none to find', () => {
    using _ = debugNans()
    expect(jit((x: Tensor) => log(x).greater(0))(array(-1)).item()).toBe(0)
  })

  test('donated arguments are given up after the check', () => {
    using _ = debugNans()
    const g = jit((x: Tensor) => log(x), { donate: [0] })
    const x = float(1, 2)
    g(x)
    expect(() => x.dataSync()).toThrow(/disposed/)
    expect(() => g(float(-1, 2))).toThrow(/log made a NaN/)
  })

  test('asynchronous runs', async () => {
    using _ = debugNans()
    await expect(jit(f).async(bad)).rejects.toThrow(/log made a NaN/)
  })

  test('callbacks are not called again while it searches', () => {
    using _ = debugNans()
    let calls = 0
    const g = jit((x: Tensor) => {
      callback((_: Tensor) => void calls++, x)
      return matmul(log(x).reshape([1, 3]), x.reshape([3, 1]))
    })
    expect(() => g(bad)).toThrow(/log made a NaN/)
    expect(calls).toBe(1)
  })

  test('a compiled function is traced again once, and its report says why', () => {
    const g = jit(f)
    g(good)
    debugNans()
    g(good)
    g(good)
    debugNans(false)
    g(good)
    expect(jitReport(g)?.traces.map(t => t.reason)).toEqual(['first call', 'a debug mode was switched (debugNans, debugIndices, checkify)'])
  })

  test('using puts it back to what it was', () => {
    debugNans()
    {
      using _ = debugNans(false)
      expect(() => f(bad)).not.toThrow()
    }
    expect(() => f(bad)).toThrow(/log made a NaN/)
  })
})
