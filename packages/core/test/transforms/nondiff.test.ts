/** Rules of one's own for functions of functions: arguments without a derivative, closures made arguments, batching rules, and map. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { array } from '../../src/numpy/creation.ts'
import { cos, matmul, sin, stack, tanh } from '../../src/numpy/index.ts'
import { sum } from '../../src/primitives/reduce.ts'
import { type Key, keyData, split, wrapKeyData } from '../../src/random/key.ts'
import { key, uniform } from '../../src/random/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { closureConvert } from '../../src/transforms/closureConvert.ts'
import { customJvp, customVjp } from '../../src/transforms/custom.ts'
import { customBatching } from '../../src/transforms/customBatching.ts'
import { grad, jvp, vjp } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { linearTranspose } from '../../src/transforms/linearTranspose.ts'
import { foriLoop, scan } from '../../src/transforms/loops.ts'
import { map } from '../../src/transforms/map.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { expectClose } from '../support/close.ts'
import { useReference } from '../support/laws.ts'
import { float } from '../support/values.ts'

useReference()

type Unary = (x: Tensor) => Tensor

describe('nondiffArgnums', () => {
  const applied = customVjp(
    (f: Unary, x: Tensor, options: { readonly scale: number }) => f(x).mul(options.scale),
    {
      forward: (f, x, { scale }) => [f(x).mul(scale), x],
      backward: (x, ct, f, { scale }) => [null, vjp(f, x)[1](ct)[0].mul(scale * 10), null],
    },
    { nondiffArgnums: [0, 2] },
  )
  test('customVjp passes functions and options on, to backward last', () => {
    const at = float(0.4, 2),
      options = { scale: 3 }
    expectClose(applied(sin, at, options), sin(at).mul(3))
    for (const wrap of [(f: Unary): Unary => jit(f), (f: Unary): Unary => f]) {
      expectClose(grad(wrap((x: Tensor) => sum(applied(sin, x, options))))(at), cos(at).mul(30))
      expectClose(vmap(grad(wrap((x: Tensor) => applied(sin, x, options))))(at), cos(at).mul(30))
      expectClose(grad((x: Tensor) => sum(vmap(wrap((y: Tensor) => applied(sin, y, options)))(x)))(at), cos(at).mul(30))
    }
    expectClose(
      grad((x: Tensor) => scan((c: Tensor, _) => [applied(sin, c, options), null], x, null, { length: 1 })[0])(0.5),
      array(Math.cos(0.5) * 30),
    )
  })
  test('customJvp passes them on among the primals; their tangents are null', () => {
    const f = customJvp(
      (g: Unary, x: Tensor, n: number) => g(x).mul(n),
      ([g, x, n], [none, t, alsoNone]) => {
        expect([none, alsoNone]).toEqual([null, null])
        const [y, dy] = jvp(g, [x], [t])
        return [y.mul(n), dy.mul(n * 10)]
      },
      { nondiffArgnums: [0, 2] },
    )
    expectClose(
      jvp((x: Tensor) => f(sin, x, 2), [float(1, 2)], [float(1, 0)]),
      [sin(float(1, 2)).mul(2), float(Math.cos(1) * 20, 0)],
    )
    expectClose(jit(vmap(grad((x: Tensor) => f(sin, x, 2))))(float(1, 2)), cos(float(1, 2)).mul(20))
  })
  test('refuses positions that are none, and cotangents of what has no derivative', () => {
    const bad = customVjp(
      (x: Tensor, n: number) => x.mul(n),
      { forward: (x, n) => [x.mul(n), null], backward: (_, ct) => [ct, 1] },
      { nondiffArgnums: [1] },
    )
    expect(() => grad((x: Tensor) => bad(x, 2))(1)).toThrow(/backward: n is one of nondiffArgnums, so its cotangent must be null/)
    const far = customVjp((x: Tensor) => x, { forward: x => [x, null], backward: (_, ct) => [ct] }, { nondiffArgnums: [3 as never] })
    expect(() => far(float(1))).toThrow(/nondiffArgnums names argument 3, but the function was called with 1/)
  })
})

describe('closureConvert', () => {
  /** The fixed point of f, which is a contraction. */
  const iterate = (f: (x: Tensor, ...consts: readonly Tensor[]) => Tensor, start: Tensor, consts: readonly Tensor[]): Tensor =>
    foriLoop(0, 40, (_, x) => f(x, ...consts), start)
  type Step = (x: Tensor, ...consts: readonly Tensor[]) => Tensor
  /** Its derivative by the implicit function theorem: ct (1 - df/dx)^-1 df/dconsts. */
  const fixedPoint = customVjp(
    (f: Step, start: Tensor, consts: readonly Tensor[]) => iterate(f, start, consts),
    {
      forward: (f, start, consts) => {
        const x = iterate(f, start, consts)
        return [x, { x, consts }]
      },
      backward: ({ x, consts }, ct, f) => {
        const [, pull] = vjp((y: Tensor, c: readonly Tensor[]) => f(y, ...c), x, consts)
        const u = foriLoop(0, 40, (_, v) => ct.add(pull(v)[0]), ct)
        return [null, null, pull(u)[1]]
      },
    },
    { nondiffArgnums: [0] },
  )
  test('takes what a function closes over through a rule', () => {
    // x = tanh(w x + 1) / 2
    const step = (w: Tensor) => (x: Tensor) => tanh(w.mul(x).add(1)).mul(0.5)
    const solve = (w: Tensor): Tensor => {
      const [f, consts] = closureConvert(step(w), w)
      return fixedPoint(f as Step, array(0), consts)
    }
    const unrolled = (w: Tensor): Tensor => iterate(step(w), array(0), [])
    expectClose(solve(array(0.7)), unrolled(array(0.7)))
    expectClose(grad(solve)(0.7), grad(unrolled)(0.7), 1e-4)
    expectClose(jit(grad(solve))(0.7), grad(unrolled)(0.7), 1e-4)
    expectClose(vmap(grad(solve))(float(0.1, 0.7)), vmap(grad(unrolled))(float(0.1, 0.7)), 1e-4)
  })
  test('leaves what is constant where it is, and checks later arguments', () => {
    const k = float(1, 2)
    const [f, consts] = closureConvert((x: { readonly a: Tensor }) => x.a.mul(k), { a: k })
    expect(consts).toEqual([])
    expectClose(f({ a: k }), float(1, 4))
    expect(() => f({ b: k } as never)).toThrow(/an argument is not like the first/)
  })
})

