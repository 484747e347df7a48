/** Reductions along axes, and running ones. */
import fc from 'fast-check'
import type { DType } from '../../dtype.ts'
import * as np from '../../numpy/index.ts'
import type { Reduce, Tensor } from '../../tensor.ts'
import type { Case } from '../case.ts'
import type { Accuracy } from '../compare.ts'
import {
  type OpEntry,
  type Range,
  type Refusal,
  all,
  arbAxis,
  arbShapeOf,
  drawn,
  exact,
  floats,
  input,
  notATensor,
  numbers,
  refusal,
  shapedCases,
  summed,
  text,
  ulps,
} from '../entry.ts'
import { spread } from './linalgDecompositions.ts'

export type Reduction = (x: Tensor, options: np.ReduceFrom) => Tensor
export interface ReductionOptions {
  readonly dtypes?: readonly DType[]
  /** The smallest size of an axis. Default 0. */
  readonly least?: number
  /** The smallest number of axes. Default 0. */
  readonly rank?: number
  readonly range?: Range
  readonly differentiable?: true | string
  readonly refused?: readonly Refusal[]
  /** Law 8 on pairs of special values. Default true. */
  readonly special?: boolean
  /** What is called with input to be refused. Default: the function. */
  readonly bare?: Reduction
  /** The options, besides axes, that it has and that are drawn. Default: none. */
  readonly takes?: 'where' | 'where, initial'
}

/** Where all but those elements are that have an odd position along every axis: no line lacks all. Null for scalars. */
export function notAllOdd({ shape }: Tensor): Tensor | null {
  const even = shape.map((_, axis) => np.equal(np.remainder(np.iota(shape, { axis }), 2), 0))
  return even.length === 0 ? null : even.reduce(np.logicalOr)
}
const leavingOut = (x: Tensor, takes: ReductionOptions['takes']): np.ReduceFrom => ({
  where: notAllOdd(x) ?? true,
  ...(takes === 'where, initial' && { initial: 0.25 }),
})

/** `long`: also sums of more terms than a backend adds up in one block. */
const arbReduction = (
  least: number,
  rank: number,
  long: boolean,
): fc.Arbitrary<{ readonly shape: readonly number[]; readonly masked: boolean; readonly options: Reduce }> =>
  fc
    .record({
      shape: fc.oneof(
        { weight: 9, arbitrary: fc.array(fc.integer({ min: least, max: 5 }), { minLength: rank, maxLength: 3 }) },
        { weight: 1, arbitrary: fc.constantFrom([70], [3, 40], [33, 2], ...(long ? [[2500], [2, 1100], [1030, 3]] : [])) },
      ),
      keepdims: fc.boolean(),
      axes: fc.constantFrom('all', 'first', 'last', 'two'),
      masked: fc.boolean(),
    })
    .map(({ shape, keepdims, axes, masked }) => {
      const n = shape.length
      const axis = axes === 'all' || n === 0 ? undefined : axes === 'first' ? 0 : axes === 'last' || n === 1 ? -1 : [0, n - 1]
      return { shape, masked, options: { keepdims, ...(axis !== undefined && { axis }) } }
    })

/** Cases with one axis, or with none. */
const arbOneAxis = (least: 0 | 1): fc.Arbitrary<{ readonly shape: readonly number[]; readonly options: { readonly axis?: number } }> =>
  fc
    .record({ value: arbAxis(1, 3, least), flat: fc.boolean() })
    .map(({ value: { shape, axis }, flat }) => ({ shape, options: flat ? {} : { axis } }))

