/** JAX's `lax` names for functions in general or other forms. Those that are a function of numpy have its entry. */
import fc from 'fast-check'
import * as lax from '../../lax/index.ts'
import * as np from '../../numpy/index.ts'
import { broadcastShapes } from '../../shape.ts'
import type { Tensor } from '../../tensor.ts'
import {
  type OpEntry,
  type Refusal,
  all,
  arbAxis,
  arbBroadcast,
  anyShape,
  arbShapeOf,
  constants,
  drawn,
  exact,
  input,
  notATensor,
  refusal,
  shapedCases,
  summed,
  text,
  ulps,
} from '../entry.ts'
import { control } from './control.ts'
import { convolution } from './convolution.ts'
import { elementwise, math, unary } from './elementwise.ts'
import { laxIndexing } from './indexing.ts'
import { dotGeneral } from './linalg.ts'
import { reductions, running } from './reductions.ts'
import { shapes } from './shape.ts'
import { laxSolving } from './linearSolve.ts'
import { laxSorting } from './sorting.ts'

const anyDType = fc.constantFrom(...all)
const m23 = (): Tensor => np.ones([2, 3])
const moves = (cases: OpEntry['cases'], refused: readonly Refusal[]): OpEntry => ({ cases, accuracy: exact, differentiable: true, refused })

/** Low, high and interior padding of each axis; negative ones cut off. */
const arbPad = fc
  .record({
    shape: arbShapeOf(1),
    low: fc.integer({ min: -2, max: 3 }),
    high: fc.integer({ min: -2, max: 3 }),
    interior: fc.nat(2),
    dtype: anyDType,
  })
  .map(({ shape, low, high, interior, dtype }) => ({
    shape,
    dtype,
    config: shape.map((n, k) => {
      const room = n + (n - 1) * interior,
        cut = Math.max(-room, k === 0 ? low : 0)
      return [cut, Math.max(-room - Math.min(0, cut), high), interior] as const
    }),
  }))

/** Axes of x among those of a larger shape. */
const arbInDim = fc
  .record({ shape: arbShapeOf(1), keep: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), ones: fc.boolean() })
  .map(({ shape, keep, ones }) => {
    const dimensions = shape.flatMap((_, k) => (keep[k] ? [k] : []))
    return { target: shape, dimensions, shape: dimensions.map((k, i) => (ones && i === 0 ? 1 : (shape[k] as number))) }
  })

