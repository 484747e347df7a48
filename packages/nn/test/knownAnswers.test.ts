/** Values and gradients that PyTorch 1.13 gives in float64. */
import { type Tensor, array, grad, init, random, zeros } from '@cotangent/core'
import { beforeAll, describe, expect, test } from 'vitest'
import { gelu, huberLoss, layerNorm } from '../src/index.ts'

beforeAll(() => init({ backend: 'reference' }))

const numbers = (...xs: readonly number[]): Tensor => array([...xs], { dtype: 'float64' })
function close(got: Tensor, wanted: readonly number[], digits = 8): void {
  const values = [...got.dataSync()]
  expect(values).toHaveLength(wanted.length)
  values.forEach((x, i) => expect(x).toBeCloseTo(wanted[i] as number, digits))
}

test('Huber loss', () => {
  const loss = (x: Tensor): Tensor => huberLoss(x, zeros([3], { dtype: 'float64' }), { delta: 1, reduction: 'sum' })
  close(loss(numbers(-2, 0.5, 3)), [4.125], 12)
  close(grad(loss)(numbers(-2, 0.5, 3)), [-1, 0.5, 1], 12)
})

describe('slopes of gelu at -1, 0, 2', () => {
  const slopes = (approximate: boolean): Tensor => grad((x: Tensor) => gelu(x, { approximate }).sum())(numbers(-1, 0, 2))
  test('by erf', () => close(slopes(false), [-0.08331547, 0.5, 1.0852318]))
  test('by tanh', () => close(slopes(true), [-0.08296408, 0.5, 1.08609926]))
})

test('a weighted layer norm', () => {
  const model = layerNorm({ epsilon: 1e-5 }),
    { params } = model.init(random.key(0), [4])
  const weighted = (x: Tensor): Tensor =>
    model
      .apply(params, x)
      .mul(numbers(1, 2, 3, 4))
      .sum()
  close(weighted(numbers(1, 2, 4, 8)), [4.289519133893])
  close(grad(weighted)(numbers(1, 2, 4, 8)), [-0.14920124, 0.07459997, 0.14920072, -0.07459945])
})