/** Functions of one tensor with `axis` and `keepdims`. */
export function reduction(name: string, f: Reduction, accuracy: Accuracy, options: ReductionOptions = {}): OpEntry {
  const { dtypes = floats, least = 0, rank = 0, range, differentiable = true, refused = [], special = true, bare = f, takes } = options
  const call = (x: Tensor, masked: boolean, axes: Reduce): Tensor => f(x, masked ? { ...axes, ...leavingOut(x, takes) } : axes)
  return {
    cases: shapedCases(
      arbReduction(least, rank, accuracy.of === 'largest'),
      (x, { masked, options }) => call(x, masked && takes !== undefined, options),
      dtypes,
      range,
    ),
    accuracy,
    differentiable,
    refused: [
      notATensor(name, () => bare(text, {})),
      refusal('an axis out of range', 'ShapeError', [name, 'axis 2', '2 dimensions'], () => bare(np.ones([2, 3]), { axis: 2 })),
      ...(takes === undefined ? [] : [unfitting(name, bare, takes)]),
      refusal('a duplicate axis', 'ShapeError', [name, 'duplicate'], () => bare(np.ones([2, 3]), { axis: [0, -2] })),
      ...refused,
    ],
    ...(special && { special: (x: Tensor, y: Tensor) => f(np.stack([x, y]), { axis: 0 }), specialArity: 2 as const }),
  }
}
const unfitting = (name: string, f: Reduction, takes: ReductionOptions['takes']): Refusal =>
  refusal('a mask of another shape', 'ShapeError', [name, '[2]', '[2, 3]'], () =>
    f(np.ones([2, 3]), { where: np.ones([2]), ...(takes === 'where, initial' && { initial: 0 }) }),
  )
/** Of extrema. */
const unsaid = (name: string, f: Reduction): Refusal =>
  refusal('a mask without an initial value', 'ValueError', [name, 'initial'], () => f(np.ones([2]), { where: np.ones([2]) }))
export const empty = (name: string, f: Reduction): Refusal =>
  refusal('no elements', 'ShapeError', [name, '[0, 2]'], () => f(np.ones([0, 2]), { axis: 0 }))

export const few: Accuracy = ulps(8, 'a chain of products')
const flat = 'piecewise constant'

export type Running = (x: Tensor, options: np.CumulativeOptions) => Tensor
/** Running reductions; `bare` is called with input to be refused. */
export const running = (name: string, f: Running, accuracy: Accuracy, range?: Range, bare: Running = f): OpEntry => ({
  cases: shapedCases(
    fc.record({ value: arbOneAxis(0), reverse: fc.boolean() }).map(({ value, reverse }) => ({ ...value, reverse })),
    (x, { options, reverse }) => f(x, { ...options, reverse }),
    numbers,
    range,
  ),
  accuracy,
  differentiable: true,
  refused: [
    notATensor(name, () => bare(text, {})),
    refusal('an axis out of range', 'ShapeError', [name, 'axis 1'], () => bare(np.ones([2]), { axis: 1 })),
  ],
})

/** Positions of extrema. */
export const argReduction = (name: string, f: (x: Tensor, options: np.ArgReduce) => Tensor): OpEntry => ({
  cases: shapedCases(
    fc
      .record({ value: arbOneAxis(1), keepdims: fc.boolean() })
      .map(({ value: { shape, options }, keepdims }) => ({ shape, options: { ...options, keepdims } })),
    (x, { options }) => f(x, options),
  ),
  accuracy: exact,
  differentiable: 'positions',
  special: (x, y) => f(np.stack([x as Tensor, y as Tensor]), { axis: 0 }),
  specialArity: 2,
  refused: [
    notATensor(name, () => f(text, {})),
    refusal('an axis out of range', 'ShapeError', [name, 'axis 2'], () => f(np.ones([2, 3]), { axis: 2 })),
    refusal('no elements', 'ShapeError', [name], () => f(np.ones([2, 0]), { axis: 1 })),
  ],
})

/** Tests of two tensors that are equal, nearly equal or different. */
const agreement = (name: string, f: (x: Tensor, y: Tensor) => Tensor): OpEntry => ({
  cases: drawn(fc.record({ shape: arbShapeOf(0), offset: fc.constantFrom(0, 1) }), ({ shape, offset }) => ({
    inputs: [input(shape, 'float32')],
    call: x => f(x as Tensor, np.add(x as Tensor, offset)),
  })),
  accuracy: exact,
  differentiable: 'boolean',
  refused: [notATensor(name, () => f(text, np.ones([2])))],
})

const weighted = fc.record({ value: arbAxis(1, 3, 1), vector: fc.boolean() })
const averageCase = ({
  value: { shape, axis },
  vector,
}: {
  readonly value: { readonly shape: readonly number[]; readonly axis: number }
  readonly vector: boolean
}): Omit<Case, 'seed'> => ({
  inputs: [input(shape, 'float32'), input(vector ? [shape.at(axis) as number] : shape, 'float32', [0.5, 2])],
  call: (x, w) => np.average(x as Tensor, { weights: w as Tensor, axis }),
})

