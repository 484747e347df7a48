/**
 * Instances of fp-ts's classes for tensors. Only those whose laws hold exactly: sums and products of floats are not associative, so they are no
 * monoids.
 */
import type { Eq } from 'fp-ts/lib/Eq.js'
import type { Monoid } from 'fp-ts/lib/Monoid.js'
import type { State } from 'fp-ts/lib/State.js'
import * as np from '../numpy/index.ts'
import { scalarOf } from '../primitives/cast.ts'
import { type Key, split } from '../random/key.ts'
import { sameShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'

/** Same dtype, same shape, same elements; NaN equals NaN, and -0 equals 0. Reads the elements, so not for traced tensors. */
export const EqTensor: Eq<Tensor> = {
  equals: (x, y) => x === y || (x.dtype === y.dtype && sameShape(x.shape, y.shape) && sameElements(x, y)),
}
function sameElements(x: Tensor, y: Tensor): boolean {
  const b = y.dataSync()
  return x.dataSync().every((v, i) => v === b[i] || (Number.isNaN(v) && Number.isNaN(b[i])))
}

const monoid = /* @__NO_SIDE_EFFECTS__ */ (concat: Monoid<Tensor>['concat'], empty: Tensor): Monoid<Tensor> => ({ concat, empty })
/** Float tensors under `maximum`; the unit is -Infinity. */
export const MonoidMax: Monoid<Tensor> = /* @__PURE__ */ monoid(np.maximum, /* @__PURE__ */ scalarOf(-Infinity, 'float32', true))
/** Float tensors under `minimum`; the unit is Infinity. */
export const MonoidMin: Monoid<Tensor> = /* @__PURE__ */ monoid(np.minimum, /* @__PURE__ */ scalarOf(Infinity, 'float32', true))
/** bool tensors under `logicalAnd`; the unit is true. */
export const MonoidAll: Monoid<Tensor> = /* @__PURE__ */ monoid(np.logicalAnd, /* @__PURE__ */ scalarOf(1, 'bool'))
/** bool tensors under `logicalOr`; the unit is false. */
export const MonoidAny: Monoid<Tensor> = /* @__PURE__ */ monoid(np.logicalOr, /* @__PURE__ */ scalarOf(0, 'bool'))

/**
 * A random draw as a computation in fp-ts's `State`: it uses up one key and leaves a fresh one, so that no key is used twice.
 * @example
 * const layer = pipe(
 *   draw(key => random.normal(key, [784, 10])),
 *   State.bindTo('kernel'),
 *   State.bind('mask', () => draw(key => random.bernoulli(key, 0.5, [10]))),
 * )
 * const [{ kernel, mask }, nextKey] = layer(random.key(0))
 */
export const draw =
  <A>(f: (key: Key) => A): State<Key, A> =>
  key => {
    const [next, own] = split(key)
    return [f(own), next]
  }
