import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { array, ones, zeros } from '../../src/numpy/creation.ts'
import { exp, matmul, multiply, sin, tanh } from '../../src/numpy/index.ts'
import { concatenate } from '../../src/primitives/concatenate.ts'
import { sum } from '../../src/primitives/reduce.ts'
import type { Tensor } from '../../src/tensor.ts'
import { drawn, input } from '../../src/testing/entry.ts'
import { grad, jvp } from '../../src/transforms/grad.ts'
import { hessian } from '../../src/transforms/jacobian.ts'
import { jit } from '../../src/transforms/jit.ts'
import { foriLoop, scan, whileLoop } from '../../src/transforms/loops.ts'
import { makeProgram } from '../../src/transforms/makeProgram.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { checkProgram } from '../../src/program/check.ts'
import { expectClose, expectNumbers, numbers } from '../support/close.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { float, int } from '../support/values.ts'

useReference()

type State = { readonly h: Tensor; readonly c: Tensor }
/** A small recurrent cell whose state depends on itself, a constant and a slice. */
const cell =
  (w: Tensor) =>
  (s: State, x: Tensor): readonly [State, { readonly out: Tensor }] => {
    const h = tanh(matmul(s.h, w).add(x).add(s.c))
    return [{ h, c: sin(s.c).add(h.mul(0.5)) }, { out: h.mul(s.c) }]
  }
const rnn = (w: Tensor, h: Tensor, xs: Tensor, reverse = false): Tensor[] => {
  const [s, ys] = scan(cell(w), { h, c: h.mul(0.3) }, xs, { reverse })
  return [s.h, s.c, ys.out]
}
/** The same loop written out. */
const unrolled = (w: Tensor, h: Tensor, xs: Tensor, reverse = false): Tensor[] => {
  let s: State = { h, c: h.mul(0.3) }
  const n = xs.shape[0] as number
  const ys = new Array<Tensor>(n)
  for (let k = 0; k < n; k++) {
    const i = reverse ? n - 1 - k : k
    const [next, y] = cell(w)(s, xs.slice(i, i + 1).reshape(xs.shape.slice(1)))
    s = next
    ys[i] = y.out.reshape([1, ...y.out.shape])
  }
  return [s.h, s.c, concatenate(ys)]
}
const weight = array([
    [0.2, -0.5],
    [0.7, 0.1],
  ]),
  start = float(0.3, -0.6)
const steps = array([
  [1, -1],
  [0.5, 0.25],
  [-2, 0.1],
])
const total =
  (f: typeof rnn) =>
  (w: Tensor, h: Tensor, xs: Tensor): Tensor =>
    f(w, h, xs)
      .map(t => sum(sin(t)))
      .reduce((a, b) => a.add(b))

const rnnLoss = (w: Tensor, xs: Tensor): Tensor => sum(scan((h: Tensor, x: Tensor) => [tanh(matmul(h, w).add(x)), null], start, xs)[0])

