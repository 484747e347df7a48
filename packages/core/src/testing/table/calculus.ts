/** Differences, integrals and interpolation. */
import fc from 'fast-check'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import {
  type OpEntry,
  arbAxis,
  arbShapeOf,
  drawn,
  floats,
  input,
  notATensor,
  numbers,
  refusal,
  shapedCases,
  summed,
  text,
} from '../entry.ts'

const m23 = (): Tensor => np.ones([2, 3])
const dtype = fc.constantFrom(...numbers)
const close = summed(64)

/** Two axes or fewer, of at least two samples along the axis, at positions that may be given. */
const arbSamples = fc
  .record({ value: arbAxis(1, 2, 1), form: fc.constantFrom('plain', 'number', 'positions', 'all'), dtype })
  .map(({ value: { shape, axis }, form, dtype }) => {
    const n = (shape.at(axis) as number) + 1
    return { shape: shape.with((axis + shape.length) % shape.length, n), axis, form, n, dtype }
  })
/** Ascending, at least 0.5 apart. */
const ascending = (steps: Tensor, axis = 0): Tensor => np.cumsum(steps, { axis })

export const calculus = {
  trapezoid: {
    cases: drawn(arbSamples, ({ shape, axis, form, n, dtype }) => ({
      inputs: [
        input(shape, dtype),
        ...(form === 'plain' ? [] : [input(form === 'number' ? [] : form === 'all' ? shape : [n], 'float32', [0.5, 2])]),
      ],
      call: (y, s) => {
        if (s === undefined) return np.trapezoid(y as Tensor, { axis })
        return np.trapezoid(y as Tensor, { axis, ...(form === 'number' ? { dx: s } : { x: ascending(s, form === 'all' ? axis : 0) }) })
      },
    })),
    accuracy: close,
    differentiable: true,
    refused: [
      notATensor('trapezoid', () => np.trapezoid(text)),
      refusal('an axis out of range', 'ShapeError', ['trapezoid', 'axis 2'], () => np.trapezoid(m23(), { axis: 2 })),
      refusal('positions that do not fit', 'ShapeError', ['trapezoid', '[4]', '[2, 3]'], () => np.trapezoid(m23(), { x: np.ones([4]) })),
    ],
  },
  ediff1d: {
    cases: drawn(
      fc.record({ shape: arbShapeOf(1, 2), before: fc.nat(2), behind: fc.nat(2), dtype }),
      ({ shape, before, behind, dtype }) => ({
        inputs: [input(shape, dtype), input([before], dtype), input([behind], dtype)],
        call: (x, toBegin, toEnd) =>
          np.ediff1d(x as Tensor, { ...(before > 0 && { toBegin }), ...(behind > 0 && { toEnd }) } as np.Ediff1d),
      }),
    ),
    accuracy: summed(2),
    differentiable: true,
    refused: [notATensor('ediff1d', () => np.ediff1d(text))],
  },
  gradient: {
    cases: drawn(arbSamples, ({ shape, axis, form, n, dtype }) => ({
      inputs: [
        input(
          shape.map(m => Math.max(2, m)),
          dtype,
        ),
        ...(form === 'plain' ? [] : [input(form === 'number' ? [] : [n], 'float32', [0.5, 2])]),
      ],
      call: (x, s) => {
        if (s === undefined) return np.gradient(x as Tensor)
        return np.gradient(x as Tensor, { axis, spacing: form === 'number' ? s : ascending(s) })
      },
    })),
    accuracy: close,
    differentiable: true,
    refused: [
      notATensor('gradient', () => np.gradient(text)),
      refusal('an axis out of range', 'ShapeError', ['gradient', 'axis 2'], () => np.gradient(m23(), { axis: 2 })),
      refusal('one sample', 'ShapeError', ['gradient', '[1, 3]'], () => np.gradient(np.ones([1, 3]), { axis: 0 })),
      refusal('positions that do not fit', 'ShapeError', ['gradient', '[4]', '[2, 3]'], () =>
        np.gradient(m23(), { axis: 1, spacing: np.ones([4]) }),
      ),
      refusal('another number of spacings', 'ValueError', ['gradient', '3 spacings', '2 axes'], () =>
        np.gradient(m23(), { spacing: [1, 2, 3] }),
      ),
    ],
  },
  interp: {
    cases: drawn(
      fc.record({
        shape: arbShapeOf(0, 2),
        n: fc.constantFrom(1, 2, 5),
        ends: fc.constantFrom('values', 'numbers', 'lines', 'period'),
      }),
      ({ shape, n, ends }) => ({
        inputs: [input(shape, 'float32', [-1, 4]), input([n], 'float32', [0.5, 1]), input([n], 'float32')],
        call: (x, steps, fp) => {
          const options: np.Interp =
            ends === 'numbers'
              ? { left: -1, right: 7 }
              : ends === 'lines'
                ? { left: 'extrapolate', right: 'extrapolate' }
                : ends === 'period'
                  ? { period: 7 }
                  : {}
          return np.interp(x as Tensor, np.cumsum(steps as Tensor), fp as Tensor, options)
        },
      }),
    ),
    accuracy: close,
    differentiable: true,
    refused: [
      notATensor('interp', () => np.interp(text, np.ones([2]), np.ones([2]))),
      refusal('points that do not pair up', 'ShapeError', ['interp', '[2]', '[3]'], () => np.interp(1, np.ones([2]), np.ones([3]))),
      refusal('no points', 'ShapeError', ['interp', '[0]'], () => np.interp(1, np.zeros([0]), np.zeros([0]))),
    ],
  },
  unwrap: {
    // Differences of drawn numbers are near multiples of 2^-8, odd multiples of pi are not: no jump is taken out at one side of a difference only.
    cases: shapedCases(arbAxis(1, 2), (x, { axis }) => np.unwrap(x, { axis }), floats, [-10, 10]),
    accuracy: close,
    differentiable: true,
    refused: [
      notATensor('unwrap', () => np.unwrap(text)),
      refusal('an axis out of range', 'ShapeError', ['unwrap', 'axis 2'], () => np.unwrap(m23(), { axis: 2 })),
      refusal('a period of nothing', 'ValueError', ['unwrap', '0'], () => np.unwrap(m23(), { period: 0 })),
    ],
  },
} satisfies Record<string, OpEntry>
