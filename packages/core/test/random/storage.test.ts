/** Samplers of the dtypes that are only stored. */
import { expect, test } from 'vitest'
import * as np from '../../src/numpy/index.ts'
import * as random from '../../src/random/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { useReference } from '../support/laws.ts'

useReference()

const n = 500
const samplers: Readonly<Record<string, (dtype: 'float32' | 'float16' | 'bfloat16') => Tensor>> = {
  normal: dtype => random.normal(random.key(1), [n], { dtype }),
  truncatedNormal: dtype => random.truncatedNormal(random.key(1), -1, 2, [n], { dtype }),
  exponential: dtype => random.exponential(random.key(1), [n], { dtype }),
  gumbel: dtype => random.gumbel(random.key(1), [n], { dtype }),
  laplace: dtype => random.laplace(random.key(1), [n], { dtype }),
  logistic: dtype => random.logistic(random.key(1), [n], { dtype }),
  cauchy: dtype => random.cauchy(random.key(1), [n], { dtype }),
  gamma: dtype => random.gamma(random.key(1), 2, [20], { dtype }),
  beta: dtype => random.beta(random.key(1), 2, 3, [20], { dtype }),
  dirichlet: dtype => random.dirichlet(random.key(1), np.array([1, 2, 3]), [7], { dtype }),
  t: dtype => random.t(random.key(1), 3, [20], { dtype }),
  ball: dtype => random.ball(random.key(1), 3, { shape: [7], dtype }),
  orthogonal: dtype => random.orthogonal(random.key(1), 3, { dtype }),
}
test.each(Object.entries(samplers))('%s: the draws of float32, rounded', (_, draw) => {
  for (const dtype of ['float16', 'bfloat16'] as const) {
    const x = draw(dtype)
    expect(x.dtype).toBe(dtype)
    expect([...x.dataSync()]).toEqual([...draw('float32').astype(dtype).dataSync()])
  }
})
test('uniform never reaches its end', () => {
  for (const dtype of ['float16', 'bfloat16'] as const) {
    const x = [...random.uniform(random.key(1), [4000], { dtype }).dataSync()]
    expect(Math.max(...x)).toBeLessThan(1)
    expect(Math.max(...x)).toBeGreaterThanOrEqual(1 - 4 * np.finfo(dtype).eps)
    expect(Math.abs(x.reduce((a, b) => a + b) / x.length - (1 - np.finfo(dtype).eps) / 2)).toBeLessThan(0.02)
  }
})
test('randint of 8 bits', () => {
  for (const dtype of ['int8', 'uint8'] as const) {
    const x = random.randint(random.key(1), [500], 3, 9, { dtype })
    expect(x.dtype).toBe(dtype)
    expect(new Set(x.dataSync())).toEqual(new Set([3, 4, 5, 6, 7, 8]))
  }
  expect(() => random.randint(random.key(1), [1], 0, 1, { dtype: 'float32' as never })).toThrow(
    /randint: dtype must be int32, uint32, int8 or uint8/,
  )
})