describe('scan', () => {
  test('is a loop', () => {
    expectClose(
      scan((c: Tensor, x: Tensor) => [c.add(x), c.mul(x)], 0, float(1, 2, 3)),
      [float(6).sum(), float(0, 2, 9)],
    )
    expectClose(
      scan((c: Tensor, x: Tensor) => [c.add(x), c], 0, float(1, 2, 3), { reverse: true }),
      [float(6).sum(), float(5, 3, 0)],
    )
    expectClose(rnn(weight, start, steps), unrolled(weight, start, steps))
    expectClose(rnn(weight, start, steps, true), unrolled(weight, start, steps, true))
    expectClose(jit(rnn)(weight, start, steps, undefined as never), unrolled(weight, start, steps))
  })
  test('of no steps, of a length, of trees', () => {
    expectClose(
      scan((c: Tensor, x: Tensor) => [c.add(x.sum()), x], 1, zeros([0, 2])),
      [float(1).sum(), zeros([0, 2])],
    )
    expectClose(
      scan((c: Tensor, _) => [c.mul(2), null], 1, null, { length: 10 }),
      [float(1024).sum(), null],
    )
    expectClose(
      scan((c: Tensor, { a, b }: { readonly a: Tensor; readonly b: Tensor }) => [c.add(a.mul(b)), { a, n: null, s: 'x' }], 0, {
        a: float(1, 2),
        b: float(3, 4),
      }),
      [float(11).sum(), { a: float(1, 2), n: null, s: 'x' }],
    )
  })
  test('gradients are those of the loop written out', () => {
    for (const argnums of [0, 1, 2] as const) {
      for (const reverse of [false, true]) {
        const by = (f: typeof rnn): ((w: Tensor, h: Tensor, xs: Tensor) => Tensor) =>
          grad(
            total((w, h, xs) => f(w, h, xs, reverse)),
            { argnums },
          )
        const expected = by(unrolled)(weight, start, steps)
        expectClose(by(rnn)(weight, start, steps), expected)
        expectClose(jit(by(rnn))(weight, start, steps), expected)
      }
    }
  })
  test('second derivatives, jvp and vmap', () => {
    expectClose(hessian(total(rnn))(weight, start, steps), hessian(total(unrolled))(weight, start, steps), 1e-4)
    expectClose(
      jvp(total(rnn), [weight, start, steps], [ones([2, 2]), float(1, 2), steps]),
      jvp(total(unrolled), [weight, start, steps], [ones([2, 2]), float(1, 2), steps]),
    )
    const batch = array([[[1, -1]], [[0.5, 2]], [[3, 4]]])
    for (const inAxes of [
      [null, null, 0],
      [null, 0, null],
      [0, null, null],
    ] as const) {
      const stack = (t: Tensor, axis: number | null): Tensor =>
        axis === null ? t : concatenate([t, t.mul(2), t.mul(-1)].map(x => x.reshape([1, ...x.shape])))
      const args = [stack(weight, inAxes[0]), stack(start, inAxes[1]), inAxes[2] === null ? steps : batch] as const
      for (const f of [total(rnn), grad(total(rnn))]) {
        const g = f as (w: Tensor, h: Tensor, xs: Tensor) => Tensor
        const each = [0, 1, 2].map(i =>
          g(...(args.map((a, k) => (inAxes[k] === null ? a : a.slice(i, i + 1).reshape(a.shape.slice(1)))) as [Tensor, Tensor, Tensor])),
        )
        expectNumbers(vmap(g, { inAxes: [...inAxes] })(...args), each.flatMap(numbers), 1e-4)
      }
    }
  })
  test('what does not change between steps is computed once, outside', () => {
    const f = (w: Tensor, xs: Tensor): Tensor => scan((c: Tensor, x: Tensor) => [c.mul(exp(w)).add(x), null], 0, xs)[0]
    const text = String(makeProgram(grad(f))(float(1).sum(), float(1, 2, 3)))
    expect(text).toContain('jit[name=invariant]')
    expectClose(grad(f)(float(0.1).sum(), float(1, 2, 3)), float(2 * Math.exp(0.2) + 2 * Math.exp(0.1)).sum(), 1e-5)
  })
  test('what does not depend on the carry is differentiated for all steps at once', () => {
    type Params = { readonly w: Tensor; readonly u: Tensor; readonly b: Tensor; readonly s: Tensor }
    const p: Params = {
      w: weight,
      u: array([
        [1, -0.5],
        [0.2, 0.7],
      ]),
      b: float(0.1, 0.2),
      s: float(0.9).sum(),
    }
    const step = (q: Params, h: Tensor, v: Tensor): Tensor =>
      tanh(matmul(h, q.w.transpose()).mul(q.s).add(matmul(v, q.u)).add(q.b)).mul(q.b)
    const looped = (q: Params, xs: Tensor): Tensor => sum(scan((h: Tensor, v: Tensor) => [step(q, h, v), null], start, xs)[0])
    const written = (q: Params, xs: Tensor): Tensor => sum([0, 1, 2].reduce((h, i) => step(q, h, xs.slice(i, i + 1).reshape([2])), start))
    for (const argnums of [0, 1] as const) {
      expectClose(grad(looped, { argnums })(p, steps), grad(written, { argnums })(p, steps))
      expectClose(jit(grad(looped, { argnums }))(p, steps), grad(written, { argnums })(p, steps))
    }
    expectClose(hessian((q: Params) => looped(q, steps))(p), hessian((q: Params) => written(q, steps))(p), 1e-4)
    // In a cell that is jitted too.
    const cellOf = jit((w: Tensor, h: Tensor, x: Tensor) => tanh(matmul(h, w).add(x)))
    const jitted = (w: Tensor, xs: Tensor): Tensor => sum(scan((h: Tensor, x: Tensor) => [cellOf(w, h, x), null], start, xs)[0])
    expectClose(grad(jitted)(weight, steps), grad(rnnLoss)(weight, steps))
    // The backward loop has no carry for the weights: their gradient is one product after it.
    for (const text of [rnnLoss, jitted].map(f => String(makeProgram(grad(f))(weight, steps))))
      expect(text).toMatch(/scan\[length=3 reverse=true numConsts=1 numCarry=1\][^]*jit\[name=transpose\(hoisted\)\][^]*dotGeneral/)
  })
  test('a stacked result that the derivative needs is kept once', () => {
    const text = String(makeProgram(grad((xs: Tensor) => sum(scan((c: Tensor, x: Tensor) => [c.mul(x), c], 1, xs)[1])))(float(1, 2)))
    expect(text).toMatch(/b:f32\[\] c:f32\[2\] = scan/)
  })
  test('programs of all transforms are well formed', () => {
    const like = [weight, start, steps] as const
    for (const f of [
      total(rnn),
      grad(total(rnn)),
      jit(grad(total(rnn))),
      (w: Tensor, h: Tensor, xs: Tensor) => hessian(total(rnn))(w, h, xs),
      (w: Tensor, h: Tensor, xs: Tensor) => vmap(grad(total(rnn)), { inAxes: [null, null, 1] })(w, h, xs.reshape([3, 1, 2])),
    ])
      checkProgram(makeProgram(f as (w: Tensor, h: Tensor, xs: Tensor) => Tensor)(...like))
  })
  checkLaws(
    'laws',
    drawn(fc.record({ n: fc.integer({ min: 0, max: 3 }), reverse: fc.boolean() }), ({ n, reverse }) => ({
      inputs: [input([2, 2], 'float32'), input([2], 'float32'), input([n, 2], 'float32')],
      call: (w, h, xs) => rnn(w as Tensor, h as Tensor, xs as Tensor, reverse),
    })),
    { accuracy: { ulp: 64, of: 'largest', reason: 'a few steps of a recurrence' }, runs: 8 },
  )
  test('errors', () => {
    const xs = float(1, 2)
    expect(() => scan((c: Tensor, x: Tensor) => [c.mul(x.reshape([1])), null], 0, xs)).toThrow(
      /the carry must keep its types, but carry goes in as f32\[\] and comes out as f32\[1\]/,
    )
    expect(() => scan(c => [[c, c] as never, null], float(1), xs)).toThrow(
      /scan: the carry changes its structure: trees differ at carry: expected a tensor, got an array of 2/,
    )
    expect(() => scan(c => c as never, float(1), xs)).toThrow(/must return \[carry, y\]/)
    expect(() => scan(c => [c, null], 0, null)).toThrow(/needs \{ length \}/)
    expect(() => scan(c => [c, null], 0, { a: xs, b: float(1) })).toThrow(/leading axes differ: xs\.b is f32\[1\], but xs\.a is f32\[2\]/)
    expect(() => scan(c => [c, null], 0, xs.sum())).toThrow(/xs is a scalar/)
    expect(() => scan((c: Tensor, x: Tensor) => [c.item() > 0 ? c : x, null], 0, xs)).toThrow(/item: .*traced by the step of scan/)
  })
})

