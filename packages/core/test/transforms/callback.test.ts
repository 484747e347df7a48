import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { callback, print } from '../../src/debug/index.ts'
import { explain } from '../../src/explain.ts'
import { array, zeros } from '../../src/numpy/creation.ts'
import { sin, stack } from '../../src/numpy/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { pureCallback } from '../../src/transforms/callback.ts'
import { checkpoint } from '../../src/transforms/checkpoint.ts'
import { cond } from '../../src/transforms/control.ts'
import { customVjp } from '../../src/transforms/custom.ts'
import { grad, jvp, linearize, vjp } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { scan, whileLoop } from '../../src/transforms/loops.ts'
import { evalShape } from '../../src/transforms/makeProgram.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { currentBackend } from '../../src/backend/current.ts'
import { expectClose, numbers } from '../support/close.ts'
import { useReference } from '../support/laws.ts'
import { float, int } from '../support/values.ts'

useReference()
afterEach(() => vi.restoreAllMocks())

const f32 = (...shape: number[]) => ({ shape, dtype: 'float32' }) as const
/** Sine by the host. */
const hostSine = (x: Tensor): Tensor => array(Array.from(x.dataSync(), Math.sin)).reshape(x.shape)
const sine = (x: Tensor): Tensor => pureCallback(hostSine, f32(...x.shape), [x], { vmapMethod: 'expandDims' })

/** f(x) by a whileLoop of one iteration. */
const loopOnce = (f: (x: Tensor) => Tensor, x: Tensor): Tensor => {
  const init: readonly [Tensor, Tensor] = [array(0), x]
  return whileLoop<readonly [Tensor, Tensor]>(
    ([i]) => i.less(1),
    ([i, y]) => [i.add(1), f(y)],
    init,
  )[1]
}

