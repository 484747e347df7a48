/** Systems that functions give: the op table has the laws, here is what it cannot draw. */
import { expect, test } from 'vitest'
import { customLinearSolve } from '../../src/lax/index.ts'
import { cg, solve } from '../../src/linalg/index.ts'
import {
  add,
  array,
  eye,
  linspace,
  matmul,
  matvec,
  multiply,
  ones,
  square,
  stack,
  sum,
  transpose,
  vectorNorm,
  zeros,
} from '../../src/numpy/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad, jvp } from '../../src/transforms/grad.ts'
import { hessian } from '../../src/transforms/jacobian.ts'
import { jit } from '../../src/transforms/jit.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { expectClose } from '../support/close.ts'
import { useReference } from '../support/laws.ts'
import { float, values } from '../support/values.ts'

useReference()

const m = linspace(-1, 1, { count: 36 }).reshape([6, 6])
const spd = add(matmul(transpose(m), m), multiply(eye(6), 2))
const b = linspace(1, 3, { count: 6 })

test('default tolerance, jitted, against a direct solver', () => {
  const length = (v: Tensor): number => vectorNorm(v).item()
  const residual = (x: Tensor): number => length(matvec(spd, x).sub(b)) / length(b)
  expect(residual(cg(spd, b))).toBeLessThan(2e-5)
  expect(residual(jit((y: Tensor) => cg(spd, y))(b))).toBeLessThan(2e-5)
  expect(residual(cg(spd, b, { maxiter: 1 }))).toBeGreaterThan(1e-3)
  expectClose(cg(spd, b, { tol: 0, atol: 1e-6 }), solve(spd, b), 1e-5)
})
test('begins at x0; nothing to do gives it back', () => {
  const x = float(1, 2)
  expect(values(cg(eye(2), x, { x0: x }))).toEqual([1, 2])
  expect(values(cg(eye(2), float(0, 0)))).toEqual([0, 0])
})
test('trees, whose leaves are one vector', () => {
  const { p, q } = cg(({ p, q }: { p: Tensor; q: Tensor }) => ({ p: p.mul(2).add(q.sum()), q: q.mul(4).add(p) }), {
    p: float(7),
    q: float(9),
  })
  expect([p.item(), q.item()].map(x => Math.round(x * 1e4) / 1e4)).toEqual([2.7143, 1.5714])
})
test('gradients by the system and the right side are those of a direct solver', () => {
  const ofCg = grad((a: Tensor, y: Tensor) => sum(square(cg(a, y, { tol: 1e-7 }))), { argnums: [0, 1] })(spd, b)
  const direct = grad((a: Tensor, y: Tensor) => sum(square(solve(a, y))), { argnums: [0, 1] })(spd, b)
  expectClose(ofCg, direct, 1e-4)
})
test('examples of a batch stop on their own', () => {
  const zero = zeros([6])
  expectClose(vmap((y: Tensor) => cg(spd, y, { tol: 1e-6 }))(stack([zero, b])), stack([zero, solve(spd, b)]), 1e-5)
})
test('reverse mode without a transposed solver says what is missing; forward mode has what it needs', () => {
  const half = (y: Tensor): Tensor =>
    customLinearSolve(
      (x: Tensor) => x.mul(2),
      y,
      (_, z) => z.div(2),
    )
  expect(values(jvp(half, [float(1)], [float(3)])[1])).toEqual([1.5])
  expect(() => grad((y: Tensor) => half(y).sum())(ones([1]))).toThrow(/customLinearSolve: reverse mode solves with the transpose/)
})
test('the steps of the solver are not differentiated, and second derivatives are right', () => {
  const inverse = (a: Tensor): Tensor =>
    customLinearSolve(
      (x: Tensor) => x.mul(a),
      float(1).reshape([]),
      (_, z) => z.div(a.item()),
      { symmetric: true },
    )
  expect(
    values(
      hessian((a: Tensor) =>
        customLinearSolve(
          (x: Tensor) => x.mul(a),
          ones([]),
          (f, z) => z.div(f(ones([]))),
          { symmetric: true },
        ),
      )(array(2)),
    ),
  ).toBe(0.25)
  expect(grad(inverse)(array(2)).item()).toBe(-0.25)
})
