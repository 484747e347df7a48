/** What the kernels show: the table's entry has the laws. */
import { describe, expect, test } from 'vitest'
import { explain } from '../../src/explain.ts'
import { optimizationBarrier } from '../../src/lax/index.ts'
import { ones } from '../../src/numpy/creation.ts'
import { exp, sin } from '../../src/numpy/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { scan } from '../../src/transforms/loops.ts'
import { useReference } from '../support/laws.ts'
import { float, values } from '../support/values.ts'

useReference()

/** The kernels of a function of one vector, as text. */
function kernelsOf(f: (x: Tensor) => Tensor): string {
  const g = jit(f)
  g(ones([8]))
  return explain(g).traces[0]?.kernels ?? ''
}
const count = (text: string, what: RegExp): number => text.match(what)?.length ?? 0

describe('no kernel reaches over a barrier', () => {
  test('an elementwise chain is two kernels, and cheap work is not done again', () => {
    const apart = kernelsOf(x => optimizationBarrier(x.add(1)).mul(2))
    expect([
      count(apart, /loop \[/g),
      count(
        kernelsOf(x => x.add(1).mul(2)),
        /loop \[/g,
      ),
    ]).toEqual([2, 1])
  })
  test('what is written on both sides is computed on both', () => {
    const twice = kernelsOf(x =>
      exp(x)
        .add(exp(optimizationBarrier(x.add(0.5)).sub(0.5)))
        .add(exp(x)),
    )
    expect(count(twice, /exp\(/g)).toBe(2)
  })
  test('nor in the body of a loop', () => {
    const loop =
      (between: (x: Tensor) => Tensor) =>
      (y: Tensor): Tensor =>
        scan((c: Tensor, _: null) => [between(c.add(1)).mul(2), null], y, null, { length: 3 })[0]
    const kernels = [loop(x => x), loop(optimizationBarrier)].map(f => count(kernelsOf(f), / loop \[/g)) as [number, number]
    expect([kernels[1] - kernels[0], values(jit(loop(optimizationBarrier))(float(1)))]).toEqual([1, [22]])
  })
  test('nor when the result of a barrier is differentiated', () => {
    const f = (x: Tensor): Tensor => sin(optimizationBarrier(sin(x))).sum()
    const x = float(0.5)
    expect(values(jit(grad(f))(x))).toEqual(values(grad((y: Tensor) => sin(sin(y)).sum())(x)))
  })
})
test('trees and numbers', () => {
  const { a, b } = optimizationBarrier({ a: float(1), b: [float(2)] })
  expect([values(a), values(b[0] as Tensor), optimizationBarrier(3)]).toEqual([[1], [2], 3])
})
