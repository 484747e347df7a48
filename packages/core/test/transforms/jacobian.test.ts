import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { array, linspace } from '../../src/numpy/creation.ts'
import { matmul, power, sin, tanh } from '../../src/numpy/index.ts'
import { sum } from '../../src/primitives/reduce.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad, jvp } from '../../src/transforms/grad.ts'
import { hessian, jacfwd, jacrev } from '../../src/transforms/jacobian.ts'
import { jit } from '../../src/transforms/jit.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { expectClose, expectNumbers, numbers } from '../support/close.ts'
import { useReference } from '../support/laws.ts'
import { float, int } from '../support/values.ts'

useReference()
type Linear = { readonly w: Tensor; readonly b: Tensor }
const p: Linear = {
  w: array([
    [0.1, 0.2, 0.3],
    [-0.4, 0.5, 0.6],
  ]),
  b: float(0.1, 0.2, 0.3),
}
const net = (q: Linear, x: Tensor): Tensor => tanh(matmul(x, q.w).add(q.b))

describe('jacfwd and jacrev', () => {
  test('agree, for tensors and trees', () => {
    const x = float(1, -2)
    const j = jacrev(net)(p, x)
    expect([j.w.shape, j.b.shape]).toEqual([
      [3, 2, 3],
      [3, 3],
    ])
    expectClose(jacfwd(net)(p, x), j)
    expectClose(jit(jacfwd(net))(p, x), j)
    expectClose(jacfwd(net, { argnums: 1 })(p, x), jacrev(net, { argnums: 1 })(p, x))
    const both = (q: Linear): { readonly y: Tensor; readonly s: Tensor } => ({ y: net(q, x), s: sum(q.b) })
    const t = jacrev(both)(p)
    expectClose(jacfwd(both)(p), t)
    expectClose(t.s.b, float(1, 1, 1))
  })
  test('of matrices has the axes of result and argument', () => {
    const a = array([
      [1, 2],
      [3, 4],
    ])
    expect(jacrev((x: Tensor) => matmul(x, x))(a).shape).toEqual([2, 2, 2, 2])
    expectClose(jacfwd((x: Tensor) => matmul(x, x))(a), jacrev((x: Tensor) => matmul(x, x))(a))
  })
  test('errors', () => {
    expect(() => jacrev((x: Tensor) => x.greater(0))(float(1))).toThrow(/the result is bool\[1\], which has no derivative/)
    expect(() => jacfwd((x: Tensor) => x)(int(1))).toThrow(/x is i32\[1\], which has no derivative/)
    for (const argnums of [-1, 1, 0.5])
      for (const j of [jacfwd, jacrev])
        expect(() => j((x: Tensor) => x, { argnums })(float(1))).toThrow(`argnums names argument ${argnums}`)
  })
})

describe('hessian', () => {
  // functorch's values.
  test('known answers', () => {
    const x = linspace(-1, 1, { count: 4 })
    const d = [0.30715448607, -1.37207407776, 1.37207407776, -0.30715448607]
    expectNumbers(
      hessian((v: Tensor) => sum(power(tanh(v), 3)))(x),
      d.flatMap((v, i) => d.map((_, k) => (i === k ? v : 0))),
    )
    expectNumbers(vmap(grad((v: Tensor) => v.mul(sin(v))))(x), [-1.38177329068, -0.64218034557, 0.64218034557, 1.38177329068])
  })
  test('is symmetric, and its product with a vector is forward over reverse', () => {
    const f = (v: Tensor): Tensor => sum(sin(v.mul(v.slice(0, 1)))).add(power(sum(v), 3))
    const coordinates = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(coordinates, coordinates, (at, direction) => {
        const x = float(...at),
          v = float(...direction)
        const h = hessian(f)(x)
        expectClose(h, h.transpose(), 1e-4)
        expectNumbers(jvp(grad(f), [x], [v])[1], numbers(matmul(h, v)), 1e-3)
      }),
      { numRuns: 20 },
    )
  })
  test('of trees is a tree of trees', () => {
    const h = hessian((q: Linear) => sum(net(q, float(1, 2))))(p)
    expect([h.w.w.shape, h.w.b.shape, h.b.w.shape, h.b.b.shape]).toEqual([
      [2, 3, 2, 3],
      [2, 3, 3],
      [3, 2, 3],
      [3, 3],
    ])
    expectClose(h.w.b.reshape([6, 3]).transpose(), h.b.w.reshape([3, 6]))
  })
})
