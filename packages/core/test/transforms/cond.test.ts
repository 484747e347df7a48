import { describe, expect, test } from 'vitest'
import { checkProgram } from '../../src/program/check.ts'
import { exp, sin } from '../../src/numpy/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { cond, switch_ } from '../../src/transforms/control.ts'
import { grad, jvp } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { makeProgram } from '../../src/transforms/makeProgram.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { expectClose, expectNumbers } from '../support/close.ts'
import { useReference } from '../support/laws.ts'
import { float, int } from '../support/values.ts'

useReference()
/** sin(x) * y where x > 1, else x^2 + exp(y). */
const f = (x: Tensor, y: Tensor): Tensor =>
  cond(
    x.greater(1),
    (a, b) => sin(a).mul(b),
    (a, b) => a.mul(a).add(exp(b)),
    x,
    y,
  )
const value = (x: number, y: number): number => (x > 1 ? Math.sin(x) * y : x * x + Math.exp(y))
const byX = (x: number, y: number): number => (x > 1 ? Math.cos(x) * y : 2 * x)
const byY = (x: number, y: number): number => (x > 1 ? Math.sin(x) : Math.exp(y))
const point = (x: number): Tensor => float(x).sum()

describe('cond', () => {
  test.each([
    [2, 0.5],
    [0.5, -1],
  ])('value and gradient at %d, %d; eager, staged and batched', (x, y) => {
    const args = [point(x), point(y)] as const
    expect(f(...args).item()).toBeCloseTo(value(x, y), 5)
    expect(jit(f)(...args).item()).toBeCloseTo(value(x, y), 5)
    const g = grad(f, { argnums: [0, 1] })
    for (const h of [g, jit(g), grad(jit(f), { argnums: [0, 1] })])
      expectNumbers(
        h(...args).map(t => t.item()),
        [byX(x, y), byY(x, y)],
      )
    expectNumbers([jit((a: Tensor, b: Tensor) => jvp(f, [a, b], [a, b])[1])(...args).item()], [x * byX(x, y) + y * byY(x, y)])
  })
  test('a batched predicate chooses for each example', () => {
    const xs = [0.5, 2, -1, 3],
      ys = [1, 2, 3, 4]
    const [x, y] = [float(...xs), float(...ys)]
    expectNumbers(
      vmap(f)(x, y),
      xs.map((v, i) => value(v, ys[i] as number)),
    )
    expectNumbers(
      vmap(grad(f))(x, y),
      xs.map((v, i) => byX(v, ys[i] as number)),
    )
    expectNumbers(
      jit(vmap(grad(jit(f), { argnums: 1 })))(x, y),
      xs.map((v, i) => byY(v, ys[i] as number)),
    )
    expectNumbers(
      vmap(jit(f), { inAxes: [null, 0] })(point(2), y),
      ys.map(v => value(2, v)),
    )
  })
  test('second derivatives', () => {
    for (const x of [2, 0.5]) expect(jit(grad(grad(f)))(point(x), point(0.5)).item()).toBeCloseTo(x > 1 ? -Math.sin(x) * 0.5 : 2, 5)
  })
  test('captured values are differentiated too', () => {
    const g = (x: Tensor): Tensor =>
      jit((p: Tensor) =>
        cond(
          p.greater(0),
          () => x.mul(x),
          () => x,
        ),
      )(point(1))
    expect(grad(g)(3).item()).toBe(6)
    const shared = sin(point(2))
    expect(
      jit((x: Tensor) =>
        cond(
          x.greater(0),
          () => shared,
          () => x,
        ),
      )(point(1)).item(),
    ).toBeCloseTo(Math.sin(2), 5)
  })
  test('trees, integers, booleans, and a branch that ignores its operands', () => {
    const h = jit((p: Tensor, n: Tensor) =>
      cond(
        p,
        m => ({ m, s: 'x', n: null }),
        m => ({ m: m.mul(0), s: 'x', n: null }),
        n,
      ),
    )
    expectClose(h(point(1), int(3)), { m: int(3), s: 'x', n: null })
    expectClose(h(point(0), int(3)), { m: int(0), s: 'x', n: null })
    expect(
      cond(
        true,
        () => 'a',
        () => 'b',
      ),
    ).toBe('a')
  })
  test('programs are well formed', () => {
    const args = [float(1, 2), float(3, 4)] as const
    for (const g of [vmap(f), vmap(grad(f)), vmap(grad(grad(f))), jit(vmap(f, { inAxes: [0, null] }))])
      checkProgram(makeProgram(g)(...args))
    checkProgram(makeProgram(grad(grad(f)))(point(1), point(1)))
  })
  test('errors', () => {
    const x = float(1, 2)
    expect(() =>
      cond(
        x.greater(0),
        () => x,
        () => x,
      ),
    ).toThrow(/predicate must be a scalar, got bool\[2\].*where/)
    const staged = (onTrue: () => unknown, onFalse: () => unknown) => () =>
      jit((p: Tensor) => cond(p, onTrue as () => Tensor, onFalse as () => Tensor))(true as never)
    expect(
      staged(
        () => x,
        () => [x],
      ),
    ).toThrow(/return different trees: trees differ at result: expected an array of 1, got a tensor/)
    expect(
      staged(
        () => x,
        () => x.sum(),
      ),
    ).toThrow(/return different types: result is f32\[\] in one and f32\[2\]/)
    expect(() =>
      jit((p: Tensor) =>
        cond(
          p,
          y => (y.item() > 0 ? y : y),
          y => y,
          x.sum(),
        ),
      )(true as never),
    ).toThrow(/traced by onTrue of cond/)
  })
})

describe('switch_', () => {
  const branches = [(x: Tensor) => x, (x: Tensor) => x.mul(x), (x: Tensor) => sin(x)]
  const g = (i: Tensor, x: Tensor): Tensor => switch_(i, branches, x)
  test('chooses by a clamped index', () => {
    const expected = [3, 3, 9, Math.sin(3), Math.sin(3)]
    ;[-1, 0, 1, 2, 7].forEach((i, k) => {
      expect(switch_(i, branches, point(3)).item()).toBeCloseTo(expected[k] as number, 5)
      expect(jit(g)(int(i).sum(), point(3)).item()).toBeCloseTo(expected[k] as number, 5)
    })
    expectNumbers(vmap(g, { inAxes: [0, null] })(int(-1, 0, 1, 2, 7), point(3)), expected)
    expectNumbers(vmap(grad(g, { argnums: 1 }), { inAxes: [0, null] })(int(-1, 0, 1, 2, 7), point(3)), [1, 1, 6, Math.cos(3), Math.cos(3)])
  })
  test('needs branches', () => {
    expect(() => switch_(0, [], point(1))).toThrow(/no branches/)
  })
})
