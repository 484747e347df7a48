/** What the op table says of one public function, and the usual ways to draw its inputs. */
import fc from 'fast-check'
import { type DType, isFloat, isUnsigned } from '../dtype.ts'
import type { ErrorKind } from '../errors.ts'
import type { Tensor } from '../tensor.ts'
import type { Case, InputSpec } from './case.ts'
import type { Accuracy } from './compare.ts'

/** A call that must be refused, and how. */
export interface Refusal {
  readonly because: string
  readonly call: () => unknown
  readonly kind: ErrorKind
  /** What the message must contain: the function's name, shapes or values. */
  readonly says: readonly string[]
}

export interface OpEntry {
  /** Valid applications. */
  readonly cases: fc.Arbitrary<Case>
  readonly accuracy: Accuracy
  /** `true`, or why derivatives are not checked ("integers", "piecewise constant"). Kinks are avoided by the drawn ranges. */
  readonly differentiable: true | string
  /** Second derivatives are checked unless a reason is given. */
  readonly secondOrder?: string
  /** float64 inputs are checked unless a reason is given. */
  readonly doubles?: string
  /** Reverse mode is checked unless a reason is given. */
  readonly reverse?: string
  /** vmap is checked unless a reason is given. */
  readonly batched?: string
  /** At most so many cases are drawn for a law: of functions whose cases are large programs. */
  readonly runs?: number
  /** Elementwise functions: law 8 is checked with these arguments at special values. `true`: as many float inputs as `cases` draws. */
  readonly special?: (...inputs: readonly Tensor[]) => Tensor
  readonly specialArity?: 1 | 2
  readonly refused: readonly Refusal[]
}

/** No error at all. */
export const exact: Accuracy = { ulp: 0, of: 'element', reason: 'moves or compares values' }
/** Relative to each value: `ulp` units in the last place. */
export const ulps = (ulp: number, reason: string): Accuracy => ({ ulp, of: 'element', reason })
/** For sums of many terms: relative to the largest term. */
export const summed = (ulp = 16): Accuracy => ({ ulp, of: 'largest', reason: 'sums are rounded in an order of their own' })

const seed = fc.nat(1_000_000)
/** Up to three axes of 0 to 4. */
export const anyShape: fc.Arbitrary<readonly number[]> = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom([17], [3, 9], [2, 2, 7], [130], [3, 350]) },
)
/** `min` to `max` axes of at most 4 elements; `least`: 0 draws empty ones too. */
export const arbShapeOf = (min: number, max = 3, least: 0 | 1 = 0): fc.Arbitrary<readonly number[]> => {
  const size = fc.integer({ min: 1, max: 4 })
  return fc.array(least === 1 ? size : fc.oneof({ weight: 7, arbitrary: size }, { weight: 1, arbitrary: fc.constant(0) }), {
    minLength: min,
    maxLength: max,
  })
}

export type Range = readonly [low: number, high: number]
export const floats: readonly DType[] = ['float32']
export const numbers: readonly DType[] = ['float32', 'int32', 'uint32']
export const integers: readonly DType[] = ['int32', 'uint32']
export const all: readonly DType[] = ['float32', 'int32', 'uint32', 'bool']

const rangeFor = (d: DType, range: Range): Range => (isFloat(d) ? range : isUnsigned(d) ? [0, 9] : d === 'bool' ? [0, 1] : [-9, 9])
/** An input of a shape and dtype. The range is for floats; integers lie in -9..9, unsigned ones in 0..9. */
export const input = (shape: readonly number[], dtype: DType, range: Range = [-2, 2]): InputSpec => ({
  shape,
  dtype,
  range: rangeFor(dtype, range),
})

/** Elementwise functions of one argument. */
export const unaryCases = (
  f: (x: Tensor) => Tensor,
  range: Range = [-2, 2],
  dtypes: readonly DType[] = floats,
  shapes: fc.Arbitrary<readonly number[]> = anyShape,
): fc.Arbitrary<Case> =>
  fc
    .record({ shape: shapes, dtype: fc.constantFrom(...dtypes), seed })
    .map(({ shape, dtype, seed }) => ({ inputs: [input(shape, dtype, range)], call: x => f(x as Tensor), seed }))

