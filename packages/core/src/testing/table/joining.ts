/** Further functions that move elements: joining, splitting, turning, resizing. */
import fc from 'fast-check'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import {
  type OpEntry,
  type Refusal,
  all,
  anyShape,
  arbAxis,
  arbBroadcast,
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
const dtype = fc.constantFrom(...all)
const entry = (cases: OpEntry['cases'], refused: readonly Refusal[]): OpEntry => ({ cases, accuracy: exact, differentiable: true, refused })

/** Several tensors of a shape, of which one axis differs. */
const several = (
  shape: fc.Arbitrary<{ readonly shape: readonly number[]; readonly axis?: number }>,
  f: (xs: readonly Tensor[]) => Tensor,
): OpEntry['cases'] =>
  drawn(fc.record({ value: shape, sizes: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }), dtype }), d => ({
    inputs: d.sizes.map(n => input(d.value.axis === undefined ? d.value.shape : d.value.shape.with(d.value.axis, n), d.dtype)),
    call: (...xs) => f(xs),
  }))
const fixed = (min: number, max: number): fc.Arbitrary<{ readonly shape: readonly number[] }> =>
  arbShapeOf(min, max).map(shape => ({ shape }))
const along = (axis: number, min: number, max: number): fc.Arbitrary<{ readonly shape: readonly number[]; readonly axis: number }> =>
  arbShapeOf(min, max).map(shape => ({ shape, axis }))

const splitting = (name: string, f: (x: Tensor, parts: number | readonly number[]) => readonly Tensor[], axis: number): OpEntry =>
  entry(
    shapedCases(
      fc
        .record({ shape: arbShapeOf(Math.max(2, axis + 1)), parts: fc.integer({ min: 1, max: 3 }), isEven: fc.boolean() })
        .map(({ shape, ...rest }) => ({ ...rest, shape: shape.with(axis, rest.parts * 2) })),
      (x, { parts, isEven }) => f(x, isEven ? parts : [1, parts]),
    ),
    [
      notATensor(name, () => f(text, 1)),
      refusal('too few axes', 'ShapeError', [name, '[]'], () => f(np.scalar(1), 1)),
      refusal('parts that do not divide the axis', 'ShapeError', [name, '2 equal parts'], () => f(np.ones([3, 3, 3]), 2)),
    ],
  )