const operators = {
  pad: moves(
    drawn(arbPad, ({ shape, config, dtype }) => ({
      inputs: [input(shape, dtype), input([], dtype)],
      call: (x, v) => lax.pad(x as Tensor, v as Tensor, config),
    })),
    [
      notATensor('pad', () => lax.pad(text, 0, [])),
      refusal('too few entries', 'ShapeError', ['pad', '[2, 3]'], () => lax.pad(m23(), 0, [[1, 1, 0]])),
      refusal('more cut off than there is', 'ShapeError', ['pad', '[2, 3]'], () =>
        lax.pad(m23(), 0, [
          [-2, -1, 0],
          [0, 0, 0],
        ]),
      ),
      refusal('a value that is no scalar', 'ShapeError', ['pad'], () =>
        lax.pad(m23(), np.ones([2]), [
          [0, 0, 0],
          [0, 0, 0],
        ]),
      ),
    ],
  ),
  rev: moves(
    shapedCases(arbAxis(), (x, { axis }) => lax.rev(x, [axis])),
    [notATensor('', () => lax.rev(text, [0])), refusal('an axis out of range', 'ShapeError', ['axis 2'], () => lax.rev(m23(), [2]))],
  ),
  select: moves(
    drawn(arbBroadcast, ([a, b]) => {
      const shape = broadcastShapes('select', a, b)
      return {
        inputs: [input(shape, 'bool'), input(shape, 'float32'), input(shape, 'float32')],
        call: (p, x, y) => lax.select(p as Tensor, x as Tensor, y as Tensor),
      }
    }),
    [refusal('shapes that do not broadcast', 'ShapeError', ['[2]', '[3]'], () => lax.select(np.ones([2]).astype('bool'), np.ones([3]), 0))],
  ),
  clamp: moves(
    drawn(anyShape, shape => ({
      inputs: [input([], 'float32', [-1.5, -0.5]), input(shape, 'float32'), input(shape, 'float32', [0.5, 1.5])],
      call: (low, x, high) => lax.clamp(low as Tensor, x as Tensor, high as Tensor),
    })),
    [
      notATensor('clamp', () => lax.clamp(0, text, 1)),
      refusal('shapes that do not broadcast', 'ShapeError', ['[2]', '[3]'], () => lax.clamp(np.ones([2]), np.ones([3]), 1)),
    ],
  ),
  concatenate: moves(
    drawn(fc.record({ value: arbAxis(), dtype: anyDType }), ({ value: { shape, axis }, dtype }) => ({
      inputs: [input(shape, dtype), input(shape, dtype)],
      call: (...xs) => lax.concatenate(xs, axis),
    })),
    shapes.concatenate.refused,
  ),
  broadcastInDim: moves(
    shapedCases(arbInDim, (x, { target, dimensions }) => lax.broadcastInDim(x, target, dimensions)),
    [
      notATensor('broadcastInDim', () => lax.broadcastInDim(text, [1], [])),
      refusal('axes that do not ascend', 'ShapeError', ['broadcastInDim', '[1, 0]', '[2, 3]'], () =>
        lax.broadcastInDim(m23(), [3, 2], [1, 0]),
      ),
      refusal('too few axes', 'ShapeError', ['broadcastInDim', '[0]', '[2, 3]'], () => lax.broadcastInDim(m23(), [2, 3], [0])),
    ],
  ),
  iota: {
    cases: constants(
      () => lax.iota('int32', 5),
      () => lax.iota('float32', 0),
    ),
    accuracy: exact,
    differentiable: 'no inputs',
    refused: [refusal('a negative size', 'ShapeError', ['iota', '[-1]'], () => lax.iota('int32', -1))],
  },
  broadcastedIota: {
    cases: constants(
      () => lax.broadcastedIota('int32', [2, 3], 0),
      () => lax.broadcastedIota('float32', [2, 3], 1),
    ),
    accuracy: exact,
    differentiable: 'no inputs',
    refused: [refusal('an axis out of range', 'ShapeError', ['axis 2'], () => lax.broadcastedIota('int32', [2, 3], 2))],
  },
  optimizationBarrier: {
    cases: drawn(fc.record({ shape: arbShapeOf(0, 2), dtype: anyDType }), ({ shape, dtype }) => ({
      inputs: [input(shape, dtype), input([2], 'float32')],
      call: (x, y) => {
        const [a, b] = lax.optimizationBarrier([np.add(x as Tensor, 1), np.sin(y as Tensor)])
        return [a as Tensor, np.sin(b as Tensor)]
      },
    })),
    accuracy: ulps(4, 'two sines'),
    differentiable: true,
    refused: [],
  },
  stopGradient: {
    cases: shapedCases(
      anyShape.map(shape => ({ shape })),
      x => lax.stopGradient(x),
    ),
    accuracy: exact,
    differentiable: 'zero by definition',
    refused: [],
  },
  logistic: unary('logistic', lax.logistic, { ...math, floor: 2 ** -126 }),
  cummax: running('cummax', lax.cummax, exact),
  cummin: running('cummin', lax.cummin, exact),
  cumlogsumexp: running('cumlogsumexp', lax.cumlogsumexp, summed(32)),
} satisfies Record<string, OpEntry>

const aliases = {
  convertElementType: elementwise.astype,
  bitcastConvertType: elementwise.bitcast,
  cumsum: reductions.cumsum,
  cumprod: reductions.cumprod,
  reshape: shapes.reshape,
  squeeze: shapes.squeeze,
  expandDims: shapes.expandDims,
  transpose: shapes.transpose,
  cond: control.cond,
  switch_: control.switch_,
  scan: control.scan,
  whileLoop: control.whileLoop,
  foriLoop: control.foriLoop,
} satisfies Record<string, OpEntry>

export const laxTable = {
  dotGeneral,
  ...convolution,
  ...laxIndexing,
  ...laxSorting,
  ...laxSolving,
  ...operators,
  ...aliases,
} satisfies Record<string, OpEntry>
