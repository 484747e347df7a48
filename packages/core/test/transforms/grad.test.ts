import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CotangentError } from '../../src/errors.ts'
import { array, ones, scalar } from '../../src/numpy/creation.ts'
import { cos, sin } from '../../src/numpy/index.ts'
import { matmul } from '../../src/numpy/linalg.ts'
import { sum } from '../../src/primitives/reduce.ts'
import { stopGradient } from '../../src/primitives/stopGradient.ts'
import { tanh } from '../../src/numpy/index.ts'
import { key } from '../../src/random/key.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad, jvp, linearize, valueAndGrad, vjp } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { staticValue } from '../../src/tree.ts'
import { expectClose, expectNumbers } from '../support/close.ts'
import { useReference } from '../support/laws.ts'
import { float, int } from '../support/values.ts'

useReference()
type Linear = { readonly w: Tensor; readonly b: Tensor }
const linear: Linear = {
  w: array([
    [0.1, -0.2],
    [0.3, 0.4],
  ]),
  b: float(0.5, -0.5),
}
const predict = (p: Linear, x: Tensor): Tensor => tanh(matmul(x, p.w).add(p.b))
const loss = (p: Linear, x: Tensor): Tensor => sum(predict(p, x))

describe('grad', () => {
  test('of polynomials, to any order', () => {
    const cube = (x: Tensor): Tensor => x.mul(x).mul(x)
    expect(grad(cube)(2).item()).toBe(12)
    expect(grad(grad(cube))(2).item()).toBe(12)
    expect(grad(grad(grad(cube)))(2).item()).toBe(6)
    expect(grad(grad(grad(grad(cube))))(2).item()).toBe(0)
  })
  test('has the tree of the parameters; static parts stay', () => {
    const g = grad((p: { readonly net: Linear; readonly kind: string; readonly n: ReturnType<typeof staticValue<number>> }, x: Tensor) =>
      loss(p.net, x),
    )({ net: linear, kind: 'tanh', n: staticValue(3) }, float(1, 2).reshape([1, 2]))
    expect(g.kind).toBe('tanh')
    expect(g.n.value).toBe(3)
    const slope = (t: number): number => 1 - Math.tanh(t) ** 2
    const [s0, s1] = [slope(0.1 + 0.6 + 0.5), slope(-0.2 + 0.8 - 0.5)]
    expectNumbers(g.net.b, [s0, s1])
    expectNumbers(g.net.w, [s0, s1, 2 * s0, 2 * s1])
  })
  test('argnums and hasAux', () => {
    const f = (a: Tensor, b: Tensor): Tensor => a.mul(b).mul(b)
    expect(grad(f, { argnums: 1 })(scalar(3), scalar(2)).item()).toBe(12)
    expect(grad(f, { argnums: [1, 0] })(scalar(3), scalar(2)).map(t => t.item())).toEqual([12, 4])
    const [value, g] = valueAndGrad((a: Tensor) => [sin(a), { twice: a.mul(2), n: 'x' }], { hasAux: true })(scalar(0))
    expect([value[0].item(), value[1].twice.item(), value[1].n, g.item()]).toEqual([0, 0, 'x', 1])
    expect(grad((a: Tensor) => [sin(a), a] as const, { hasAux: true })(scalar(0)).map(t => t.item())).toEqual([1, 0])
  })
  test('branches on numbers of its own', () => {
    const f = (x: Tensor): Tensor => (x.item() > 0 ? x.mul(x) : x)
    expect([grad(f)(3).item(), grad(f)(-3).item(), grad(grad(f))(3).item()]).toEqual([6, 1, 2])
  })
  test('perturbations are not confused', () => {
    expect(grad((x: Tensor) => x.mul(grad((y: Tensor) => x.add(y))(1)))(1).item()).toBe(1)
    expect(grad((x: Tensor) => x.mul(jvp((y: Tensor) => x.mul(y), [scalar(1)], [scalar(1)])[1]))(3).item()).toBe(6)
    expect(jvp((x: Tensor) => x.mul(jvp((y: Tensor) => x.add(y), [scalar(1)], [scalar(1)])[1]), [scalar(1)], [scalar(1)])[1].item()).toBe(1)
  })
  test('of what does not depend on the argument is zero', () => {
    expectClose(grad((_x: Tensor) => scalar(3))(float(1, 2).sum()), scalar(0))
    expectClose(grad((p: Linear) => sum(p.w))(linear), { w: ones([2, 2]), b: float(0, 0) })
    expect(grad((x: Tensor) => x.mul(stopGradient(x)))(3).item()).toBe(3)
  })
  test('chain rule for random coefficients', () => {
    const number = fc.float({ min: -2, max: 2, noNaN: true })
    fc.assert(
      fc.property(number, number, number, (a, b, x) => {
        expectNumbers(
          [
            grad((v: Tensor) =>
              sin(v.mul(a))
                .mul(v)
                .add(cos(v.mul(b))),
            )(x).item(),
          ],
          [Math.sin(a * x) + a * x * Math.cos(a * x) - b * Math.sin(b * x)],
          1e-4,
        )
      }),
    )
  })
})

