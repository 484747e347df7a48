import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { array } from '../../src/numpy/creation.ts'
import { triangularSolve } from '../../src/linalg/triangularSolve.ts'
import { add, convolve, divide, dot, matmul, multiply, sin, take, where } from '../../src/numpy/index.ts'
import { sum } from '../../src/primitives/reduce.ts'
import type { Tensor } from '../../src/tensor.ts'
import { associativeScan } from '../../src/transforms/associativeScan.ts'
import { cond } from '../../src/transforms/control.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { linearTranspose } from '../../src/transforms/linearTranspose.ts'
import { scan } from '../../src/transforms/loops.ts'
import { expectClose, expectNumbers } from '../support/close.ts'
import { useReference } from '../support/laws.ts'
import { float, int } from '../support/values.ts'

useReference()

describe('linearTranspose', () => {
  test('of matrices, trees and loops', () => {
    const a = array([
      [1, 2],
      [3, 4],
      [5, 6],
    ])
    const t = linearTranspose((x: Tensor, p: { readonly b: Tensor }) => matmul(a, x).add(p.b.mul(2)), float(0, 0), { b: float(0, 0, 0) })
    expectClose(t(float(1, 0, -1)), [float(-4, -4), { b: float(2, 0, -2) }])
    const running = (xs: Tensor): Tensor => scan((c: Tensor, x: Tensor) => [c.add(x), c.add(x)], 0, xs)[1]
    expectClose(jit(linearTranspose(running, float(0, 0, 0)))(float(1, 2, 3)), [float(6, 5, 3)])
  })
  test('refuses what is not linear', () => {
    expect(() => linearTranspose((x: Tensor) => sin(x), float(1))(float(1))).toThrow(/sin is not linear/)
    const x = float(1, 2)
    const products: readonly ((x: Tensor) => Tensor)[] = [
      x => x.mul(x),
      x => x.div(x),
      x => dot(x, x),
      x => convolve(x, x),
      x => scan((c: Tensor) => [c.mul(c), null], x, null, { length: 2 })[0],
      x => jit((y: Tensor) => y.mul(y))(x),
      x => triangularSolve(x.reshape([2, 1, 1]), x.reshape([2, 1, 1])),
    ]
    for (const f of products)
      expect(() => linearTranspose(f, x)(f(x))).toThrow(
        expect.objectContaining({
          kind: 'GradientError',
          message: expect.stringContaining('more than one of its operands depends on the arguments') as string,
        }),
      )
    expect(() => linearTranspose((x: Tensor) => divide(1, x), x)(x)).toThrow(/div is not linear in y/)
    const choices: readonly ((x: Tensor) => Tensor)[] = [
      x => where(x.greater(1), x, 0),
      x => take(x, x.astype('int32')),
      x =>
        cond(
          sum(x).greater(1),
          (y: Tensor) => y,
          (y: Tensor) => y.neg(),
          x,
        ),
    ]
    for (const f of choices)
      expect(() => linearTranspose(f, x)(f(x))).toThrow(
        expect.objectContaining({
          kind: 'GradientError',
          message: expect.stringContaining('what it selects depends on the arguments') as string,
        }),
      )
    expect(() => linearTranspose((x: Tensor) => x, int(1))).toThrow(/only functions of floats/)
    expect(() => linearTranspose((x: Tensor) => x, float(1))(float(1, 2))).toThrow(/cotangent is f32\[1\] in one and f32\[2\]/)
  })
})

describe('associativeScan', () => {
  test('is the running combination', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 12 }), fc.boolean(), (xs, reverse) => {
        const order = reverse ? [...xs].reverse() : xs
        const sums = order.map((_, i) => order.slice(0, i + 1).reduce((a, b) => a + b, 0))
        expectClose(associativeScan(add, float(...xs), { reverse }), float(...(reverse ? sums.reverse() : sums)))
      }),
    )
  })
  test('of linear recurrences, along any axis, with gradient', () => {
    type Step = { readonly a: Tensor; readonly b: Tensor }
    const compose = (first: Step, then: Step): Step => ({ a: first.a.mul(then.a), b: first.b.mul(then.a).add(then.b) })
    const a = array([[0.5, 2, -1, 3, 0.1]]),
      b = array([[1, 2, 3, 4, 5]])
    let h = 0
    const expected = [0.5, 2, -1, 3, 0.1].map((v, i) => (h = v * h + i + 1))
    expectNumbers(associativeScan(compose, { a, b }, { axis: 1 }).b, expected)
    expectClose(grad((x: Tensor) => sum(associativeScan(multiply, x)))(float(2, 3, 4)), float(1 + 3 + 12, 2 + 8, 6))
    expect(() => associativeScan(compose, { a, b: float(1, 2) })).toThrow(/xs\.b has 2 slices along axis 0, but xs\.a has 1/)
  })
})
