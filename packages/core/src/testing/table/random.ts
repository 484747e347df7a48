/** Random draws as functions of a key's words: the same on every backend, bit for bit where no logarithm is taken. */
import fc from 'fast-check'
import * as np from '../../numpy/index.ts'
import * as random from '../../random/index.ts'
import type { Tensor } from '../../tensor.ts'
import type { Case, InputSpec } from '../case.ts'
import type { Accuracy } from '../compare.ts'
import { type OpEntry, type Refusal, arbAxis, anyShape, arbShapeOf, drawn, exact, input, refusal, ulps } from '../entry.ts'

/** The words of a key. */
export const words: InputSpec = { shape: [2], dtype: 'uint32', range: [0, 2 ** 32 - 1] }
type Shape = readonly number[]
type Key = random.Key

/** A draw with a key and other inputs. */
export const draws = <T>(
  arbitrary: fc.Arbitrary<T>,
  others: (drawn: T) => readonly InputSpec[],
  f: (key: Key, drawn: T, ...others: readonly Tensor[]) => Tensor | readonly Tensor[],
): fc.Arbitrary<Case> =>
  drawn(arbitrary, value => ({ inputs: [words, ...others(value)], call: (w, ...xs) => f(random.wrapKeyData(w as Tensor), value, ...xs) }))

/** Relative to 1: the uniform number that a draw is made of is rounded there. */
export const near1 = (ulp: number): Accuracy => ({ ulp, of: 1, reason: 'made of a rounded uniform number' })

export const noKey = (name: string, call: (key: Key) => unknown): Refusal =>
  refusal('no key', 'TreeError', [name, 'key'], () => call(np.ones([2]) as unknown as Key))
export const manyKeys = (name: string, call: (key: Key) => unknown): Refusal =>
  refusal('a batch of keys', 'ShapeError', [name, '[3]', 'vmap'], () => call(random.splitBatch(random.key(0), 3)))
export const onlyFloats = (name: string, call: (dtype: 'int32') => unknown): Refusal =>
  refusal('an integer dtype', 'DTypeError', [name, 'int32'], () => call('int32'))

type Draw = (key: Key, shape: Shape, options?: random.FloatOptions) => Tensor
export const ofShape = (name: string, f: Draw, accuracy: Accuracy): OpEntry => ({
  cases: draws(anyShape, () => [], f),
  accuracy,
  differentiable: 'no input but the key',
  refused: [
    noKey(name, k => f(k, [])),
    manyKeys(name, k => f(k, [])),
    onlyFloats(name, dtype => f(random.key(0), [], { dtype })),
    refusal('a negative size', 'ShapeError', [name, '[-1]'], () => f(random.key(0), [-1])),
  ],
})

/** Draws between bounds that broadcast to the shape: reparametrised, so that the bounds have derivatives. */
const bounded = (
  f: (key: Key, shape: Shape, low: Tensor, high: Tensor) => Tensor,
  accuracy: Accuracy,
): Pick<OpEntry, 'cases' | 'accuracy' | 'differentiable'> => ({
  cases: draws(
    arbShapeOf(0),
    shape => [input(shape.slice(1), 'float32', [-2, -1]), input(shape, 'float32', [1, 2])],
    (k, shape, low, high) => f(k, shape, low as Tensor, high as Tensor),
  ),
  accuracy,
  differentiable: true,
})

/** The probability of a smaller normal number, times 2, less 1: in the tails the numbers themselves amplify a rounding without bound. */
const probability = (x: Tensor): Tensor => np.erf(np.multiply(x, Math.SQRT1_2))

const m3 = (): Tensor => np.ones([3])

