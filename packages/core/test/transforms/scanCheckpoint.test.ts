import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { observeGraphs } from '../../src/backend/compile.ts'
import { array, ones } from '../../src/numpy/creation.ts'
import { matmul, sin, tanh } from '../../src/numpy/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad, jvp, valueAndGrad } from '../../src/transforms/grad.ts'
import { hessian } from '../../src/transforms/jacobian.ts'
import { jit } from '../../src/transforms/jit.ts'
import { type ScanOptions, scan } from '../../src/transforms/loops.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { expectClose } from '../support/close.ts'
import { useReference } from '../support/laws.ts'

useReference()
afterEach(() => observeGraphs(null))

/** A loss of all states of a small recurrence. */
const loss =
  (options: ScanOptions) =>
  (w: Tensor, xs: Tensor): Tensor => {
    const [h, ys] = scan((h: Tensor, x: Tensor) => [tanh(h.mul(w).add(x)), sin(h.mul(x))], 0.1, xs, options)
    return h.add(ys.mul(ys).sum())
  }
const series = (n: number): Tensor => array(Array.from({ length: n }, (_, i) => Math.sin(3 * i + 1)))
const w = array(0.7)

describe('scan with checkpoint', () => {
  test('values and derivatives of all orders are those without, for any length, segment and direction', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 8 }),
        fc.oneof(fc.constant(true), fc.integer({ min: 1, max: 9 })),
        fc.boolean(),
        fc.constantFrom('eager', 'jit', 'vmap', 'jvp', 'hessian'),
        (n, checkpoint, reverse, how) => {
          const [f, g] = [loss({ reverse, checkpoint }), loss({ reverse })]
          const xs = series(n)
          const both = (l: typeof f): readonly Tensor[] => {
            if (how === 'hessian') return [hessian(l)(w, xs)]
            if (how === 'jvp') return jvp(l, [w, xs], [w, xs])
            const h = valueAndGrad(l, { argnums: [0, 1] })
            if (how === 'vmap') return vmap(h, { inAxes: [0, null] })(array([0.7, -0.2]), xs).flat()
            return (how === 'jit' ? jit(h) : h)(w, xs).flat()
          }
          const expected = both(g)
          both(f).forEach((t, i) => expectClose(t, expected[i] as Tensor))
        },
      ),
      { numRuns: 15 },
    )
  })

  /** Bytes that the compiled gradient plans for its temporaries. */
  function planned(n: number, options: ScanOptions): number {
    let arena = 0
    observeGraphs(graph => (arena = Math.max(arena, graph.arena)))
    const weights = ones([16, 16])
    jit(
      grad((v: Tensor) => {
        const step = (h: Tensor, _: null): readonly [Tensor, null] => [tanh(sin(matmul(h, v))), null]
        return scan(step, ones([16]), null, { ...options, length: n })[0].sum()
      }),
    )(weights)
    return arena
  }
  test('memory grows with the root of the length', () => {
    const all = [64, 1024].map(n => planned(n, {})) as [number, number],
      roots = [64, 1024].map(n => planned(n, { checkpoint: true })) as [number, number]
    expect(all[1] / all[0]).toBeGreaterThan(12)
    expect(roots[1] / roots[0]).toBeLessThan(5) // 4 is the ratio of the roots
    expect(roots[1]).toBeLessThan(all[1] / 10)
  })
  test('or as the number of steps says', () => {
    // 256 steps: the carries of 256 / k segments and what k steps keep.
    const [few, root, many] = [2, 16, 128].map(k => planned(256, { checkpoint: k })) as [number, number, number]
    expect(root).toBeLessThan(0.7 * few)
    expect(root).toBeLessThan(0.7 * many)
  })

  test('names bad options', () => {
    for (const checkpoint of [0, -1, 1.5, NaN])
      expect(() => loss({ checkpoint })(w, series(3))).toThrow(/scan: checkpoint must be true, false or a number/)
  })
})
