import { describe, expect, test } from 'vitest'
import { currentBackend } from '../src/backend/current.ts'
import { array } from '../src/numpy/creation.ts'
import { sin } from '../src/numpy/index.ts'
import { sum } from '../src/primitives/reduce.ts'
import type { Tensor } from '../src/tensor.ts'
import { customJvp } from '../src/transforms/custom.ts'
import { grad, jvp, valueAndGrad } from '../src/transforms/grad.ts'
import { hessian } from '../src/transforms/jacobian.ts'
import { vmap } from '../src/transforms/vmap.ts'
import { useReference } from './support/laws.ts'

useReference()
const x = array([1, 2, 3])
const f = (v: Tensor): Tensor => sum(sin(sin(v).mul(v)))
/** Buffers that one call leaves behind, once its caches are warm. */
function left(call: () => readonly Tensor[]): number {
  for (let i = 0; i < 3; i++) call().forEach(t => t.dispose())
  const before = currentBackend().memory().buffers
  call().forEach(t => t.dispose())
  return currentBackend().memory().buffers - before
}

describe('what a transform makes for itself is freed when it returns', () => {
  test.each<[string, () => readonly Tensor[]]>([
    ['grad', () => [grad(f)(x)]],
    ['valueAndGrad', () => [...valueAndGrad(f)(x)]],
    ['jvp', () => [...jvp(f, [x], [x])]],
    ['vmap of grad', () => [vmap(grad((v: Tensor) => sin(v).mul(v)))(x)]],
    ['grad of grad', () => [grad((v: Tensor) => sum(grad(f)(v)))(x)]],
  ])('%s', (_, call) => {
    expect(left(call)).toBe(0)
  })
})

describe('what reaches the user lives', () => {
  test('results that pass through, auxiliary values, values without a tangent', () => {
    const kept: Tensor[] = []
    const [g, aux] = grad(
      (v: Tensor) => {
        const mask = v.greater(1)
        kept.push(mask, grad(sin)(0.5))
        return [f(v), { v, y: sin(v), mask }] as const
      },
      { hasAux: true },
    )(x)
    for (const t of [g, aux.v, aux.y, aux.mask, ...kept, x]) expect(t.dataSync().length).toBe(t.size)
  })
  test('values of user code inside rules', () => {
    const kept: Tensor[] = []
    const h = customJvp(
      (v: Tensor) => sin(v),
      ([v], [t]) => {
        const one = array([1, 1, 1]).add(1)
        kept.push(one)
        return [sin(v), t.mul(one)]
      },
    )
    grad((v: Tensor) => sum(h(v)))(x)
    expect(kept[0]?.dataSync().length).toBe(3)
    hessian(f)(x)
    expect(x.dataSync().length).toBe(3)
  })
})
