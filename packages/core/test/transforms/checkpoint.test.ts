import { describe, expect, test } from 'vitest'
import { array } from '../../src/numpy/creation.ts'
import { matmul, sin, tanh } from '../../src/numpy/index.ts'
import { sum } from '../../src/primitives/reduce.ts'
import { checkProgram } from '../../src/program/check.ts'
import type { Tensor } from '../../src/tensor.ts'
import { checkpoint, checkpointPolicies } from '../../src/transforms/checkpoint.ts'
import { grad, jvp, valueAndGrad } from '../../src/transforms/grad.ts'
import { hessian } from '../../src/transforms/jacobian.ts'
import { jit } from '../../src/transforms/jit.ts'
import { scan } from '../../src/transforms/loops.ts'
import { makeProgram } from '../../src/transforms/makeProgram.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { expectClose } from '../support/close.ts'
import { useReference } from '../support/laws.ts'
import { float } from '../support/values.ts'

useReference()
const w = array([
    [0.2, -0.4],
    [0.6, 0.1],
  ]),
  x = array([
    [1, 2],
    [3, -4],
  ])
const layer = (v: Tensor, h: Tensor): Tensor => tanh(sin(matmul(h, v)))
const policies = Object.entries(checkpointPolicies)

describe.each(policies)('policy %s', (_, policy) => {
  const f = checkpoint(layer, { policy })
  const loss =
    (g: typeof layer) =>
    (v: Tensor, h: Tensor): Tensor =>
      sum(sin(g(v, g(v, h))))
  test('results and derivatives are those of the plain function', () => {
    expectClose(f(w, x), layer(w, x))
    const expected = grad(loss(layer), { argnums: [0, 1] })(w, x)
    expectClose(grad(loss(f), { argnums: [0, 1] })(w, x), expected)
    expectClose(jit(grad(loss(f), { argnums: [0, 1] }))(w, x), expected)
    expectClose(jvp(loss(f), [w, x], [w, x]), jvp(loss(layer), [w, x], [w, x]))
    expectClose(hessian(loss(f))(w, x), hessian(loss(layer))(w, x), 1e-4)
    const batch = array([[[1, 2]], [[3, 4]], [[5, 6]]])
    expectClose(vmap(grad(loss(f)), { inAxes: [null, 0] })(w, batch), vmap(grad(loss(layer)), { inAxes: [null, 0] })(w, batch))
  })
  test('in a scan', () => {
    const deep =
      (g: typeof layer) =>
      (v: Tensor): Tensor =>
        sum(scan((h: Tensor, _) => [g(v, h), null], x, null, { length: 4 })[0])
    expectClose(grad(deep(f))(w), grad(deep(layer))(w))
    expectClose(jit(grad(deep(f)))(w), grad(deep(layer))(w))
  })
  test('programs are well formed', () => {
    for (const g of [loss(f), grad(loss(f)), hessian(loss(f))]) checkProgram(makeProgram(g as typeof layer)(w, x))
  })
})

test('what the policy does not keep is computed again in the backward pass', () => {
  const count = (policy: (p: string) => boolean, word: string): number =>
    String(makeProgram(valueAndGrad((v: Tensor) => sum(checkpoint(layer, { policy })(v, x))))(w)).split(`= ${word}`).length - 1
  const { nothing, dots, everything } = checkpointPolicies
  // Forwards one product; backwards another one for the gradient, and the first again unless it was kept.
  expect([count(nothing, 'dotGeneral'), count(dots, 'dotGeneral'), count(everything, 'dotGeneral')]).toEqual([3, 2, 2])
  expect([count(nothing, 'sin'), count(dots, 'sin'), count(everything, 'sin')]).toEqual([2, 2, 1])
})

test('captured values are inputs', () => {
  const f = (v: Tensor): Tensor => sum(checkpoint((h: Tensor) => sin(h.mul(v)))(float(1, 2)))
  expectClose(grad(f)(float(3).sum()), grad((v: Tensor) => sum(sin(float(1, 2).mul(v))))(float(3).sum()))
})
