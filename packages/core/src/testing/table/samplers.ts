/** Draws from distributions with parameters, and of vectors. */
import fc from 'fast-check'
import { logistic } from '../../primitives/exponential.ts'
import * as np from '../../numpy/index.ts'
import * as random from '../../random/index.ts'
import type { Tensor } from '../../tensor.ts'
import type { Accuracy } from '../compare.ts'
import { type OpEntry, type Range, type Refusal, anyShape, exact, input, refusal, summed, ulps } from '../entry.ts'
import { draws, manyKeys, near1, noKey, ofShape, onlyFloats } from './random.ts'
import { spread } from './linalgDecompositions.ts'

type Key = random.Key
type Shape = readonly number[]

/** Each case compiles loops. */
const runs = 4
const implicit = 'implicit: not the derivative of the draw at a fixed key. Compared with JAX and with moments in test/random'

/** Distributions with one parameter, which may be broadcast. */
const withParameter = (
  name: string,
  f: (key: Key, a: Tensor, shape?: Shape, options?: random.FloatOptions) => Tensor,
  range: Range,
  accuracy: Accuracy = near1(64),
): OpEntry => ({
  cases: draws(
    fc.constantFrom<(readonly [Shape, Shape])[]>([[3], [3]], [[], [2]], [[2], [2, 2]]),
    ([own]) => [input(own, 'float32', range)],
    (k, [, shape], a) => f(k, a as Tensor, shape),
  ),
  accuracy,
  runs,
  differentiable: implicit,
  refused: [
    noKey(name, k => f(k, np.ones([2]))),
    manyKeys(name, k => f(k, np.ones([2]))),
    onlyFloats(name, dtype => f(random.key(0), np.ones([2]), [2], { dtype })),
    otherShape(name, k => f(k, np.ones([2]), [3])),
  ],
})
const otherShape = (name: string, call: (key: Key) => unknown): Refusal =>
  refusal('a parameter of another shape', 'ShapeError', [name, '[2]', '[3]'], () => call(random.key(0)))

const integer: Pick<OpEntry, 'accuracy' | 'differentiable'> = { accuracy: exact, differentiable: 'integers' }

/** Compared by probabilities: in the tails the draws themselves amplify the rounding of the uniform number without bound. */
const byProbability = (name: string, f: Parameters<typeof ofShape>[1], probability: (x: Tensor) => Tensor): OpEntry => ({
  ...ofShape(name, f, near1(16)),
  cases: draws(
    anyShape,
    () => [],
    (k, shape) => probability(f(k, shape)),
  ),
})

