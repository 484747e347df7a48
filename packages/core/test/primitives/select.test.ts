import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { log } from '../../src/primitives/exponential.ts'
import { where } from '../../src/primitives/select.ts'
import type { Tensor } from '../../src/tensor.ts'
import { arbBroadcast, drawn, input } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { array } from '../../src/numpy/creation.ts'
import { bool, float, int, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  const shapes = fc.tuple(arbBroadcast, fc.nat(2))
  checkLaws(
    'where',
    drawn(shapes, ([[a, b], turn]) => {
      const three = [a, b, a]
      return {
        inputs: [
          input(three[turn] as number[], 'bool'),
          input(three[(turn + 1) % 3] as number[], 'float32'),
          input(three[(turn + 2) % 3] as number[], 'float32'),
        ],
        call: (p, x, y) => where(p as Tensor, x as Tensor, y as Tensor),
      }
    }),
  )
  checkLaws(
    'where with a number',
    drawn(arbBroadcast, ([a, b]) => ({
      inputs: [input(a, 'bool'), input(b, 'float32')],
      call: (p, x) => where(p as Tensor, x as Tensor, 0),
    })),
  )
})

test('values', () => {
  expect(values(where(bool(true, false), array([[1], [2]]), float(8, 9)))).toEqual([
    [1, 9],
    [2, 9],
  ])
  expect(values(where(float(0, 2, NaN), 1, 0))).toEqual([0, 1, 1])
  expect(where(bool(true), int(1), 0.5).dtype).toBe('float32')
  expect(where(bool(true), int(1), 0).dtype).toBe('int32')
})
test('the guard of an argument keeps gradients finite', () => {
  const safeLog = (x: Tensor): Tensor => where(x.greater(0), log(where(x.greater(0), x, 1)), 0)
  expect([grad(safeLog)(0).item(), grad(safeLog)(2).item()]).toEqual([0, 0.5])
})
test('refuses shapes that do not broadcast', () =>
  expect(() => where(bool(true, false), float(1, 2, 3), 0)).toThrow(/where: shapes \[2\] and \[3\] and \[\] do not broadcast/))