export const reductions = {
  sum: reduction('sum', np.sum, summed(), { dtypes: all, takes: 'where, initial' }),
  prod: reduction('prod', np.prod, few, { dtypes: all, range: [0.5, 1.5], takes: 'where, initial' }),
  mean: reduction('mean', np.mean, summed(), { dtypes: all, least: 1, takes: 'where' }),
  variance: reduction('variance', np.variance, summed(64), { dtypes: numbers, least: 1, special: false, takes: 'where' }),
  std: reduction('std', np.std, summed(64), { least: 2, rank: 1, special: false, takes: 'where' }),
  max: reduction('max', np.max, exact, {
    dtypes: all,
    least: 1,
    refused: [empty('max', np.max), unsaid('max', np.max)],
    takes: 'where, initial',
  }),
  min: reduction('min', np.min, exact, {
    dtypes: all,
    least: 1,
    refused: [empty('min', np.min), unsaid('min', np.min)],
    takes: 'where, initial',
  }),
  ptp: reduction('ptp', np.ptp, ulps(1, 'one rounding'), { dtypes: numbers, least: 1, refused: [empty('ptp', np.ptp)] }),
  all: reduction('all', np.all, exact, { dtypes: all, differentiable: 'boolean', takes: 'where' }),
  any: reduction('any', np.any, exact, { dtypes: all, differentiable: 'boolean', takes: 'where' }),
  countNonzero: reduction('countNonzero', np.countNonzero, exact, { dtypes: all, differentiable: flat }),
  logsumexp: reduction('logsumexp', (x, o) => np.logsumexp(x, o.where === true ? { ...o, b: 2 } : o), summed(), {
    least: 1,
    takes: 'where',
  }),
  average: {
    cases: drawn(weighted, averageCase),
    accuracy: summed(32),
    differentiable: true,
    refused: [
      notATensor('average', () => np.average(text)),
      refusal('weights that do not fit', 'ShapeError', ['average', '[4]', '[2, 3]'], () =>
        np.average(np.ones([2, 3]), { weights: np.ones([4]), axis: 1 }),
      ),
    ],
  },
  allclose: agreement('allclose', (x, y) => np.allclose(x, y)),
  arrayEqual: agreement('arrayEqual', np.arrayEqual),
  argmax: argReduction('argmax', np.argmax),
  argmin: argReduction('argmin', np.argmin),
  norm: {
    cases: fc.oneof(
      {
        weight: 5,
        arbitrary: shapedCases(
          fc.record({
            shape: arbShapeOf(2, 3, 1),
            ord: fc.constantFrom(undefined, 1, 2, 3, Infinity, -Infinity, 0),
            keepdims: fc.boolean(),
          }),
          (x, { ord, keepdims }) => np.norm(x, { keepdims, ...(ord !== undefined && { ord, axis: -1 }) }),
          floats,
        ),
      },
      {
        weight: 5,
        arbitrary: shapedCases(
          fc.record({
            shape: arbShapeOf(2, 3, 1),
            ord: fc.constantFrom('fro' as const, 1, -1, Infinity, -Infinity),
            keepdims: fc.boolean(),
          }),
          (x, { ord, keepdims }) => np.norm(x, { ord, axis: [-2, -1], keepdims }),
          floats,
        ),
      },
      // Large programs.
      {
        weight: 1,
        arbitrary: shapedCases(
          fc.record({ shape: fc.constantFrom([2, 3], [1, 2, 2]), ord: fc.constantFrom('nuc' as const, 2, -2), keepdims: fc.boolean() }),
          (x, { ord, keepdims }) => np.norm(spread(x), { ord, axis: [-2, -1], keepdims }),
          floats,
          [-1, 1],
        ),
      },
    ),
    accuracy: summed(64),
    differentiable: true,
    refused: [
      notATensor('norm', () => np.norm(text)),
      refusal('three axes', 'ShapeError', ['norm', '[1, 2, 3]'], () => np.norm(np.ones([1, 2, 3]), { ord: 1 })),
      refusal('an unknown matrix norm', 'ValueError', ['norm', '3'], () => np.norm(np.ones([2, 3]), { ord: 3 })),
    ],
  },
  vectorNorm: reduction('vectorNorm', (x, o) => np.vectorNorm(x, { ...o, ord: 3 }), summed(64), { least: 1, special: false }),
  cumsum: running('cumsum', np.cumsum, summed()),
  cumprod: running('cumprod', np.cumprod, few, [0.5, 1.5]),
} satisfies Record<string, OpEntry>