/** Shapes that broadcast: the second drops leading axes or has ones. */
export const arbBroadcastOf = (shapes: fc.Arbitrary<readonly number[]>): fc.Arbitrary<readonly [readonly number[], readonly number[]]> =>
  fc
    .record({ shape: shapes, ones: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), drop: fc.nat(3), swap: fc.boolean() })
    .map(({ shape, ones, drop, swap }) => {
      const other = shape.map((n, i) => (ones[i] ? 1 : n)).slice(Math.min(drop, shape.length))
      return swap ? [other, shape] : [shape, other]
    })
export const arbBroadcast: fc.Arbitrary<readonly [readonly number[], readonly number[]]> = arbBroadcastOf(anyShape)

export const binaryCases = (
  f: (x: Tensor, y: Tensor) => Tensor,
  ranges: readonly [Range, Range] = [
    [-2, 2],
    [-2, 2],
  ],
  dtypes: readonly DType[] = numbers,
  shapes: typeof arbBroadcast = arbBroadcast,
): fc.Arbitrary<Case> =>
  fc.record({ shapes, dtype: fc.constantFrom(...dtypes), seed }).map(({ shapes, dtype, seed }) => ({
    inputs: [input(shapes[0], dtype, ranges[0]), input(shapes[1], dtype, ranges[1])],
    call: (x, y) => f(x as Tensor, y as Tensor),
    seed,
  }))

/** Anything else: `make` builds inputs and call from a drawn record. */
export const drawn = <T>(arbitrary: fc.Arbitrary<T>, make: (drawn: T) => Omit<Case, 'seed'>): fc.Arbitrary<Case> =>
  fc.record({ value: arbitrary, seed }).map(({ value, seed }) => ({ options: value, ...make(value), seed }))

/** Functions without inputs: one case each. */
export const constants = (...calls: readonly (() => Tensor | readonly Tensor[])[]): fc.Arbitrary<Case> =>
  fc
    .record({ index: fc.nat(calls.length - 1), seed })
    .map(({ index, seed }) => ({ inputs: [], call: calls[index] as Case['call'], seed, options: `call ${index}` }))

/** One input of a drawn shape and any dtype; `f` gets the drawn record for its options. */
export const shapedCases = <T extends { readonly shape: readonly number[] }>(
  arbitrary: fc.Arbitrary<T>,
  f: (x: Tensor, drawn: T) => Tensor | readonly Tensor[],
  dtypes: readonly DType[] = all,
  range?: Range,
): fc.Arbitrary<Case> =>
  drawn(fc.record({ value: arbitrary, dtype: fc.constantFrom(...dtypes) }), ({ value, dtype }) => ({
    inputs: [input(value.shape, dtype, range)],
    call: x => f(x as Tensor, value),
    options: value,
  }))

/** A shape of `min` to `max` axes with one of its axes, which may count from the end. */
export const arbAxis = (min = 1, max = 3, least: 0 | 1 = 0): fc.Arbitrary<{ readonly shape: readonly number[]; readonly axis: number }> =>
  fc
    .record({ shape: arbShapeOf(min, max, least), pick: fc.nat(99) })
    .map(({ shape, pick }) => ({ shape, axis: (pick % (2 * shape.length)) - shape.length }))

/** Indices into an axis of size n; `outside`: also one before and one behind. */
export const indices = (shape: readonly number[], n: number, outside = false): InputSpec => ({
  shape,
  dtype: 'int32',
  range: outside ? [-1, n] : [0, n - 1],
})

/** A call that must throw an error of `kind` whose message contains all of `says`. */
export const refusal = (because: string, kind: ErrorKind, says: readonly string[], call: () => unknown): Refusal => ({
  because,
  kind,
  says,
  call,
})

/** What is no tensor, for calls that must be refused. */
export const text = 'text' as unknown as Tensor
export const notATensor = (name: string, call: () => unknown): Refusal => refusal('no tensor', 'TreeError', [name], call)