describe('whileLoop', () => {
  const double = (x: Tensor): Tensor =>
    whileLoop(
      c => c.less(100),
      c => c.mul(2),
      x,
    )
  test('repeats while the condition holds', () => {
    expect(double(float(1.5).sum()).item()).toBe(192)
    expect(double(float(500).sum()).item()).toBe(500)
    expectClose(
      whileLoop(
        s => s.i.less(5),
        s => ({ i: s.i.add(1), total: s.total.add(s.i) }),
        { i: int(0).sum(), total: int(0).sum() },
      ),
      { i: int(5).sum(), total: int(10).sum() },
    )
    expect(jit(double)(float(3).sum()).item()).toBe(192)
  })
  test('forward mode works, reverse mode says what to use', () => {
    expectClose(jvp(double, [float(1.5).sum()], [float(1).sum()]), [float(192).sum(), float(128).sum()])
    expect(() => grad(double)(1)).toThrow(/whileLoop is not known in advance.*Use scan, or foriLoop/)
    expect(
      grad((x: Tensor) =>
        x.mul(
          whileLoop(
            c => c.less(100),
            c => c.mul(2),
            1,
          ),
        ),
      )(3).item(),
    ).toBe(128)
  })
  test('examples of a batch end on their own', () => {
    expectClose(vmap(double)(float(1, 3, 500)), float(128, 192, 500))
    const f = (limit: Tensor, x: Tensor): Tensor =>
      whileLoop(
        c => c.less(limit),
        c => c.mul(2).add(x),
        x,
      )
    const expected = [3, 7, 15].map((l, i) => {
      let c = i + 1
      while (c < l) c = 2 * c + i + 1
      return c
    })
    expectClose(vmap(f)(float(3, 7, 15), float(1, 2, 3)), float(...expected))
    expectClose(vmap(f, { inAxes: [null, 0] })(float(7).sum(), float(1, 2, 3)), float(7, 14, 9))
    expectClose(jvp(vmap(double), [float(1, 3, 500)], [float(1, 1, 1)])[1], float(128, 64, 1))
  })
  test('errors', () => {
    expect(() =>
      whileLoop(
        c => c,
        c => c,
        float(1, 2),
      ),
    ).toThrow(/condition must return a scalar, got f32\[2\]/)
    expect(() =>
      whileLoop(
        c => c.less(3),
        c => c.reshape([1]),
        float(1).sum(),
      ),
    ).toThrow(/carry goes in as f32\[\] and comes out as f32\[1\]/)
  })
})

describe('foriLoop', () => {
  test('counts from lower to upper', () => {
    expect(foriLoop(2, 5, (i, total) => total.add(i), 0).item()).toBe(9)
    expect(foriLoop(5, 2, (i, total) => total.add(i), 7).item()).toBe(7)
    expect(foriLoop(0, int(4).sum(), (i, total) => total.add(i), 0).item()).toBe(6)
    expect(foriLoop(int(1).sum(), 4, (i, s) => ({ t: s.t.mul(i) }), { t: int(1).sum() }).t.item()).toBe(6)
  })
  test('is differentiable with bounds that are numbers', () => {
    expect(grad((x: Tensor) => foriLoop(0, 5, (_, c) => c.mul(x), 1))(2).item()).toBe(80)
    expect(grad((x: Tensor) => foriLoop(0, 3, (i, c) => c.add(multiply(x, i).mul(x)), 0))(2).item()).toBe(12)
  })
})