describe('customBatching', () => {
  const calls: unknown[] = []
  type Pair = { readonly a: Tensor; readonly b: readonly [Tensor] }
  const f = customBatching(
    (p: Pair, x: Tensor) => ({ y: sin(p.a).mul(x), z: p.b[0] }),
    (n, [batchedP, batchedX], p, x) => {
      calls.push([n, batchedP, batchedX])
      const row = (t: Tensor, is: boolean): Tensor => (is ? t : t.reshape([1]))
      const y = sin(row(p.a, batchedP.a)).mul(row(x, batchedX))
      return [
        { y: y.shape[0] === n ? y : y.add(float(...new Array<number>(n).fill(0))), z: p.b[0] },
        { y: true, z: batchedP.b[0] },
      ]
    },
  )
  const p = (a: Tensor): Pair => ({ a, b: [array(5)] })
  test('vmap calls the rule, with the flags of each argument', () => {
    const xs = float(1, 2, 3)
    calls.length = 0
    expectClose(f(p(array(2)), array(3)), { y: array(Math.sin(2) * 3), z: array(5) })
    expect(calls).toEqual([])
    const both = vmap((a: Tensor, x: Tensor) => f(p(a), x).y)
    expectClose(both(xs, xs), sin(xs).mul(xs))
    expectClose(jit(both)(xs, xs), sin(xs).mul(xs))
    expectClose(vmap(jit((x: Tensor) => f(p(array(2)), x).y))(xs), xs.mul(Math.sin(2)))
    expect(calls).toEqual([
      [3, { a: true, b: [false] }, true],
      [3, { a: true, b: [false] }, true],
      [3, { a: false, b: [false] }, true],
    ])
    const grid = array([
      [1, 2],
      [3, 4],
    ])
    expectClose(vmap(both)(grid, grid), sin(grid).mul(grid))
    expectClose(vmap((x: Tensor) => f(p(array(2)), x).z, { outAxes: null })(xs), array(5))
  })
  test('differentiates in both modes, inside and outside of vmap', () => {
    const xs = float(1, 2, 3)
    const g = (a: Tensor, x: Tensor): Tensor => f(p(a), x).y
    const plain = (a: Tensor, x: Tensor): Tensor => sin(a).mul(x)
    const sumOf = (h: typeof g) => (a: Tensor) => sum(vmap(h, { inAxes: [null, 0] })(a, xs))
    expectClose(grad(sumOf(g))(0.5), grad(sumOf(plain))(0.5))
    expectClose(vmap(grad(g))(xs, xs), cos(xs).mul(xs))
    expectClose(vmap(jit(grad(g)))(xs, xs), cos(xs).mul(xs))
    const push = (h: typeof g) => (a: Tensor, x: Tensor) => jvp(h, [a, x], [x, a])
    calls.length = 0
    expectClose(vmap(push(g))(xs, xs), vmap(push(plain))(xs, xs))
    expect(calls).toEqual([[3, { a: true, b: [false] }, true]])
    expectClose(vmap(push(g), { inAxes: [null, 0] })(array(0.5), xs), vmap(push(plain), { inAxes: [null, 0] })(array(0.5), xs))
    expectClose(
      jvp((a: Tensor) => vmap(g, { inAxes: [null, 0] })(a, xs), [array(0.5)], [array(1)]),
      [xs.mul(Math.sin(0.5)), xs.mul(Math.cos(0.5))],
    )
    const double = customBatching(
      (x: Tensor) => x.mul(2),
      (_, __, x) => [x.mul(2), true],
    )
    expectClose(linearTranspose((x: Tensor) => double(x), float(1))(float(3)), [float(6)])
  })
  test('takes keys, and refuses what does not fit', () => {
    const draw = customBatching(
      (k: Key) => uniform(k, [2]),
      (_, [is], k) => [vmap((j: Key) => uniform(j, [2]))(k), is],
    )
    const keys = split(key(0), 3)
    const batch = wrapKeyData(stack(keys.map(keyData)))
    expectClose(vmap((k: Key) => draw(k))(batch), stack(keys.map(k => uniform(k, [2]))))
    const wrong = customBatching(
      (x: Tensor) => x,
      (_, __, x) => [sum(x), true],
    )
    expect(() => vmap(wrong)(float(1, 2))).toThrow(/the rule gives result as f32\[\], but batched by 2 it must be float32\[2\]/)
    const flags = customBatching((x: Tensor) => x, ((_: number, __: unknown, x: Tensor) => [x, 1]) as never)
    expect(() => vmap(flags)(float(1, 2))).toThrow(/must return true or false at batched.*got 1/)
    const closing = (x: Tensor): Tensor =>
      customBatching(
        (y: Tensor) => y.mul(x),
        (_, __, y) => [y, true],
      )(x)
    expect(() => vmap(closing)(float(1, 2))).toThrow(/customBatching: .* closes over a value that is mapped.*Pass it as an argument/)
  })
})

