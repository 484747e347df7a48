/** Noise while training: dropout and its kin. Without `{ train: true, key }` each is the identity. */
import { type Key, type Shape, type Tensor, random, where } from '@cotangent/core'
import { fail } from '@cotangent/core/extend'
import { seluAlpha, seluScale } from '../activations/rectifiers.ts'
import { type Layer, stateless } from '../layer.ts'

function checkRate(name: string, rate: number): void {
  if (!(rate >= 0 && rate < 1)) fail('ValueError', `${name}: rate is a probability in [0, 1), got ${rate}.`)
}

/** A layer that changes its input at random while training, unless there is nothing to do. */
function noise(name: string, amount: number, change: (x: Tensor, key: Key) => Tensor): Layer<null> {
  return stateless<null>(
    (_key, input) => ({ params: null, output: input }),
    (_, x, { train = false, key }) => {
      if (!train || amount === 0) return x
      if (key === undefined) fail('ValueError', `${name}: training needs randomness. Pass { train: true, key }.`)
      return change(x, key)
    },
    `${name}(${amount})`,
  )
}

/** Zero with probability `rate`, scaled by `1 / (1 - rate)` otherwise; one draw for each place of `shape`, which broadcasts against x. */
const drop = (x: Tensor, rate: number, key: Key, shape: Shape): Tensor => where(random.bernoulli(key, 1 - rate, shape), x.div(1 - rate), 0)

/**
 * While training, each element is zero with probability `rate` and scaled by `1 / (1 - rate)` otherwise, so that applying needs no change. `rate` in
 * [0, 1). Srivastava et al. 2014.
 * @throws ValueError when training without `mode.key`.
 */
export function dropout(rate: number): Layer<null> {
  checkRate('dropout', rate)
  return noise('dropout', rate, (x, key) => drop(x, rate, key, x.shape))
}

/** Dropout of whole channels of `[n, ..., c]`, since neighbours in an image tell of each other. Tompson et al. 2015, https://arxiv.org/abs/1411.4280. */
export function spatialDropout(rate: number): Layer<null> {
  checkRate('spatialDropout', rate)
  return noise('spatialDropout', rate, (x, key) =>
    drop(
      x,
      rate,
      key,
      x.shape.map((n, k) => (k === 0 || k === x.ndim - 1 ? n : 1)),
    ),
  )
}

/** Adds normal noise of this standard deviation. Keras: `GaussianNoise`. */
export function gaussianNoise(stddev: number): Layer<null> {
  if (!(stddev >= 0)) fail('ValueError', `gaussianNoise: the standard deviation is at least 0, got ${stddev}.`)
  return noise('gaussianNoise', stddev, (x, key) => x.add(random.normal(key, x.shape).mul(stddev)))
}

/** Multiplies by normal noise of mean 1 and the variance of dropout's, `rate / (1 - rate)`. Srivastava et al. 2014, section 10. */
export function gaussianDropout(rate: number): Layer<null> {
  checkRate('gaussianDropout', rate)
  const stddev = Math.sqrt(rate / (1 - rate))
  return noise('gaussianDropout', rate, (x, key) => x.mul(random.normal(key, x.shape).mul(stddev).add(1)))
}

/**
 * Dropout for `selu`: dropped elements take selu's lowest value, and an affine map keeps mean 0 and variance 1. Klambauer et al. 2017,
 * https://arxiv.org/abs/1706.02515.
 */
export function alphaDropout(rate: number): Layer<null> {
  checkRate('alphaDropout', rate)
  const lowest = -seluAlpha * seluScale,
    scale = 1 / Math.sqrt((1 - rate) * (1 + rate * lowest * lowest)),
    shift = -scale * lowest * rate
  return noise('alphaDropout', rate, (x, key) =>
    where(random.bernoulli(key, 1 - rate, x.shape), x, lowest)
      .mul(scale)
      .add(shift),
  )
}