export const draw = {
  bits: {
    cases: draws(anyShape, () => [], random.bits),
    accuracy: exact,
    differentiable: 'integers',
    refused: [
      noKey('bits', random.bits),
      manyKeys('bits', random.bits),
      refusal('a negative size', 'ShapeError', ['bits', '[-1]'], () => random.bits(random.key(0), [-1])),
    ],
  },
  uniform: {
    ...bounded((k, shape, minval, maxval) => random.uniform(k, shape, { minval, maxval }), near1(4)),
    refused: ofShape('uniform', random.uniform, exact).refused,
  },
  truncatedNormal: {
    ...bounded((k, shape, low, high) => random.truncatedNormal(k, low, high, shape), near1(64)),
    refused: [
      noKey('truncatedNormal', k => random.truncatedNormal(k, -1, 1)),
      onlyFloats('truncatedNormal', dtype => random.truncatedNormal(random.key(0), -1, 1, [], { dtype })),
    ],
  },
  normal: {
    ...ofShape('normal', random.normal, near1(8)),
    cases: draws(
      anyShape,
      () => [],
      (k, shape) => probability(random.normal(k, shape)),
    ),
  },
  exponential: ofShape('exponential', random.exponential, ulps(4, 'a logarithm')),
  gumbel: ofShape('gumbel', random.gumbel, near1(4)),
  bernoulli: {
    cases: draws(
      anyShape,
      shape => [input(shape, 'float32', [0.1, 0.9])],
      (k, _, p) => random.bernoulli(k, p as Tensor),
    ),
    accuracy: exact,
    differentiable: 'boolean',
    refused: [
      noKey('bernoulli', k => random.bernoulli(k)),
      refusal('no probability', 'TreeError', ['bernoulli'], () => random.bernoulli(random.key(0), 'half' as never)),
    ],
  },
  randint: {
    cases: draws(
      arbShapeOf(0),
      shape => [
        { shape, dtype: 'int32', range: [-9, 0] },
        { shape: [], dtype: 'int32', range: [1, 1000] },
      ],
      (k, shape, low, high) => random.randint(k, shape, low as Tensor, high as Tensor),
    ),
    accuracy: exact,
    differentiable: 'integers',
    refused: [
      noKey('randint', k => random.randint(k, [], 0, 2)),
      refusal('a fraction as bound', 'ValueError', ['randint', '0.5'], () => random.randint(random.key(0), [], 0.5, 2)),
      refusal('a float dtype', 'DTypeError', ['randint', 'float32'], () =>
        random.randint(random.key(0), [], 0, 2, { dtype: 'float32' as never }),
      ),
    ],
  },
  categorical: {
    cases: draws(
      arbAxis(1, 3, 1),
      ({ shape }) => [input(shape, 'float32')],
      (k, { axis }, logits) => random.categorical(k, logits as Tensor, { axis }),
    ),
    accuracy: exact,
    differentiable: 'positions',
    refused: [
      noKey('categorical', k => random.categorical(k, m3())),
      refusal('an axis out of range', 'ShapeError', ['categorical', 'axis 1'], () => random.categorical(random.key(0), m3(), { axis: 1 })),
      refusal('a shape that does not end with the batch', 'ShapeError', ['categorical', '[4]', '[2]'], () =>
        random.categorical(random.key(0), np.ones([2, 3]), { shape: [4] }),
      ),
    ],
  },
  permutation: {
    cases: draws(
      fc.record({ value: arbAxis(), independent: fc.boolean() }),
      ({ value }) => [input(value.shape, 'float32')],
      (k, { value: { axis }, independent }, x) => random.permutation(k, x as Tensor, { axis, independent }),
    ),
    accuracy: exact,
    differentiable: true,
    refused: [
      noKey('permutation', k => random.permutation(k, 3)),
      refusal('a negative number', 'ValueError', ['permutation', '-1'], () => random.permutation(random.key(0), -1)),
      refusal('an axis out of range', 'ShapeError', ['permutation', 'axis 1'], () => random.permutation(random.key(0), m3(), { axis: 1 })),
    ],
  },
  choice: {
    cases: draws(
      fc.record({ value: arbAxis(1, 3, 1), replace: fc.boolean(), weighted: fc.boolean() }),
      ({ value: { shape, axis } }) => [
        input(shape, 'float32'),
        { ...input([shape.at(axis) as number], 'float32', [0.5, 2]), constant: true },
      ],
      (k, { value: { axis }, replace, weighted }, x, p) =>
        random.choice(k, x as Tensor, [1], { axis, replace, ...(weighted && { p: np.divide(p as Tensor, np.sum(p as Tensor)) }) }),
    ),
    accuracy: exact,
    differentiable: true,
    refused: [
      noKey('choice', k => random.choice(k, 3)),
      refusal('nothing to choose from', 'ValueError', ['choice', '0'], () => random.choice(random.key(0), 0)),
      refusal('too many without replacement', 'ValueError', ['choice', '4 of 3'], () =>
        random.choice(random.key(0), 3, [4], { replace: false }),
      ),
      refusal('probabilities of others', 'ShapeError', ['choice', '[3]', '[2]'], () =>
        random.choice(random.key(0), 3, [], { p: np.ones([2]) }),
      ),
    ],
  },
  split: {
    cases: draws(
      fc.integer({ min: 1, max: 4 }),
      () => [],
      (k, n) => random.split(k, n).map(random.keyData),
    ),
    accuracy: exact,
    differentiable: 'integers',
    refused: [
      noKey('split', k => random.split(k)),
      manyKeys('split', k => random.split(k)),
      refusal('a negative number', 'ValueError', ['split', '-1'], () => random.split(random.key(0), -1 as number)),
    ],
  },
  splitBatch: {
    cases: draws(
      anyShape,
      () => [],
      (k, shape) => random.keyData(random.splitBatch(k, shape)),
    ),
    accuracy: exact,
    differentiable: 'integers',
    refused: [noKey('splitBatch', k => random.splitBatch(k, 2)), manyKeys('splitBatch', k => random.splitBatch(k, 2))],
  },
  foldIn: {
    cases: draws(
      fc.constant(null),
      () => [{ shape: [], dtype: 'int32', range: [-9, 99] }],
      (k, _, data) => random.keyData(random.foldIn(k, data as Tensor)),
    ),
    accuracy: exact,
    differentiable: 'integers',
    refused: [
      noKey('foldIn', k => random.foldIn(k, 1)),
      refusal('a fraction', 'ValueError', ['foldIn', '0.5'], () => random.foldIn(random.key(0), 0.5)),
      refusal('a vector', 'ShapeError', ['foldIn', '[3]'], () => random.foldIn(random.key(0), np.zeros([3], { dtype: 'int32' }))),
    ],
  },
  key: {
    cases: drawn(fc.constant(null), () => ({
      inputs: [{ shape: [], dtype: 'int32', range: [0, 99999] }],
      call: seed => random.keyData(random.key(seed as Tensor)),
    })),
    accuracy: exact,
    differentiable: 'integers',
    refused: [
      refusal('a fraction', 'ValueError', ['key', '0.5'], () => random.key(0.5)),
      refusal('a float tensor', 'DTypeError', ['key', 'float32'], () => random.key(np.scalar(1))),
    ],
  },
} satisfies Record<string, OpEntry>
