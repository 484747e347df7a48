import { describe, expect, test } from 'vitest'
import { array } from '../../src/numpy/creation.ts'
import { matmul, sin, tanh } from '../../src/numpy/index.ts'
import { sum } from '../../src/primitives/reduce.ts'
import { checkProgram } from '../../src/program/check.ts'
import type { Tensor } from '../../src/tensor.ts'
import { type CheckpointPolicy, checkpoint, checkpointName, checkpointPolicies } from '../../src/transforms/checkpoint.ts'
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
const layer = (v: Tensor, h: Tensor): Tensor => tanh(sin(checkpointName(matmul(h, v), 'product')))
const { nothingSaveable, everythingSaveable, dotsSaveable, dotsWithNoBatchDimsSaveable, saveOnlyTheseNames } = checkpointPolicies
const policies: readonly (readonly [string, CheckpointPolicy])[] = [
  ['nothing', nothingSaveable],
  ['everything', everythingSaveable],
  ['dots', dotsSaveable],
  ['names', saveOnlyTheseNames('product')],
]

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

/** How often a primitive is computed for a value and its gradient. */
const computed = (policy: CheckpointPolicy, word: string, f = layer): number =>
  String(makeProgram(valueAndGrad((v: Tensor) => sum(checkpoint(f, { policy })(v, x))))(w)).split(`= ${word}`).length - 1

test('what the policy does not keep is computed again in the backward pass', () => {
  // Forwards one product; backwards another one for the gradient, and the first again unless it was kept.
  const products = (policy: CheckpointPolicy): number => computed(policy, 'dotGeneral')
  expect([nothingSaveable, dotsSaveable, dotsWithNoBatchDimsSaveable, everythingSaveable].map(products)).toEqual([3, 2, 2, 2])
  expect([nothingSaveable, dotsSaveable, everythingSaveable].map(p => computed(p, 'sin'))).toEqual([2, 2, 1])
})

test('names are kept or not, also those given in jitted functions', () => {
  const { saveOnlyTheseNames: only, saveAnyNamesButThese: but, saveFromBothPolicies: both } = checkpointPolicies
  const kept = [only('product'), only('other', 'product'), but('other'), both(only('other'), but('third'))]
  const again = [only('other'), but('product'), both(only('other'), nothingSaveable)]
  for (const f of [layer, (v: Tensor, h: Tensor) => sin(jit(layer)(v, h))]) {
    expect(kept.map(p => computed(p, 'dotGeneral', f))).toEqual(kept.map(() => 2))
    expect(again.map(p => computed(p, 'dotGeneral', f))).toEqual(again.map(() => 3))
    expectClose(grad((v: Tensor) => sum(checkpoint(f, { policy: only('product') })(v, x)))(w), grad((v: Tensor) => sum(f(v, x)))(w))
  }
  const tree = { a: w, b: [x] as const }
  expectClose(checkpointName(tree, 'both'), tree)
  expectClose(vmap(grad((v: Tensor) => sum(checkpointName({ v }, 'v').v.mul(v))))(w), w.mul(2))
})

test('captured values are inputs', () => {
  const f = (v: Tensor): Tensor => sum(checkpoint((h: Tensor) => sin(h.mul(v)))(float(1, 2)))
  expectClose(grad(f)(float(3).sum()), grad((v: Tensor) => sum(sin(float(1, 2).mul(v))))(float(3).sum()))
})
