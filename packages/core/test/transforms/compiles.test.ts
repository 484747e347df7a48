import { afterAll, expect, test } from 'vitest'
import { observeGraphs } from '../../src/backend/compile.ts'
import { array } from '../../src/numpy/creation.ts'
import { sin, tanh } from '../../src/numpy/index.ts'
import { sum } from '../../src/primitives/reduce.ts'
import type { Tensor } from '../../src/tensor.ts'
import { checkpoint } from '../../src/transforms/checkpoint.ts'
import { cond } from '../../src/transforms/control.ts'
import { customJvp } from '../../src/transforms/custom.ts'
import { grad, jvp } from '../../src/transforms/grad.ts'
import { hessian } from '../../src/transforms/jacobian.ts'
import { jit } from '../../src/transforms/jit.ts'
import { foriLoop, scan, whileLoop } from '../../src/transforms/loops.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { useReference } from '../support/laws.ts'

useReference()
let compiled = 0
observeGraphs(() => {
  compiled++
})
afterAll(() => {
  observeGraphs(null)
})

const x = array([0.5, -2, 1])
const loop = (xs: Tensor): Tensor => scan((c: Tensor, v: Tensor) => [tanh(c.mul(v).add(1)), null], 1, xs)[0]
const double = (v: Tensor): Tensor =>
  whileLoop(
    c => c.less(100),
    c => c.mul(2).add(1),
    v,
  )

// Functions are closures made anew at each call; what they trace to is the same.
test.each<[string, () => unknown]>([
  ['scan', () => loop(x)],
  ['gradient of scan', () => grad(loop)(x)],
  ['hessian of scan', () => hessian(loop)(x)],
  ['batched gradient of scan', () => vmap((k: Tensor) => grad(loop)(x.mul(k)))(x)],
  ['while', () => double(x.sum())],
  ['jvp of while', () => jvp(double, [x.sum()], [x.sum()])],
  ['batched while', () => vmap(double)(x.mul(x))],
  ['foriLoop', () => foriLoop(0, 3, (i, c) => c.add(i), 0)],
  ['checkpoint', () => grad((v: Tensor) => sum(checkpoint((y: Tensor) => sin(sin(y)))(v)))(x)],
  ['batched cond', () => vmap(grad((v: Tensor) => cond(v.greater(0), sin, y => y.mul(2), v)))(x)],
  [
    'custom rules',
    () =>
      vmap(
        grad(
          customJvp(
            (v: Tensor) => sin(v),
            ([v], [t]) => [sin(v), t.mul(2)],
          ),
        ),
      )(x),
  ],
  ['jit made anew', () => grad(jit((v: Tensor) => sum(sin(v).mul(v))))(x)],
])('%s compiles in the first calls only', (_, call) => {
  call()
  call()
  const before = compiled
  for (let i = 0; i < 3; i++) call()
  expect(compiled - before).toBe(0)
})
