/** Inputs by a formula, and what is near enough. */
import { expect } from 'vitest'
import { type Tensor, array } from '@cotangent/core'

/** The inputs of the fixtures: a formula, so that the files hold answers alone. */
export function values(shape: readonly number[], seed: number): Tensor {
  const n = shape.reduce((a, b) => a * b, 1)
  return array(
    Float32Array.from({ length: n }, (_, i) => Number(Math.sin(seed + 1.7 * i).toFixed(3))),
    { shape },
  )
}

/** Within `tolerance` of the value, and of the largest one. */
export function close(got: Tensor, wanted: readonly number[], tolerance = 2e-6, what = ''): void {
  const data = got.dataSync(),
    scale = Math.max(1, ...wanted.map(Math.abs))
  expect(data.length, what).toBe(wanted.length)
  const worst = wanted.reduce((m, w, i) => Math.max(m, Math.abs(w - (data[i] as number))), 0)
  expect(worst, what).toBeLessThanOrEqual(tolerance * scale)
}
