import { describe, expect, test } from 'vitest'
import { array } from '../../src/numpy/creation.ts'
import { sin } from '../../src/numpy/index.ts'
import { matmul } from '../../src/numpy/linalg.ts'
import { sum } from '../../src/primitives/reduce.ts'
import { concatenate } from '../../src/primitives/concatenate.ts'
import { key, keyData, split, wrapKeyData } from '../../src/random/key.ts'
import { uniform } from '../../src/random/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { expectClose, expectNumbers, numbers } from '../support/close.ts'
import { useReference } from '../support/laws.ts'
import { float } from '../support/values.ts'

useReference()
type Linear = { readonly w: Tensor; readonly b: Tensor }
const p: Linear = {
  w: array([
    [1, 2],
    [3, 4],
  ]),
  b: float(5, 6),
}
const apply = (q: Linear, x: Tensor): Tensor => matmul(x, q.w).add(q.b)

describe('axes', () => {
  test('of arguments: one for all, one each, prefixes of trees, negative ones', () => {
    const xs = array([
      [1, 0],
      [0, 1],
      [1, 1],
    ])
    const expected = array([
      [6, 8],
      [8, 10],
      [9, 12],
    ])
    expectClose(vmap(apply, { inAxes: [null, 0] })(p, xs), expected)
    expectClose(vmap(apply, { inAxes: [null, 1] })(p, xs.transpose()), expected)
    expectClose(vmap(apply, { inAxes: [null, -1] })(p, xs.transpose()), expected)
    const stacked = {
      w: p.w,
      b: array([
        [5, 6],
        [0, 0],
        [1, 1],
      ]),
    }
    expectClose(
      vmap(apply, { inAxes: [{ w: null, b: 0 }, 0] })(stacked, xs),
      array([
        [6, 8],
        [3, 4],
        [5, 7],
      ]),
    )
    expectClose(
      vmap(apply, { inAxes: [{ b: 0 }, 0] })(stacked, xs),
      array([
        [6, 8],
        [3, 4],
        [5, 7],
      ]),
    )
  })
  test('of results', () => {
    const xs = array([
      [1, 2],
      [3, 4],
      [5, 6],
    ])
    expectClose(vmap((x: Tensor) => x.mul(2), { outAxes: 1 })(xs), xs.mul(2).transpose())
    expectClose(vmap((x: Tensor) => ({ x, s: sum(x), k: float(7) }), { outAxes: { x: -1, s: 0, k: null } })(xs), {
      x: xs.transpose(),
      s: float(3, 7, 11),
      k: float(7),
    })
    expectClose(vmap((_: Tensor) => float(7))(xs), array([[7], [7], [7]]))
  })
  test('over keys; what is not mapped may be anything', () => {
    const keys = split(key(0), 3)
    const stacked = wrapKeyData(concatenate(keys.map(k => keyData(k).reshape([1, 2]))))
    expectNumbers(
      vmap(uniform, { inAxes: [0, null] })(stacked, [2]),
      keys.flatMap(k => numbers(uniform(k, [2]))),
    )
    expectClose(vmap((x: Tensor, f: (x: Tensor) => Tensor) => f(x), { inAxes: [0, null] })(float(1, 2), sin), sin(float(1, 2)))
  })
  test('nested, with jit and grad of each example', () => {
    const xs = array([
      [1, 2],
      [3, 4],
    ])
    const f = (x: Tensor): Tensor => sin(x).mul(x)
    expectNumbers(
      vmap(vmap(grad(f)))(xs),
      numbers(xs).map(x => Math.cos(x) * x + Math.sin(x)),
    )
    expectNumbers(
      jit(vmap(vmap(grad(f), { inAxes: 0 }), { inAxes: 1, outAxes: 1 }))(xs),
      numbers(xs).map(x => Math.cos(x) * x + Math.sin(x)),
    )
    const outer = vmap((x: Tensor) => vmap((y: Tensor) => x.mul(y))(float(1, 2, 3)))(float(10, 20))
    expectClose(
      outer,
      array([
        [10, 20, 30],
        [20, 40, 60],
      ]),
    )
    const perExample = vmap(
      grad((q: Linear, x: Tensor) => sum(apply(q, x))),
      { inAxes: [null, 0] },
    )(p, xs)
    expectClose(perExample, {
      w: array([
        [
          [1, 1],
          [2, 2],
        ],
        [
          [3, 3],
          [4, 4],
        ],
      ]),
      b: array([
        [1, 1],
        [1, 1],
      ]),
    })
  })
  test('of no examples', () => {
    expect(vmap((x: Tensor) => sin(x).mul(2))(array(new Float32Array(0), { shape: [0, 3] })).shape).toEqual([0, 3])
  })
})

test('errors name arguments and sizes', () => {
  const xs = float(1, 2, 3)
  const refused: readonly [() => unknown, RegExp][] = [
    [() => vmap((a: Tensor, b: Tensor) => a.add(b))(xs, float(1)), /axis 0 of a \(f32\[3\]\) has 3, axis 0 of b \(f32\[1\]\) has 1/],
    [() => vmap((a: Tensor) => a, { inAxes: [1] })(xs), /a is f32\[3\] and has no axis 1/],
    [() => vmap((a: Tensor) => a)(xs.sum()), /a is f32\[\] and has no axis 0 to map over. Use null/],
    [() => vmap((a: Tensor) => a, { inAxes: [null] })(xs), /nothing is mapped/],
    [() => vmap((a: Tensor) => a, { inAxes: [0, 0] as never })(xs), /inAxes lists 2 arguments, but the function was called with 1/],
    [() => vmap(apply, { inAxes: [{ weight: 0 } as never, 0] })(p, p.w), /at q it names weight, but the tree there is \{b: \*, w: \*\}/],
    [() => vmap((a: Tensor) => a, { outAxes: null })(xs), /outAxes is null for a result that differs between examples/],
    [() => vmap((a: Tensor) => a, { outAxes: 2 })(xs), /outAxes 2 is out of range/],
    [() => vmap((a: Tensor) => (a.item() > 0 ? a : a))(xs), /item: .*traced by vmap of/],
  ]
  for (const [run, message] of refused) expect(run).toThrow(message)
})
