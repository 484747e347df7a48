import { describe, expect, test } from 'vitest'
import { array } from '../../src/numpy/creation.ts'
import { cos, exp, sin } from '../../src/numpy/index.ts'
import { sum } from '../../src/primitives/reduce.ts'
import { stopGradient } from '../../src/primitives/stopGradient.ts'
import type { Tensor } from '../../src/tensor.ts'
import { cond } from '../../src/transforms/control.ts'
import { customJvp, customVjp } from '../../src/transforms/custom.ts'
import { grad, jvp, vjp } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { scan } from '../../src/transforms/loops.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { expectClose, expectNumbers } from '../support/close.ts'
import { useReference } from '../support/laws.ts'
import { float, int } from '../support/values.ts'

useReference()
type Pair = { readonly a: Tensor; readonly b: Tensor }

describe('customJvp', () => {
  const f = customJvp(
    (x: Tensor) => sin(x),
    ([x], [t]) => [sin(x), t.mul(cos(x)).mul(3)],
  )
  test('replaces the derivative in both modes, to any order', () => {
    const at = float(0.4, 2)
    expectClose(f(at), sin(at))
    expectClose(jvp(f, [at], [float(1, 2)])[1], cos(at).mul(float(3, 6)))
    expectClose(grad((x: Tensor) => sum(f(x)))(at), cos(at).mul(3))
    expectClose(vmap(grad(grad(f)))(at), sin(at).mul(-3))
    expectClose(jit(vmap(grad(jit(f))))(at), cos(at).mul(3))
  })
  test('takes and gives trees, of which some arguments have no tangent', () => {
    const g = customJvp(
      (p: Pair, scale: Tensor, kind: string) => ({ out: p.a.mul(p.b).mul(scale), n: int(1), kind }),
      ([p, scale, kind], [t]) => [
        { out: p.a.mul(p.b).mul(scale), n: int(1), kind },
        { out: t.a.add(t.b), n: int(0), kind },
      ],
    )
    const p = { a: float(2).sum(), b: float(3).sum() }
    const [out, tangent] = jvp((q: Pair) => g(q, float(10).sum(), 'x'), [p], [{ a: float(1).sum(), b: float(5).sum() }])
    expectClose(
      [out, tangent],
      [
        { out: float(60).sum(), n: int(1), kind: 'x' },
        { out: float(6).sum(), n: int(0), kind: 'x' },
      ],
    )
    expectClose(grad((q: Pair) => g(q, float(10).sum(), 'x').out)(p), { a: float(1).sum(), b: float(1).sum() })
  })
  test('a rule may use jvp of jitted functions and loops: known and linear work part', () => {
    const inner = jit((x: Tensor) => scan((c: Tensor, _) => [sin(c), null], x, null, { length: 2 })[0])
    const g = jit(customJvp(inner, ([x], [t]) => jit((a: Tensor, b: Tensor) => jvp(inner, [a], [b]))(x, t)))
    const h = jit(customJvp(inner, ([x], [t]) => jvp(inner, [x], [t])))
    const slope = (x: number): number => Math.cos(Math.sin(x)) * Math.cos(x)
    expect(grad(h)(0.3).item()).toBeCloseTo(slope(0.3), 5)
    expect(jit(grad(h))(0.3).item()).toBeCloseTo(slope(0.3), 5)
    expect(jvp(g, [float(0.3).sum()], [float(1).sum()])[1].item()).toBeCloseTo(slope(0.3), 5)
    expect(() => grad(g)(0.3)).toThrow(/computes its value together with a tangent in one loop/)
  })
  test('errors', () => {
    const wrong =
      (rule: unknown): (() => unknown) =>
      () =>
        grad(customJvp((x: Tensor) => x, rule as never))(1)
    expect(wrong(([x]: [Tensor]) => x)).toThrow(/must return \[output, tangent\]/)
    expect(wrong(([x]: [Tensor]) => [x, [x]])).toThrow(/another tree than the function: trees differ at tangent/)
    expect(wrong(([x]: [Tensor]) => [x, x.reshape([1])])).toThrow(/another type than the function: tangent is f32~\[\]/)
    const closing = (w: Tensor): Tensor =>
      customJvp(
        (x: Tensor) => x.mul(w),
        ([x], [t]) => [x, t],
      )(w.mul(2))
    expect(() => grad(closing)(1)).toThrow(/closes over a value that is differentiated.*Pass it as an argument/)
  })
})