describe('pureCallback', () => {
  const x = float(0.5, 1, 2)
  test.each<readonly [string, (f: (x: Tensor) => Tensor) => (x: Tensor) => Tensor]>([
    ['eager', f => f],
    ['jit', f => jit(f)],
    ['jit in jit', f => jit(x => jit(f)(x.mul(1)))],
    ['checkpoint', f => checkpoint(f)],
    ['scan', f => x => scan((_, e: Tensor) => [0, f(e)], 0, x)[1]],
    ['jit of scan from the end', f => jit((x: Tensor) => scan((c, e: Tensor) => [f(c), f(e)], 0.1, x, { reverse: true })[1])],
    ['vmap', f => vmap(f)],
    ['jit of vmap', f => jit(vmap(f))],
    ['vmap of jit', f => vmap(jit(f))],
    ['whileLoop', f => x => loopOnce(f, x)],
    ['cond', f => x => jit((p: Tensor, y: Tensor) => cond<[Tensor], Tensor>(p, f, z => z.mul(0), y))(array(true), x)],
  ])('is its function under %s', (_, transform) => {
    expectClose(transform(sine)(x), sin(x))
  })

  test('runs between compiled parts, and its result feeds them', () => {
    const f = jit((x: Tensor) => sine(x.mul(2)).add(x).mul(sine(x)))
    expectClose(f(x), sin(x.mul(2)).add(x).mul(sin(x)))
  })

  test('takes and gives trees, whose types it declares by hand or by evalShape', () => {
    const f = ({ a, b }: { a: Tensor; b: Tensor }): readonly [Tensor, { readonly c: Tensor }] => [a.add(b), { c: a.mul(b) }]
    const [a, b] = [float(1, 2), float(3, 4)]
    const g = jit((t: { a: Tensor; b: Tensor }) => pureCallback(f, evalShape(f, t), [t]))
    const [s, { c }] = g({ a, b })
    expect([numbers(s), numbers(c)]).toEqual([
      [4, 6],
      [3, 8],
    ])
    const h = jit((t: { a: Tensor; b: Tensor }) => pureCallback(f, [f32(2), { c: f32(2) }], [t]))
    expect(numbers(h({ a, b })[1].c)).toEqual([3, 8])
  })

  test('nobody reads it: not called; equal calls are not merged into wrong ones', () => {
    const f = vi.fn(hostSine)
    jit((x: Tensor) => {
      pureCallback(f, f32(3), [x])
      return x.mul(2)
    })(x)
    expect(f).not.toHaveBeenCalled()
  })

  test('vmap: a call an example, or one for all', () => {
    const seen: string[] = []
    const f = (x: Tensor, y: Tensor): Tensor => {
      seen.push(`[${x.shape}] [${y.shape}]`)
      return x.add(y)
    }
    const mapped = (vmapMethod: 'sequential' | 'expandDims' | 'broadcastAll') =>
      numbers(vmap((x: Tensor) => pureCallback(f, f32(), [x, array(10)], { vmapMethod }))(float(1, 2)))
    expect(mapped('sequential')).toEqual([11, 12])
    expect(mapped('expandDims')).toEqual([11, 12])
    expect(mapped('broadcastAll')).toEqual([11, 12])
    expect(seen).toEqual(['[] []', '[] []', '[2] [1]', '[2] [2]'])
    expect(() => vmap((x: Tensor) => pureCallback(f, f32(), [x, x]))(float(1, 2))).toThrow(/pureCallback: vmap does not know how to call f/)
  })

  test('any nesting of vmap is a loop', () => {
    fc.assert(
      fc.property(fc.constantFrom('sequential', 'expandDims', 'broadcastAll'), fc.integer({ min: 1, max: 3 }), (vmapMethod, n) => {
        const f = (x: Tensor, y: Tensor): Tensor => x.mul(y).add(x)
        const call = (x: Tensor, y: Tensor): Tensor => pureCallback(f, f32(), [x, y], { vmapMethod })
        const xs = array(Array.from({ length: n }, (_, i) => i + 0.5)),
          ys = float(1, -2)
        const outer = jit(vmap(vmap(call, { inAxes: [0, null] }), { inAxes: [null, 0] }))
        expectClose(outer(xs, ys), stack([f(xs, array(1)), f(xs, array(-2))]))
      }),
      { numRuns: 9 },
    )
  })

  test('has the derivative that customVjp gives it, and no other', () => {
    expect(() => grad((x: Tensor) => sine(x).sum())(x)).toThrow(/pureCallback has no derivative.*customJvp or customVjp/)
    expect(() => jvp(jit(sine), [x], [x])).toThrow(/pureCallback has no derivative/)
    const s = customVjp(sine, {
      forward: (x: Tensor) => [sine(x), x],
      backward: (x: Tensor, ct: Tensor) => [ct.mul(pureCallback(hostCosine, f32(...x.shape), [x]))],
    })
    for (const f of [s, jit(s)]) expectClose(grad((x: Tensor) => f(x).sum())(x), sin(x.add(Math.PI / 2)))
  })
  const hostCosine = (x: Tensor): Tensor => array(Array.from(x.dataSync(), Math.cos))

  test('refuses results of another type', () => {
    const wrong = (out: unknown) => () => jit((x: Tensor) => pureCallback((_: Tensor) => out as Tensor, f32(3), [x]))(x)
    expect(wrong(zeros([2]))).toThrow(/returned float32\[2\] for result 0, which was declared as float32\[3\]|f32\[2\].*f32\[3\]/)
    expect(wrong(int(1, 2, 3))).toThrow(/i(nt)?32\[3\]/)
    expect(wrong([zeros([3])])).toThrow(/another tree than declared/)
    expect(() => pureCallback((y: Tensor) => y, { shape: [3], dtype: 'float' } as never, [x])).toThrow(/unknown dtype/)
  })

  test('an error of the callback arrives as it is, and leaves no memory', () => {
    const f = jit((x: Tensor) =>
      pureCallback(
        (_: Tensor): Tensor => {
          throw new RangeError('mine')
        },
        f32(3),
        [x.mul(2)],
      ).add(1),
    )
    expect(() => f(x)).toThrow('mine')
  })

  test('memory: a loop of calls leaves what it returns', () => {
    const f = jit((x: Tensor) => scan((c: Tensor, e: Tensor) => [sine(c.add(e)), sine(e)], x.sum(), x))
    for (const t of f(x)) t.dispose()
    const before = currentBackend().memory().buffers
    for (const t of f(x)) t.dispose()
    expect(currentBackend().memory().buffers - before).toBeLessThanOrEqual(6 * 2) // what the callback itself made
  })

  test('explain shows the kernels of each part', () => {
    const f = jit((x: Tensor) => sine(x.mul(2)).add(1))
    f(x)
    const [trace] = explain(f).traces
    expect(trace?.program).toContain('pureCallback')
    expect(trace?.kernels.split('(a call of the host)')).toHaveLength(2)
  })

  test('asynchronous runs', async () => {
    const f = jit((x: Tensor) => sine(x.mul(2)).add(1))
    await f.compile(x)
    expectClose(await f.async(x), sin(x.mul(2)).add(1))
  })
})

