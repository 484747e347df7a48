/** Images against JAX (tools/fixtures-signal.py); boxes by hand. */
import { describe, expect, test } from 'vitest'
import { mapCoordinates, nonMaximumSuppression, resize } from '../../src/image/index.ts'
import { arange, array } from '../../src/numpy/creation.ts'
import type { Tensor } from '../../src/tensor.ts'
import { jit } from '../../src/transforms/jit.ts'
import known from '../fixtures/signal.json' with { type: 'json' }
import { useReference } from '../support/laws.ts'
import { float, int, values } from '../support/values.ts'

useReference()

const picture = (): Tensor => array(Array.from({ length: 35 }, (_, i) => Math.sin(1.7 * i * i))).reshape([5, 7])
const near = (t: Tensor, wanted: readonly number[]): void => {
  expect(t.size).toBe(wanted.length)
  Array.from(t.dataSync()).forEach((v, i) => expect(Math.abs(v - (wanted[i] as number)), `element ${i}`).toBeLessThan(2e-6))
}

describe('JAX gives the same', () => {
  for (const [name, wanted] of Object.entries(known.resize))
    test(`resize ${name}`, () => {
      const [method, antialias, rows] = name.split(' ') as ['nearest' | 'linear' | 'cubic', string, string]
      near(resize(picture(), [Number(rows), 4], method, { antialias: antialias === 'True' }), wanted)
    })
  for (const [name, wanted] of Object.entries(known.mapCoordinates))
    test(`mapCoordinates ${name}`, () => {
      const [mode, order] = name.split(' ') as ['constant', string]
      const at = [float(-1.2, 0.3, 1.7, 4.4, 6), float(0.5, -0.6, 3.3, 7.1, 6)]
      near(mapCoordinates(picture(), at, { mode, order: Number(order) as 0 | 1, cval: 0.25 }), wanted)
    })
})

test('resize keeps integers by nearest, constants and whole sizes', () => {
  expect(values(resize(int(1, 2), [4], 'nearest'))).toEqual([1, 1, 2, 2])
  expect(values(resize(float(3, 3, 3, 3), [3], 'cubic'))).toEqual([3, 3, 3])
  const x = arange(4)
  expect(resize(x.astype('float32'), [4], 'linear').shape).toEqual([4])
})

test('nonMaximumSuppression', () => {
  const boxes = array([
    [0, 0, 1, 1],
    [0, 0.1, 1, 1.1],
    [0, 10, 1, 11],
    [1, 11.05, 0, 10.05],
    [5, 5, 6, 6],
  ])
  const scores = float(0.9, 0.95, 0.3, 0.4, 0.1)
  const [at, count] = jit((b: Tensor, s: Tensor) => nonMaximumSuppression(b, s, 4, { scoreThreshold: 0.2 }))(boxes, scores)
  expect(values(at)).toEqual([1, 3, -1, -1])
  expect(count.item()).toBe(2)
  expect(values(nonMaximumSuppression(boxes, scores, 3, { iouThreshold: 1 })[0])).toEqual([1, 0, 3])
})
