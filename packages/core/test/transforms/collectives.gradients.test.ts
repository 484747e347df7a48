/** Collectives under named axes: what a function of one example computes with its fellows is what the same function of the whole batch computes. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { array } from '../../src/numpy/creation.ts'
import { mean, sin, sqrt, square, stack } from '../../src/numpy/index.ts'
import { sum } from '../../src/primitives/reduce.ts'
import { checkProgram } from '../../src/program/check.ts'
import type { Tensor } from '../../src/tensor.ts'
import { pmax, pmean, psum, pvary } from '../../src/transforms/collectives.ts'
import { cond } from '../../src/transforms/control.ts'
import { customJvp, customVjp } from '../../src/transforms/custom.ts'
import { grad, jvp, valueAndGrad, vjp } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { scan, whileLoop } from '../../src/transforms/loops.ts'
import { makeProgram } from '../../src/transforms/makeProgram.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { arbExpression, all, N, one } from '../support/collectiveExpressions.ts'
import { named, once, rows, values, w, x } from '../support/collectiveCases.ts'
import { expectClose } from '../support/close.ts'
import { float } from '../support/values.ts'

describe('any function of one example is the same function of the batch', () => {
  test('values and gradients, in every order of vmap, grad and jit', () => {
    fc.assert(
      fc.property(arbExpression, values([N, N]), values([N]), (e, x, w) => {
        const f = (y: Tensor, v: Tensor): Tensor => one(e, y, v)
        const mapped = vmap(f, { inAxes: [0, null], axisName: 'i' })
        expectClose(mapped(x, w), all(e, x, w), 1e-4)
        expectClose(jit(mapped)(x, w), all(e, x, w), 1e-4)

        const whole = (y: Tensor, v: Tensor): Tensor => sum(sin(all(e, y, v))).div(N)
        const [dx, dw] = grad(whole, { argnums: [0, 1] })(x, w)
        const loss = (y: Tensor, v: Tensor): Tensor => pmean(sum(sin(one(e, y, v))), 'i')
        // Outside, the gradient goes through what vmap made of the function; inside, through the collectives.
        const outside = grad((y: Tensor, v: Tensor) => vmap(loss, { inAxes: [0, null], outAxes: null, axisName: 'i' })(y, v), {
          argnums: [0, 1],
        })
        expectClose(outside(x, w), [dx, dw], 1e-3)
        const options = { inAxes: [0, null], outAxes: [0, null], axisName: 'i' } as const
        const gradient = grad(loss, { argnums: [0, 1] })
        expectClose(vmap(gradient, options)(x, w), [dx, dw], 1e-3)
        expectClose(vmap(jit(gradient), options)(x, w), [dx, dw], 1e-3)
        expectClose(vmap(grad(jit(loss), { argnums: [0, 1] }), options)(x, w), [dx, dw], 1e-3)
        expectClose(jit(vmap(gradient, options))(x, w), [dx, dw], 1e-3)
      }),
      { numRuns: 25 },
    )
  })
  test('under two names, with sums over both', () => {
    fc.assert(
      fc.property(arbExpression, values([2, N, N]), values([N]), (e, x, w) => {
        const whole = (v: Tensor): Tensor => {
          const parts = [0, 1].map(m => sin(all(e, x.at(m).get(), v)))
          return sum(stack(parts).mul(sum(stack(parts)).mul(0.1)))
        }
        const each = (y: Tensor, v: Tensor): Tensor => {
          const own = sin(one(e, y, v))
          return psum(sum(own.mul(psum(sum(own), ['o', 'i']).mul(0.1))), ['i', 'o'])
        }
        const inner = (f: typeof each) => vmap(f, { inAxes: [0, null], outAxes: null, axisName: 'i' })
        const both = (f: typeof each): Tensor => vmap(inner(f), { inAxes: [0, null], outAxes: null, axisName: 'o' })(x, w)
        expectClose(both(each), whole(w), 1e-3)
        expectClose(
          both((y, v) => grad((u: Tensor) => each(y, u))(v)),
          grad(whole)(w),
          2e-3,
        )
      }),
      { numRuns: 8 },
    )
  })
})

describe('gradients', () => {
  const loss = (v: Tensor, y: Tensor): Tensor => v.mul(v).mul(y)
  test('of what all share is the sum over all; pvary makes it each one its own', () => {
    expectClose(once(y => grad(loss)(w, y))(x), array(24))
    expectClose(once(y => grad((v: Tensor) => pmean(loss(v, y), 'i'))(w))(x), array(8))
    expectClose(named(y => grad(loss)(pvary(w, 'i'), y))(x), float(4, 8, 12))
    expectClose(vmap(grad(loss), { inAxes: [null, 0] })(w, x), float(4, 8, 12))
  })
  test('of a jitted loop whose carry varies by its type alone, under two names', () => {
    const f = jit((y: Tensor, v: Tensor) => scan((c: Tensor, _) => [c.add(pmax(y, 'i')), null], v, null, { length: 1 })[0])
    const g = (y: Tensor): Tensor => grad((v: Tensor) => psum(f(y, v), ['i', 'o']))(w)
    expectClose(
      vmap(once(g), { axisName: 'o', outAxes: null })(
        array([
          [0, 0, 0],
          [0, 0, 0],
        ]),
      ),
      array(6),
    )
  })
  test('of higher order, forward mode, pullbacks and jitted functions', () => {
    const mean3 = (v: Tensor, y: Tensor): Tensor => pmean(v.mul(v).mul(v).mul(y), 'i')
    expectClose(once(y => grad((v: Tensor) => grad(mean3)(v, y))(w))(x), array(24))
    expectClose(once(y => jit(grad((v: Tensor) => grad(jit(mean3))(v, y)))(w))(x), array(24))
    expectClose(once(y => jvp((v: Tensor) => mean3(v, y), [w], [array(1)])[1])(x), array(24))
    expectClose(once(y => vjp((v: Tensor) => psum(v.add(y), 'i'), w)[1](array(1))[0])(x), array(3))
    expectClose(once(y => grad((v: Tensor) => v.add(y))(w))(x), array(3))
    checkProgram(makeProgram(named(y => grad((v: Tensor) => mean3(v, y))(w)))(x))
  })
  test('through loops and branches', () => {
    const loop = (v: Tensor, y: Tensor): Tensor =>
      pmean(scan((c: Tensor, _) => [psum(c.mul(v).add(y), 'i'), null], 0, null, { length: 2 })[0], 'i')
    expectClose(once(y => grad(loop)(w, y))(x), array(18))
    // The step makes the carry vary, and where the choice varies, so does the share of what all have.
    expectClose(
      once(y => grad((v: Tensor) => pmean(scan((c: Tensor, _) => [c.mul(v).add(y), null], 0, null, { length: 2 })[0], 'i'))(w))(x),
      array(2),
    )
    const chosen = (v: Tensor, y: Tensor): Tensor =>
      psum(
        cond(
          y.greater(1.5),
          u => u.mul(y),
          u => u,
          v,
        ),
        'i',
      )
    expectClose(once(y => grad(chosen)(w, y))(x), array(6))
    expectClose(once(y => jit(grad(chosen))(w, y))(x), array(6))
    const steps = named(y =>
      whileLoop(
        (c: Tensor) => c.less(y),
        (c: Tensor) => c.add(1),
        0,
      ),
    )
    expectClose(steps(x), x)
    expectClose(
      named(y =>
        whileLoop(
          (c: Tensor) => pmax(c, 'i').less(4),
          (c: Tensor) => c.add(y),
          0,
        ),
      )(x),
      float(2, 4, 6),
    )
  })
  test('a rule of customVjp is each example its own', () => {
    const scaled = customVjp((v: Tensor, y: Tensor) => v.mul(y), {
      forward: (v, y) => [v.mul(y), [v, y] as const],
      backward: ([v, y], ct) => [ct.mul(y), ct.mul(v)],
    })
    for (const f of [scaled, jit(scaled)]) {
      expectClose(once(y => grad((v: Tensor) => psum(f(v, y), 'i'))(w))(x), array(6))
      expectClose(grad((v: Tensor) => once(y => psum(f(v, y), 'i'))(x))(w), array(6))
    }
  })
  test('a rule of customVjp that is asked for the cotangent of what all share', () => {
    const double = (v: Tensor): Tensor => v.add(v)
    // The residual is shared as well: else the rule would give each example's part of a cotangent that is whole.
    const f = customVjp(double, { forward: v => [double(v), v], backward: (v, ct) => vjp(double, v)[1](ct) })
    for (const g of [f, jit(f)]) {
      expectClose(grad((v: Tensor) => once(y => psum(g(v).mul(y), 'i'))(x))(w), array(12))
      expectClose(once(y => grad((v: Tensor) => psum(g(v).mul(y), 'i'))(w))(x), array(12))
    }
  })
  test('rules of customVjp and customJvp for what is summed get and give what all share', () => {
    const plain = (y: Tensor): Tensor => psum(y.mul(y), 'i')
    const byVjp = customVjp(plain, { forward: y => [plain(y), y], backward: (y, ct) => [y.mul(ct).mul(2)] })
    const byJvp = customJvp(plain, ([y], [t]) => [plain(y), psum(y.mul(t).mul(2), 'i')])
    // The sum is used by every example with a weight of its own: each contributes to the cotangent that the rule gets.
    const loss = (f: typeof plain) => (y: Tensor) => psum(sin(f(y)).mul(y), 'i')
    for (const f of [byVjp, byJvp, jit(byVjp), jit(byJvp)]) {
      expectClose(once(f)(x), array(14))
      expectClose(named(grad(loss(f)))(x), named(grad(loss(plain)))(x))
      expectClose(named(jit(grad(loss(f))))(x), named(grad(loss(plain)))(x))
      expectClose(grad((y: Tensor) => once(loss(f))(y))(x), grad((y: Tensor) => once(loss(plain))(y))(x))
    }
    const wrong = customJvp(plain, ([y], [t]) => [plain(y), y.mul(t).mul(2)])
    expect(() => grad((y: Tensor) => once(wrong)(y))(x)).toThrow(
      /customJvp of plain: its rule gives a result that differs along the axis 'i'/,
    )
  })
})

describe('examples', () => {
  test('batch normalisation: the moments of the whole batch, by its examples', () => {
    const normalise = (h: Tensor): Tensor => {
      const m = pmean(h, 'batch')
      return h.sub(m).div(sqrt(pmean(square(h.sub(m)), 'batch').add(1e-5)))
    }
    const whole = (h: Tensor): Tensor => {
      const m = mean(h, { axis: 0 })
      return h.sub(m).div(sqrt(mean(square(h.sub(m)), { axis: 0 }).add(1e-5)))
    }
    const net = (v: Tensor, norm: (h: Tensor) => Tensor, h: Tensor): Tensor => sin(norm(h.mul(v)))
    fc.assert(
      fc.property(values([4, 3]), values([3]), (h, v) => {
        const expected = valueAndGrad((u: Tensor) => sum(net(u, whole, h)))(v)
        const step = vmap((y: Tensor, u: Tensor) => valueAndGrad((t: Tensor) => psum(sum(net(t, normalise, y)), 'batch'))(u), {
          inAxes: [0, null],
          outAxes: null,
          axisName: 'batch',
        })
        expectClose(step(h, v), expected, 1e-3)
        expectClose(jit(step)(h, v), expected, 1e-3)
      }),
      { numRuns: 5 },
    )
  })
  test('the gradient of the mean loss of all devices', () => {
    const loss = (p: { readonly w: Tensor; readonly b: Tensor }, y: Tensor): Tensor => mean(square(p.w.mul(y).add(p.b)))
    const p = { w: array(0.5), b: array(-1) }
    const shards = rows.mul(0.1)
    const step = vmap((q: typeof p, y: Tensor) => grad((r: typeof p) => pmean(loss(r, y), 'devices'))(q), {
      inAxes: [null, 0],
      outAxes: null,
      axisName: 'devices',
    })
    expectClose(step(p, shards), grad(loss)(p, shards.reshape([9])))
  })
})