describe('vjp, jvp and linearize', () => {
  test('agree with one another', () => {
    const x = array([
        [1, 2],
        [3, 4],
      ]),
      dx = array([
        [0.5, -1],
        [2, 0],
      ]),
      dp = {
        w: array([
          [1, 0],
          [0, -1],
        ]),
        b: float(2, 3),
      }
    const [y, ty] = jvp(predict, [linear, x], [dp, dx])
    const [y2, apply] = linearize(predict, linear, x)
    expectClose(y, y2)
    expectClose(ty, apply(dp, dx))
    const ct = array([
      [1, -2],
      [0.5, 3],
    ])
    const [y3, pullback] = vjp(predict, linear, x)
    expectClose(y, y3)
    const [gp, gx] = pullback(ct)
    const inner = sum(gp.w.mul(dp.w))
      .add(sum(gp.b.mul(dp.b)))
      .add(sum(gx.mul(dx)))
    expectNumbers([inner.item()], [sum(ct.mul(ty)).item()])
    expectClose(pullback(ct), [gp, gx])
  })
  test('integers get zeros', () => {
    const [, pullback] = vjp((x: Tensor, n: Tensor) => x.mul(n.astype('float32')), float(1, 2), int(3, 4))
    expectClose(pullback(float(1, 1)), [float(3, 4), int(0, 0)])
  })
  test('a pullback may outlive the gradients around it', () => {
    const [y, pullback] = vjp((x: Tensor) => sin(sin(x)).mul(grad(sin)(x.sum())), float(1, 2))
    grad(sin)(1)
    expect(pullback(y)[0].shape).toEqual([2])
  })
})

describe('errors', () => {
  const cases: readonly [string, () => unknown, RegExp][] = [
    [
      'a number',
      () => grad(((x: Tensor) => x.sum().item()) as never)(float(1, 2) as never),
      /grad of .*got the number 3, .*Leave out item\(\)/,
    ],
    ['non-scalar', () => grad((x: Tensor) => x)(float(1, 2) as never), /grad of .*must return a scalar, got f32\[2\].*sum or mean/],
    ['integer result', () => grad((x: Tensor) => x.greater(0).sum())(1), /must return a float, got i32/],
    ['tree result', () => grad((x: Tensor) => [x] as never)(1), /must return one scalar tensor, got \[\*\]/],
    [
      'integer leaf',
      () =>
        grad((params: { readonly w: Tensor; readonly idx: readonly Tensor[] }) => sum(params.w))({ w: float(1), idx: [float(1), int(1)] }),
      /params\.idx\[1\] is i32\[1\], which has no gradient/,
    ],
    [
      'key',
      () => grad((params: { readonly w: Tensor; readonly k: ReturnType<typeof key> }) => sum(params.w))({ w: float(1), k: key(0) }),
      /params\.k is u32\[2\]/,
    ],
    [
      'argnums',
      () => grad((x: Tensor) => x, { argnums: 1 as 0 })(scalar(1)),
      /argnums names argument 1, but the function was called with 1 argument\. Count from 0/,
    ],
    ['negative argnums', () => grad((x: Tensor) => x, { argnums: -1 })(scalar(1)), /argnums names argument -1/],
    [
      'too few tangents',
      () => linearize((x: Tensor, y: Tensor) => x.mul(y), scalar(1), scalar(2))[1](...([scalar(1)] as never)),
      /linearize of .*: needs one tangent for each of the 2 arguments, got 1/,
    ],
    [
      'tangents without primals',
      () => jvp((x: Tensor) => x, [float(1)], [float(1), float(2)] as never),
      /jvp of .*: needs one tangent.*got 2/,
    ],
    ['hasAux', () => grad((x: Tensor) => x as never, { hasAux: true })(scalar(1)), /must return \[loss, aux\]/],
    [
      'cotangent shape',
      () => vjp((x: Tensor) => x.mul(2), float(1, 2))[1](scalar(1)),
      /cotangent has type f32\[\], but must be like f32\[2\]/,
    ],
    ['cotangent tree', () => vjp((x: Tensor) => [x], float(1, 2))[1](float(1) as never), /cotangent is not like the result/],
    ['tangent', () => jvp((x: Tensor) => x, [float(1)], [float(1, 2)]), /tangent of x has type f32\[2\]/],
  ]
  test.each(cases)('%s', (_, run, message) => {
    expect(run).toThrow(message)
    expect(run).toThrow(CotangentError)
  })
  test('escaped tracers name their transform', () => {
    const kept: Tensor[] = []
    const keep = (x: Tensor): Tensor => {
      kept.push(x)
      return x.mul(1)
    }
    for (const t of [grad(keep), jit(keep), (x: Tensor) => vmap(keep)(x.reshape([1]))]) {
      kept.length = 0
      t(scalar(1))
      expect(() => kept[0]?.add(1)).toThrow(/is used after .* of keep has returned/)
      expect(() => kept[0]?.item()).toThrow(/traced/)
      expect(() => kept[0]?.add(1)).toThrow(expect.objectContaining({ kind: 'TracerError' }))
      expect(() => kept[0]?.item()).toThrow(expect.objectContaining({ kind: 'TracerError' }))
    }
  })
})