export const samplers = {
  laplace: byProbability('laplace', random.laplace, x => np.multiply(np.sign(x), np.expm1(np.negative(np.abs(x))))),
  logistic: byProbability('logistic', random.logistic, logistic),
  cauchy: byProbability('cauchy', random.cauchy, np.arctan),
  rademacher: {
    cases: draws(
      fc.constantFrom<Shape[]>([], [5]),
      () => [],
      (k, shape) => random.rademacher(k, shape),
    ),
    ...integer,
    refused: [
      noKey('rademacher', k => random.rademacher(k)),
      refusal('a dtype without sign', 'DTypeError', ['rademacher', 'uint32'], () =>
        random.rademacher(random.key(0), [], { dtype: 'uint32' }),
      ),
    ],
  },
  loggamma: withParameter('loggamma', random.loggamma, [0.3, 4]),
  gamma: withParameter('gamma', random.gamma, [0.3, 4], ulps(128, 'an exponential')),
  chisquare: withParameter('chisquare', random.chisquare, [0.6, 6], ulps(128, 'an exponential')),
  t: withParameter('t', random.t, [1, 6], {
    ...ulps(256, 'made of a normal number and an exponential'),
    // Normal numbers come from uniform ones in (-1, 1): near 0 they are exact to a part of 1, not of themselves.
    floor: 2 ** -21,
  }),
  beta: {
    cases: draws(
      fc.constantFrom<Shape[]>([2], []),
      shape => [input(shape, 'float32', [0.3, 4]), input([2], 'float32', [0.3, 4])],
      (k, _, a, b) => random.beta(k, a as Tensor, b as Tensor),
    ),
    accuracy: near1(64),
    runs,
    differentiable: implicit,
    refused: [noKey('beta', k => random.beta(k, 1, 1)), otherShape('beta', k => random.beta(k, np.ones([2]), 1, [3]))],
  },
  dirichlet: {
    cases: draws(
      fc.constantFrom<(readonly [Shape, Shape | undefined])[]>([[3], undefined], [[2], [2]], [[2, 2], undefined]),
      ([own]) => [input(own, 'float32', [0.3, 4])],
      (k, [, shape], a) => random.dirichlet(k, a as Tensor, shape),
    ),
    accuracy: near1(64),
    runs,
    differentiable: implicit,
    refused: [
      noKey('dirichlet', k => random.dirichlet(k, np.ones([2]))),
      refusal('a scalar', 'ShapeError', ['dirichlet', '[]'], () => random.dirichlet(random.key(0), 1)),
    ],
  },
  poisson: {
    cases: draws(
      fc.constantFrom<Range[]>([0.1, 9], [11, 30]),
      range => [input([3], 'float32', range)],
      (k, _, lam) => random.poisson(k, lam as Tensor),
    ),
    ...integer,
    runs,
    refused: [noKey('poisson', k => random.poisson(k, 1)), otherShape('poisson', k => random.poisson(k, np.ones([2]), [3]))],
  },
  multivariateNormal: {
    cases: draws(
      fc.constantFrom<(readonly [Shape, Shape, Shape | undefined])[]>(
        [[2], [2, 2], undefined],
        [[2], [2, 2], [3]],
        [[2, 2], [2, 2], undefined],
      ),
      ([mean, cov]) => [input(mean, 'float32'), input(cov, 'float32', [-1, 1])],
      (k, [, , shape], mean, cov) => random.multivariateNormal(k, mean as Tensor, spread(cov as Tensor), shape),
    ),
    accuracy: summed(64),
    runs,
    differentiable: true,
    refused: [
      noKey('multivariateNormal', k => random.multivariateNormal(k, np.ones([2]), np.eye(2))),
      refusal('a mean of another size', 'ShapeError', ['multivariateNormal', '[3]', '[2, 2]'], () =>
        random.multivariateNormal(random.key(0), np.ones([3]), np.eye(2)),
      ),
      refusal('an unknown method', 'ValueError', ['multivariateNormal', 'lu'], () =>
        random.multivariateNormal(random.key(0), np.ones([2]), np.eye(2), [], { method: 'lu' as never }),
      ),
    ],
  },
  orthogonal: {
    cases: draws(
      fc.constantFrom<(readonly [number, number])[]>([2, 2], [3, 2], [1, 2]),
      () => [],
      (k, [n, m]) => random.orthogonal(k, n, { m }),
    ),
    accuracy: summed(256),
    runs,
    differentiable: 'no input but the key',
    refused: [
      noKey('orthogonal', k => random.orthogonal(k, 2)),
      refusal('a negative size', 'ShapeError', ['orthogonal', '-1'], () => random.orthogonal(random.key(0), -1)),
    ],
  },
  ball: {
    cases: draws(
      fc.constantFrom(1, 2),
      () => [],
      (k, p) => random.ball(k, 2, { p, shape: [2] }),
    ),
    accuracy: near1(128),
    runs,
    differentiable: 'no input but the key',
    refused: [
      noKey('ball', k => random.ball(k, 2)),
      refusal('a norm that is none', 'ValueError', ['ball', '-1'], () => random.ball(random.key(0), 2, { p: -1 })),
    ],
  },
} satisfies Record<string, OpEntry>
