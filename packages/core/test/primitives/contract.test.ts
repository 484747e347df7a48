import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dotGeneral } from '../../src/primitives/contract.ts'
import { reshape } from '../../src/primitives/reshape.ts'
import { array, arange } from '../../src/numpy/creation.ts'
import type { Tensor } from '../../src/tensor.ts'
import { drawn, input, summed } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { bool, int, values } from '../support/values.ts'

useReference()

/** Random axes of each role, in random order on each side. */
const arbContraction = fc.record({
  batch: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
  contracting: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
  lhsFree: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 1 }),
  rhsFree: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 1 }),
  lhsOrder: fc.array(fc.nat(), { minLength: 5, maxLength: 5 }),
  rhsOrder: fc.array(fc.nat(), { minLength: 5, maxLength: 5 }),
})

describe('laws', () => {
  for (const dtype of ['float32', 'int32'] as const)
    checkLaws(
      `dotGeneral of ${dtype}`,
      drawn(arbContraction, ({ batch, contracting, lhsFree, rhsFree, lhsOrder, rhsOrder }) => {
        const side = (free: readonly number[], order: readonly number[]) => {
          const sizes = [...batch, ...contracting, ...free]
          const axes = sizes.map((_, k) => k).sort((a, b) => (order[a] as number) - (order[b] as number))
          const place = (k: number): number => axes.indexOf(k)
          return {
            shape: axes.map(k => sizes[k] as number),
            batch: batch.map((_, k) => place(k)),
            contracting: contracting.map((_, k) => place(batch.length + k)),
          }
        }
        const a = side(lhsFree, lhsOrder),
          b = side(rhsFree, rhsOrder)
        return {
          inputs: [input(a.shape, dtype), input(b.shape, dtype)],
          call: (x, y) => dotGeneral(x as Tensor, y as Tensor, { batch: [a.batch, b.batch], contracting: [a.contracting, b.contracting] }),
        }
      }),
      { accuracy: summed(), differentiable: dtype === 'float32' },
    )
})

describe('values', () => {
  test('batch axes come first, then free axes of lhs, then of rhs', () => {
    const x = reshape(arange(12), [2, 3, 2]),
      y = reshape(arange(8), [2, 2, 2])
    // NumPy: np.einsum('bmk,bkn->bmn', x, y)
    expect(values(dotGeneral(x, y, { contracting: [[2], [1]], batch: [[0], [0]] }))).toEqual([
      [
        [2, 3],
        [6, 11],
        [10, 19],
      ],
      [
        [66, 79],
        [86, 103],
        [106, 127],
      ],
    ])
  })
  test('integers wrap modulo 2^32', () => {
    expect(values(dotGeneral(int(65536, 3), int(65537, 4), { contracting: [[0], [0]] }))).toBe(65536 + 12)
  })
})

describe('refusals', () => {
  test('name the axes and shapes', () => {
    const x = array([
      [1, 2, 3],
      [4, 5, 6],
    ])
    expect(() => dotGeneral(x, x, { contracting: [[1], [0]] })).toThrow(
      /contracting axis 1 of lhs \[2, 3\] has size 3, axis 0 of rhs \[2, 3\] has size 2/,
    )
    expect(() => dotGeneral(x, x, { contracting: [[1], []] })).toThrow(/1 contracting axes of lhs but 0 of rhs/)
    expect(() => dotGeneral(x, x, { contracting: [[1], [1]], batch: [[1], [1]] })).toThrow(/axis of lhs is listed twice/)
    expect(() => dotGeneral(x, x, { contracting: [[5], [1]] })).toThrow(/axis 5 is out of range/)
    expect(() => dotGeneral(bool(true), bool(true), { contracting: [[0], [0]] })).toThrow(/needs numbers.*astype/)
  })
})