describe('map', () => {
  test('is vmap in a loop, for any batch size', () => {
    const w = array([
      [0.5, -1],
      [2, 0.3],
    ])
    const f = (p: { readonly x: Tensor; readonly s: Tensor }) => ({ y: tanh(matmul(w, p.x)).mul(p.s), s: p.s })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 8 }), (n, batchSize) => {
        const xs = { x: array(Array.from({ length: n }, (_, i) => [Math.sin(i), i / 3])), s: array(Array.from({ length: n }, (_, i) => i)) }
        expectClose(map(f, xs, { batchSize }), vmap(f)(xs))
        const loss = (g: (p: typeof xs) => { readonly y: Tensor }) => (x: Tensor) => sum(g({ x, s: xs.s }).y)
        expectClose(grad(loss(p => map(f, p, { batchSize })))(xs.x), grad(loss(vmap(f)))(xs.x))
        expectClose(jit((p: typeof xs) => map(f, p, { batchSize }))(xs), vmap(f)(xs))
      }),
      { numRuns: 8 },
    )
  })
  test('refuses batch sizes that are none, and slices that are none', () => {
    expect(() => map(sin, float(1), { batchSize: 0 })).toThrow(/^map: batchSize must be a positive integer, got 0/)
    expect(() => map(sin, array(1))).toThrow(/no axis to scan over/)
    expect(() => map(3 as never, float(1))).toThrow(/map: the function/)
  })
})