export const joining = {
  append: entry(
    drawn(fc.record({ value: arbAxis(), n: fc.nat(3), flat: fc.boolean(), dtype }), ({ value: { shape, axis }, n, flat, dtype }) => ({
      inputs: [input(shape, dtype), input(flat ? [n] : shape.with((axis + shape.length) % shape.length, n), dtype)],
      call: (x, y) => np.append(x as Tensor, y as Tensor, flat ? {} : { axis }),
    })),
    [
      notATensor('append', () => np.append(text, 1)),
      refusal('an axis out of range', 'ShapeError', ['append', 'axis 2'], () => np.append(m23(), m23(), { axis: 2 })),
      refusal('shapes that do not fit', 'ShapeError', ['append', '[2, 3]', '[2, 4]'], () => np.append(m23(), np.ones([2, 4]), { axis: 0 })),
    ],
  ),
  columnStack: entry(fc.oneof(several(fixed(1, 1), np.columnStack), several(along(1, 2, 3), np.columnStack)), [
    notATensor('columnStack', () => np.columnStack([text])),
    refusal('rows differ', 'ShapeError', ['columnStack', '[2, 3]', '[3, 1]'], () => np.columnStack([m23(), np.ones([3])])),
    refusal('nothing', 'ValueError', ['columnStack', 'at least one'], () => np.columnStack([])),
  ]),
  dstack: entry(fc.oneof(several(fixed(0, 2), np.dstack), several(along(2, 3, 3), np.dstack)), [
    notATensor('dstack', () => np.dstack([text])),
    refusal('other axes differ', 'ShapeError', ['dstack', '[2, 3, 1]', '[2, 4, 1]'], () => np.dstack([m23(), np.ones([2, 4])])),
    refusal('nothing', 'ValueError', ['dstack', 'at least one'], () => np.dstack([])),
  ]),
  block: entry(
    drawn(
      fc.record({
        rows: fc.array(fc.nat(3), { minLength: 1, maxLength: 2 }),
        columns: fc.array(fc.nat(3), { minLength: 1, maxLength: 2 }),
        dtype,
      }),
      ({ rows, columns, dtype }) => ({
        inputs: rows.flatMap(m => columns.map(n => input([m, n], dtype))),
        call: (...xs) => np.block(rows.map((_, i) => columns.map((__, k) => xs[i * columns.length + k] as Tensor))),
      }),
    ),
    [
      notATensor('block', () => np.block([text])),
      refusal('an empty list', 'ValueError', ['block', 'blocks[1]'], () => np.block([[m23()], []])),
      refusal('lists of different depths', 'ShapeError', ['block', 'blocks[1]', '0 deep'], () => np.block([[m23()], m23()])),
      refusal('blocks that do not fit', 'ShapeError', ['block', '[2, 3]', '[3, 3]'], () => np.block([m23(), np.ones([3, 3])])),
    ],
  ),
  atleast3d: entry(
    shapedCases(fixed(0, 3), x => np.atleast3d(x)),
    [notATensor('atleast3d', () => np.atleast3d(text))],
  ),
  vsplit: splitting('vsplit', np.vsplit, 0),
  hsplit: splitting('hsplit', np.hsplit, 1),
  dsplit: splitting('dsplit', np.dsplit, 2),
  flipud: entry(
    shapedCases(fixed(1, 3), x => np.flipud(x)),
    [notATensor('flipud', () => np.flipud(text)), refusal('a scalar', 'ShapeError', ['flipud', '[]'], () => np.flipud(1))],
  ),
  fliplr: entry(
    shapedCases(fixed(2, 3), x => np.fliplr(x)),
    [notATensor('fliplr', () => np.fliplr(text)), refusal('a vector', 'ShapeError', ['fliplr', '[3]'], () => np.fliplr(np.ones([3])))],
  ),
  rollaxis: entry(
    shapedCases(
      fc.record({ value: arbAxis(), start: fc.nat(99) }).map(({ value, start }) => ({ ...value, start: start % (value.shape.length + 1) })),
      (x, { axis, start }) => np.rollaxis(x, axis, { start }),
    ),
    [
      notATensor('rollaxis', () => np.rollaxis(text, 0)),
      refusal('an axis out of range', 'ShapeError', ['rollaxis', 'axis 2'], () => np.rollaxis(m23(), 2)),
      refusal('a start out of range', 'ShapeError', ['rollaxis', 'axis 3'], () => np.rollaxis(m23(), 0, { start: 3 })),
    ],
  ),
  resize: entry(
    shapedCases(fc.record({ shape: anyShape, target: arbShapeOf(0, 3) }), (x, { target }) => np.resize(x, target)),
    [
      notATensor('resize', () => np.resize(text, [1])),
      refusal('a negative size', 'ShapeError', ['resize', '[-1]'], () => np.resize(m23(), [-1])),
    ],
  ),
  copy: entry(
    shapedCases(
      anyShape.map(shape => ({ shape })),
      x => np.copy(x),
    ),
    [notATensor('copy', () => np.copy(text))],
  ),
  asarray: entry(
    shapedCases(fc.record({ shape: anyShape, typed: fc.boolean() }), (x, { typed }) => np.asarray(x, typed ? { dtype: 'float32' } : {})),
    [
      refusal('an unknown dtype', 'DTypeError', ['asarray', 'complex64'], () => np.asarray(m23(), { dtype: 'complex64' as never })),
      refusal('text', 'TreeError', ['array'], () => np.asarray(text)),
    ],
  ),
  arrayEquiv: {
    ...entry(
      drawn(fc.record({ shapes: arbBroadcast, same: fc.boolean(), dtype }), ({ shapes: [a, b], same, dtype }) => ({
        inputs: [input(a, dtype), input(b, dtype)],
        call: (x, y) => np.arrayEquiv(x as Tensor, same ? (x as Tensor) : (y as Tensor)),
      })),
      [notATensor('arrayEquiv', () => np.arrayEquiv(text, 1))],
    ),
    differentiable: 'boolean',
  },
} satisfies Record<string, OpEntry>
