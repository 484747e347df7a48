/** What loops are for: a solver that stops when it has converged, an equation of motion with its adjoint, a recurrent network. */
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { observeGraphs } from '../../src/backend/compile.ts'
import type { Kernel, KernelGraph } from '../../src/lower/kernel.ts'
import { array, zeros } from '../../src/numpy/creation.ts'
import { abs, cos, greater, tanh } from '../../src/numpy/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad, jvp, valueAndGrad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { scan, whileLoop } from '../../src/transforms/loops.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { numbers } from '../support/close.ts'
import { useReference } from '../support/laws.ts'
import { double } from '../support/values.ts'

useReference()
afterEach(() => observeGraphs(null))

const close = (found: readonly number[], expected: readonly number[], tolerance: number): void => {
  expect(found).toHaveLength(expected.length)
  found.forEach((x, i) => expect(Math.abs(x - (expected[i] as number))).toBeLessThan(tolerance * (1 + Math.abs(expected[i] as number))))
}

describe('Newton by whileLoop', () => {
  /** The root of x^3 + x = a, from a; stops when a step is small. */
  const root = (a: Tensor): Tensor => {
    const step = (x: Tensor): Tensor => x.mul(x).mul(x).add(x).sub(a).div(x.mul(x).mul(3).add(1))
    const init: readonly [Tensor, Tensor] = [a, step(a)]
    return whileLoop<readonly [Tensor, Tensor]>(
      ([, d]) => greater(abs(d), 1e-12),
      ([x, d]) => [x.sub(d), step(x.sub(d))],
      init,
    )[0]
  }
  /** Derivative of the root: 1 / (3 x^2 + 1), by the implicit function theorem. */
  const slope = (x: number): number => 1 / (3 * x * x + 1)

  test('solves under jit, vmap and jvp, each example in its own number of steps', () => {
    const solve = jit(vmap(root)),
      derivative = jit((a: Tensor) => jvp(vmap(root), [a], [a.mul(0).add(1)]))
    fc.assert(
      fc.property(fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 4, maxLength: 4 }), as => {
        const xs = numbers(solve(double(...as)))
        close(
          xs.map(x => x ** 3 + x),
          as,
          1e-10,
        )
        const [again, slopes] = derivative(double(...as))
        close(numbers(again), xs, 1e-12)
        close(numbers(slopes), xs.map(slope), 1e-9)
        const alone = numbers(vmap(jit(root))(double(...as)))
        close(alone, xs, 1e-12)
      }),
      { numRuns: 8 },
    )
  })
  test('has no reverse mode, and says what to do', () => {
    expect(() => grad(root)(array(2, { dtype: 'float64' }))).toThrow(/whileLoop is not known in advance.*Use scan/)
  })
})

describe('an oscillator by scan', () => {
  /** Position at time T of x'' = -w^2 x from (x0, v0), by n steps of the classical Runge-Kutta method. */
  const position =
    (checkpoint: boolean) =>
    (w: Tensor, x0: Tensor, v0: Tensor): Tensor => {
      const n = 64,
        h = T / n
      const force = (x: Tensor): Tensor => x.mul(w).mul(w).neg()
      const step = ([x, v]: readonly [Tensor, Tensor], _: null): readonly [readonly [Tensor, Tensor], null] => {
        const [a1, b1] = [v, force(x)]
        const [a2, b2] = [v.add(b1.mul(h / 2)), force(x.add(a1.mul(h / 2)))]
        const [a3, b3] = [v.add(b2.mul(h / 2)), force(x.add(a2.mul(h / 2)))]
        const [a4, b4] = [v.add(b3.mul(h)), force(x.add(a3.mul(h)))]
        const mean = (a: Tensor, b: Tensor, c: Tensor, d: Tensor): Tensor =>
          a
            .add(b.mul(2))
            .add(c.mul(2))
            .add(d)
            .mul(h / 6)
        return [[x.add(mean(a1, a2, a3, a4)), v.add(mean(b1, b2, b3, b4))], null]
      }
      const start: readonly [Tensor, Tensor] = [x0, v0]
      return scan(step, start, null, { length: n, checkpoint })[0][0]
    }
  const T = 2
  test('its adjoint is the derivative of x0 cos wT + v0/w sin wT', () => {
    for (const checkpoint of [false, true]) {
      const gradient = jit(valueAndGrad(position(checkpoint), { argnums: [0, 1, 2] }))
      for (const [w, x, v] of [
        [1.3, 0.5, -1],
        [0.4, -2, 0.3],
      ] as const) {
        const [s, c] = [Math.sin(w * T), Math.cos(w * T)]
        const [value, gradients] = gradient(...([w, x, v].map(y => array(y, { dtype: 'float64' })) as [Tensor, Tensor, Tensor]))
        close(
          [value.item(), ...gradients.map(g => g.item())],
          [x * c + (v / w) * s, -x * T * s + v * ((T * c) / w - s / (w * w)), c, s / w],
          1e-6,
        )
      }
    }
  })
  test('second derivatives too', () => {
    const [w, one, zero] = [1.3, 1, 0].map(y => array(y, { dtype: 'float64' })) as [Tensor, Tensor, Tensor]
    const second = jit(grad(grad((u: Tensor) => position(false)(u, one, zero))))(w)
    close([second.item()], [-T * T * Math.cos(1.3 * T)], 1e-5)
  })
})

describe('a recurrent network over characters by scan', () => {
  const [units, steps, batch, characters] = [5, 7, 2, 4]
  const wave = (rows: number, columns: number, phase: number): Tensor =>
    array(Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Math.sin(i * columns + j + phase))))
  const params = { embedding: wave(characters, units, 0), wh: wave(units, units, 1), wy: wave(units, characters, 2) }
  type Params = typeof params
  const text = array(
    Array.from({ length: steps }, (_, t) => Array.from({ length: batch }, (_, n) => (3 * t + n * t) % characters)),
    { dtype: 'int32' },
  )
  const cell =
    (p: Params) =>
    (h: Tensor, x: Tensor): readonly [Tensor, Tensor] => {
      const state = tanh(p.embedding.at(x).get().add(h.matmul(p.wh)))
      return [state, state.matmul(p.wy)]
    }
  const loss = (p: Params): Tensor => {
    const [, logits] = scan(cell(p), zeros([batch, units]), text)
    return logits.mul(cos(logits)).sum()
  }
  const unrolled = (p: Params): Tensor => {
    let h = zeros([batch, units]),
      total: Tensor = array(0)
    for (let t = 0; t < steps; t++) {
      const [next, logits] = cell(p)(h, text.at(t).get())
      h = next
      total = total.add(logits.mul(cos(logits)).sum())
    }
    return total
  }

  test('forward and backward are one executable with two loops, and the loops written out give the same', () => {
    const graphs: KernelGraph[] = []
    const step = jit(valueAndGrad(loss))
    observeGraphs(g => graphs.push(g))
    const [value, gradient] = step(params)
    observeGraphs(null)
    expect(graphs).toHaveLength(1)
    const loops = (graphs[0] as KernelGraph).kernels.filter((k: Kernel) => k.kind === 'scan')
    expect(loops.map(k => (k.kind === 'scan' ? [k.length, k.reverse] : []))).toEqual([
      [steps, false],
      [steps, true],
    ])
    const [expected, slopes] = valueAndGrad(unrolled)(params)
    close([value.item()], [expected.item()], 1e-5)
    for (const k of ['embedding', 'wh', 'wy'] as const) close(numbers(gradient[k]), numbers(slopes[k]), 1e-4)
  })
})