describe('debug.callback', () => {
  const seen: unknown[] = []
  const log = (...xs: Tensor[]): void => void seen.push(xs.map(x => (x.ndim === 0 ? x.item() : numbers(x))))
  const calls = (body: () => unknown): unknown[] => {
    seen.length = 0
    body()
    return [...seen]
  }
  const f = (x: Tensor): Tensor => {
    callback(log, x)
    const y = x.mul(2)
    callback(log, y)
    return y.mul(x)
  }
  const x = array(3)

  test('is called in order, in eager and in compiled programs', () => {
    expect(calls(() => f(x))).toEqual([[3], [6]])
    const g = jit(f)
    expect(calls(() => g(x))).toEqual([[3], [6]])
    expect(calls(() => g(array(4)))).toEqual([[4], [8]])
    expect(calls(() => jit((x: Tensor) => g(x).add(g(x)))(x))).toEqual([[3], [6], [3], [6]])
  })
  test('sees primal values once under grad, vjp, jvp and linearize', () => {
    for (const h of [f, jit(f)]) {
      expect(calls(() => grad(h)(x))).toEqual([[3], [6]])
      expect(calls(() => grad(grad(h))(x))).toEqual([[3], [6]])
      expect(calls(() => jvp(h, [x], [x]))).toEqual([[3], [6]])
      expect(calls(() => linearize(h, x)[1](x))).toEqual([[3], [6]])
      expect(calls(() => vjp(h, x)[1](x))).toEqual([[3], [6]])
    }
    expect(calls(() => grad(checkpoint(f))(x))).toEqual([[3], [6], [3], [6]]) // computed again
  })
  test('once an example under vmap', () => {
    for (const h of [vmap(f), jit(vmap(f)), vmap(jit(f))]) expect(calls(() => h(float(1, 2)))).toEqual([[1], [2], [2], [4]])
    expect(calls(() => vmap((x: Tensor) => vmap((y: Tensor) => callback(log, x, y) ?? y)(float(5, 6)))(float(1, 2)))).toEqual([
      [1, 5],
      [1, 6],
      [2, 5],
      [2, 6],
    ])
    expect(calls(() => vmap(grad(f))(float(1, 2)))).toEqual([[1], [2], [2], [4]])
  })
  test('each step of a loop, also with nothing that changes', () => {
    const loop = (x: Tensor): Tensor =>
      scan(
        (c: Tensor, i: Tensor) => {
          callback(log, i)
          callback(log, x)
          return [c.mul(x), null]
        },
        x,
        int(0, 1),
      )[0]
    const expected = [[0], [3], [1], [3]]
    for (const h of [loop, jit(loop)]) {
      expect(calls(() => h(x))).toEqual(expected)
      expect(calls(() => grad(h)(x))).toEqual(expected)
    }
  })
  test('only the branch that is taken', () => {
    const g = jit((p: Tensor, x: Tensor) => cond(p, f, y => y, x))
    expect(calls(() => g(array(false), x))).toEqual([])
    expect(calls(() => g(array(true), x))).toEqual([[3], [6]])
  })
  test("its tensors are the caller's", () => {
    const kept: Tensor[] = []
    const g = grad((x: Tensor) => {
      callback((y: Tensor) => void kept.push(y), x.mul(2))
      return x.mul(x)
    })
    g(x)
    expect((kept[0] as Tensor).item()).toBe(6)
  })
})

describe('debug.print', () => {
  test('fills in values', () => {
    const out = vi.spyOn(console, 'log').mockImplementation(() => {})
    jit((x: Tensor) => {
      print('x = {x}, sum {}', x.sum(), { x })
      return x
    })(float(1, 2))
    print('{}%', 5)
    vmap((x: Tensor) => print('example {x}', { x }) ?? x)(float(1, 2))
    expect(out.mock.calls.map(c => c[0])).toEqual(['x = [1., 2.], sum 3.', '5.%', 'example 1.', 'example 2.'])
  })
  test('refuses formats that do not fit', () => {
    expect(() => print('{} {}', 1)).toThrow(/has a place \{\}, but there is no value/)
    expect(() => print('{y}', { x: 1 })).toThrow(/has a place \{y\}/)
    expect(() => print('{}', 1, 2)).toThrow(/has 1 places \{\}, but there are 2 values/)
  })
})