describe('customVjp', () => {
  /** The gradient of exp(x) * y, clipped; none for y. */
  const f = customVjp((x: Tensor, y: Tensor) => exp(x).mul(y), {
    forward: (x, y) => {
      const e = exp(x)
      return [e.mul(y), { e, y, n: null }]
    },
    backward: ({ e, y }, ct) => [ct.mul(e).mul(y).mul(2), null],
  })
  test('replaces the reverse derivative', () => {
    const x = float(0.1, 0.2),
      y = float(3, 4)
    const expected = exp(x).mul(y).mul(2)
    const loss = (a: Tensor, b: Tensor): Tensor => sum(f(a, b))
    expectClose(f(x, y), exp(x).mul(y))
    for (const g of [grad(loss, { argnums: [0, 1] }), jit(grad(loss, { argnums: [0, 1] })), grad(jit(loss), { argnums: [0, 1] })])
      expectClose(g(x, y), [expected, float(0, 0)])
    expectClose(vmap(grad(f), { inAxes: 0 })(x, y), expected)
    expectClose(jit(vmap(grad(jit(f))))(x, y), expected)
    expectClose(vjp(f, x, y)[1](float(1, 0)), [expected.mul(float(1, 0)), float(0, 0)])
  })
  test('the second derivative differentiates the rule', () => {
    expect(grad(grad(f))(float(0.5).sum(), float(1).sum()).item()).toBeCloseTo(2 * Math.exp(0.5), 5)
  })
  test('in scan and cond', () => {
    const y = float(0.5).sum()
    const loop = (x: Tensor): Tensor =>
      scan(
        (c: Tensor, v: Tensor) => [
          cond(
            v.greater(0),
            a => f(a, y),
            a => a.mul(3),
            c,
          ),
          null,
        ],
        x,
        float(1, -1),
      )[0]
    const [x] = [0.2]
    expectNumbers([grad(loop)(x).item(), jit(grad(loop))(x).item()], [3 * 2 * Math.exp(x) * 0.5, 3 * 2 * Math.exp(x) * 0.5])
  })
  test('a shared argument gets the sum over a batch', () => {
    const g = customVjp((x: Tensor, w: Tensor) => x.mul(w), {
      forward: (x, w) => [x.mul(w), [x, w] as const],
      backward: ([x, w], ct) => [ct.mul(w), ct.mul(x)],
    })
    const xs = float(1, 2, 3)
    expect(grad((w: Tensor) => sum(vmap(g, { inAxes: [0, null] })(xs, w)))(2).item()).toBe(6)
    expect(grad((w: Tensor) => sum(jit(vmap(g, { inAxes: [0, null] }))(xs, w)))(2).item()).toBe(6)
  })
  test('may close over concrete arrays', () => {
    const table = array([2, 3])
    const g = customVjp((x: Tensor) => sum(x.mul(table)), {
      forward: x => [sum(x.mul(table)), null],
      backward: (_, ct) => [table.mul(ct).mul(10)],
    })
    expectClose(jit(grad(g))(float(1, 1)), float(20, 30))
    expectClose(
      vmap(grad(jit(g)))(
        array([
          [1, 1],
          [2, 2],
        ]),
      ),
      array([
        [20, 30],
        [20, 30],
      ]),
    )
  })
  test('errors', () => {
    expect(() => jvp(f, [float(1), float(1)], [float(1), float(1)])).toThrow(/only a reverse rule \(customVjp\).*Use customJvp/)
    const wrong =
      (backward: unknown): (() => unknown) =>
      () =>
        grad(customVjp((x: Tensor) => x, { forward: x => [x, null], backward: backward as never }))(1)
    expect(wrong(() => [])).toThrow(/one cotangent for each of the 1 arguments/)
    expect(wrong((_: null, ct: Tensor) => [ct.reshape([1])])).toThrow(/cotangent of x is f32\[1\], but the argument is f32~\[\]/)
    expect(wrong((_: null, ct: Tensor) => [[ct]])).toThrow(/trees differ at cotangent of x/)
  })
})

describe('stopGradient', () => {
  test('is a constant to derivatives, of trees too', () => {
    const f = (p: Pair): Tensor => {
      const q = stopGradient(p)
      return p.a.mul(q.b).add(q.a.mul(p.b))
    }
    const p = { a: float(2).sum(), b: float(3).sum() }
    expectClose(grad(f)(p), { a: float(3).sum(), b: float(2).sum() })
    expectClose(jit(grad(f))(p), { a: float(3).sum(), b: float(2).sum() })
    expectClose(vmap((x: Tensor) => grad((v: Tensor) => v.mul(stopGradient(v)))(x))(float(1, 2)), float(1, 2))
    expect(stopGradient(3)).toBe(3)
  })
})
