/** Sorting and what depends on order. */
import fc from 'fast-check'
import { sort as sortOperands, topK } from '../../lax/index.ts'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import {
  type OpEntry,
  type Refusal,
  all,
  arbAxis,
  arbShapeOf,
  drawn,
  exact,
  input,
  notATensor,
  refusal,
  shapedCases,
  text,
} from '../entry.ts'

const m23 = (): Tensor => np.ones([2, 3])
const arbSort = fc.record({ value: arbAxis(), descending: fc.boolean() }).map(({ value, descending }) => ({ ...value, descending }))
const badAxis = (name: string, call: (x: Tensor) => unknown): Refusal =>
  refusal('an axis out of range', 'ShapeError', [name, 'axis 2'], () => call(m23()))
const pairs =
  (f: (x: Tensor) => Tensor): NonNullable<OpEntry['special']> =>
  (x, y) =>
    f(np.stack([x as Tensor, y as Tensor], { axis: -1 }))

export const sorting = {
  sort: {
    cases: shapedCases(arbSort, (x, { axis, descending }) => np.sort(x, { axis, descending })),
    accuracy: exact,
    differentiable: true,
    special: pairs(x => np.sort(x)),
    specialArity: 2,
    refused: [notATensor('sort', () => np.sort(text)), badAxis('sort', x => np.sort(x, { axis: 2 }))],
  },
  argsort: {
    cases: shapedCases(arbSort, (x, { axis, descending }) => np.argsort(x, { axis, descending })),
    accuracy: exact,
    differentiable: 'positions',
    special: pairs(x => np.argsort(x)),
    specialArity: 2,
    refused: [notATensor('argsort', () => np.argsort(text)), badAxis('argsort', x => np.argsort(x, { axis: 2 }))],
  },
} satisfies Record<string, OpEntry>

export const laxSorting = {
  sort: {
    cases: drawn(
      fc.record({ value: arbAxis(), key: fc.constantFrom(...all), two: fc.boolean() }),
      ({ value: { shape, axis }, key, two }) => ({
        inputs: [input(shape, key), input(shape, 'float32'), input(shape, 'int32')],
        call: (...xs) => (two ? sortOperands(xs, axis, { numKeys: 2 }) : sortOperands(xs, axis)),
      }),
    ),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('sort', () => sortOperands([text])),
      badAxis('sort', x => sortOperands([x], 2)),
      refusal('nothing', 'ValueError', ['sort', 'at least one'], () => sortOperands([])),
      refusal('more keys than operands', 'ValueError', ['sort', 'numKeys', '2'], () => sortOperands([m23()], 0, { numKeys: 2 })),
      refusal('shapes that differ', 'ShapeError', ['sort', '[2, 3]', '[2, 4]'], () => sortOperands([m23(), np.ones([2, 4])])),
    ],
  },
  topK: {
    cases: shapedCases(fc.record({ shape: arbShapeOf(1), k: fc.nat(9) }), (x, { shape, k }) => topK(x, k % ((shape.at(-1) as number) + 1))),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('topK', () => topK(text, 1)),
      refusal('more than there are', 'ShapeError', ['topK', 'k = 4', '[2, 3]'], () => topK(m23(), 4)),
      refusal('a scalar', 'ShapeError', ['topK', '[]'], () => topK(1, 1)),
    ],
  },
} satisfies Record<string, OpEntry>
