/** Transforms in any order and depth: derivatives of sine are known, whatever they pass through. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { array, scalar } from '../../src/numpy/creation.ts'
import { sin } from '../../src/numpy/index.ts'
import { sum } from '../../src/primitives/reduce.ts'
import { aval } from '../../src/aval.ts'
import type { Tensor } from '../../src/tensor.ts'
import { oracleOf } from '../../src/testing/oracle.ts'
import { checkpoint, checkpointPolicies } from '../../src/transforms/checkpoint.ts'
import { cond, switch_ } from '../../src/transforms/control.ts'
import { customJvp, customVjp } from '../../src/transforms/custom.ts'
import { grad, jvp, linearize, valueAndGrad, vjp } from '../../src/transforms/grad.ts'
import { hessian, jacfwd, jacrev } from '../../src/transforms/jacobian.ts'
import { jit } from '../../src/transforms/jit.ts'
import { foriLoop, scan } from '../../src/transforms/loops.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { expectNumbers } from '../support/close.ts'
import { useReference } from '../support/laws.ts'

useReference()
type F = (x: Tensor) => Tensor
const one = scalar(1)

/** The same function by another way. */
const wrappers: Readonly<Record<string, (f: F) => F>> = {
  jit: f => jit(f),
  checkpoint: f => checkpoint(f),
  'checkpoint all': f => checkpoint(f, { policy: checkpointPolicies.everythingSaveable }),
  vmap: f => x => sum(vmap(f)(x.reshape([1]))),
  'vmap of shared': f => x => sum(vmap((y: Tensor, _n: Tensor) => f(y), { inAxes: [null, 0] })(x, scalar(0).reshape([1]))),
  'scan carry': f => x => scan((c: Tensor, _) => [f(c), null], x, null, { length: 1 })[0],
  'scan xs': f => x => sum(scan((_, v: Tensor) => [0, f(v)], 0, x.reshape([1]))[1]),
  'scan const': f => x => scan((c: Tensor, _) => [f(x).add(c.mul(0)), null], x, null, { length: 2 })[0],
  foriLoop: f => x => foriLoop(0, 1, (_, c) => f(c), x),
  cond: f => x => cond(x.greater(-100), f, y => y, x),
  switch_: f => x => switch_(1, [(y: Tensor) => y, f], x),
  'traced cond': f => jit((x: Tensor) => cond(x.greater(-100), f, y => y.mul(2), x)),
  'vmapped cond': f => x => sum(vmap((y: Tensor) => cond(y.greater(-100), f, z => z.mul(2), y))(x.reshape([1]))),
  customJvp: f => customJvp(f, ([x], [t]) => jvp(f, [x], [t])),
}
/** One derivative more. */
const derivatives: Readonly<Record<string, (f: F) => F>> = {
  grad: f => x => grad(f)(x),
  valueAndGrad: f => x => valueAndGrad(f)(x)[1],
  vjp: f => x => vjp(f, x)[1](one)[0],
  jvp: f => x => jvp(f, [x], [one])[1],
  linearize: f => x => linearize(f, x)[1](one),
  jacfwd: f => jacfwd(f),
  jacrev: f => jacrev(f),
}
const sines = [Math.sin, Math.cos, (x: number) => -Math.sin(x), (x: number) => -Math.cos(x)]

test('the k-th derivative of sine', () => {
  const step = fc.oneof(
    fc.constantFrom(...Object.keys(wrappers)).map(name => ({ name, of: wrappers[name] as (f: F) => F, order: 0 })),
    fc.constantFrom(...Object.keys(derivatives)).map(name => ({ name, of: derivatives[name] as (f: F) => F, order: 1 })),
  )
  const steps = fc.array(step, { minLength: 1, maxLength: 5 }).filter(s => s.reduce((n, x) => n + x.order, 0) <= 3)
  fc.assert(
    fc.property(steps, fc.float({ min: -3, max: 3, noNaN: true }), (path, x) => {
      const f = path.reduce<F>((g, s) => s.of(g), sin)
      const order = path.reduce((n, s) => n + s.order, 0)
      const expected = (sines[order % 4] as (x: number) => number)(x)
      const name = path.map(s => s.name).join(' then ')
      expect(Math.abs(f(scalar(x)).item() - expected), name).toBeLessThan(1e-4)
      // The Program of it all is well formed, and exact in float64.
      const at = { aval: aval([], 'float32'), data: Float64Array.of(x) }
      expect(oracleOf(t => [f(t as Tensor)], [at])(at)[0]?.data[0], name).toBeCloseTo(expected, 9)
    }),
    { numRuns: 100 },
  )
})

test('a rule of customVjp in every reverse-mode context', () => {
  const f = customVjp((x: Tensor) => sin(x), { forward: x => [sin(x), x], backward: (x, ct) => [ct.mul(x).mul(10)] })
  const names = ['jit', 'checkpoint', 'vmap', 'scan carry', 'scan xs', 'scan const', 'foriLoop', 'cond', 'traced cond', 'vmapped cond']
  for (const name of names) {
    const g = (wrappers[name] as (f: F) => F)(f)
    expect(g(scalar(2)).item(), name).toBeCloseTo(Math.sin(2), 5)
    expect(grad(g)(2).item(), name).toBeCloseTo(20, 4)
    expect(jit(grad(g))(2).item(), name).toBeCloseTo(20, 4)
    expect(grad(grad(g))(2).item(), name).toBeCloseTo(10, 4)
  }
})

test('hessian of a vector function through jit, vmap and scan', () => {
  const f: F = x => sum(vmap(jit((y: Tensor) => scan((c: Tensor, _) => [sin(c), null], y, null, { length: 2 })[0]))(x))
  const xs = [0.3, -1, 2]
  const second = (x: number): number => -Math.sin(Math.sin(x)) * Math.cos(x) ** 2 - Math.cos(Math.sin(x)) * Math.sin(x)
  expectNumbers(
    hessian(f)(array(xs)),
    xs.flatMap((x, i) => xs.map((_, k) => (i === k ? second(x) : 0))),
  )
})
