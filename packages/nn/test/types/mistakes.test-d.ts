/** The mistakes that people make with layers and optimisers; each must stay an error. Compiled, never run. */
import { type Key, type Tensor, jit } from '@cotangent/core'
import {
  type Layer,
  adam,
  applyUpdates,
  chain,
  conv2d,
  dense,
  dropout,
  identity,
  momentum,
  named,
  relu,
  sgd,
  serial,
  softmaxCrossEntropy,
  stateless,
} from '@cotangent/nn'

declare const x: Tensor, key: Key
interface Moments {
  readonly mean: Tensor
}
declare const normalise: Layer<null, Moments>

const small = serial(dense(64), relu)
const large = serial(dense(64), relu, dense(10))
const smallParams = small.init(key, [4]).params,
  largeParams = large.init(key, [4]).params
const words = stateless<null, readonly string[], Tensor>(
  (_, input) => ({ params: null, output: input }),
  () => x,
)
const stateful = serial(normalise, relu)

export const mistakes: readonly unknown[] = [
  // @ts-expect-error parameters of another model
  large.apply(smallParams, x),
  // @ts-expect-error parameters of a layer of another kind
  dense(3).apply(null, x),
  // @ts-expect-error layers that do not fit: a tensor where words are wanted
  serial(dense(3), words),
  // @ts-expect-error something that is no layer
  serial(dense(3), 'relu'),
  // @ts-expect-error `apply` of a model with state: use `step`
  stateful.apply(stateful.init(key, [3]).params, x),
  // @ts-expect-error a number instead of a tensor
  large.apply(largeParams, 3),
  // @ts-expect-error an option that does not exist
  conv2d(8, 3, { padding: 'FULL' }),
  // @ts-expect-error Keras's name of the option
  conv2d(8, 3, { stride: 2 }),
  // @ts-expect-error a name that the model does not have
  named({ stem: dense(3) }).init(key, [4]).params.head,
  // @ts-expect-error a seed instead of a key
  dense(3).init(0, [4]),
  // @ts-expect-error a key is no tensor
  dropout(0.5).apply(null, x, { key: x }),
  // @ts-expect-error the state of another optimiser
  adam(0.1).update(largeParams, sgd(0.1).init(largeParams), largeParams),
  // @ts-expect-error the state for other parameters
  adam(0.1).update(largeParams, adam(0.1).init(smallParams), largeParams),
  // @ts-expect-error the state of one part for the whole chain
  chain(identity(), adam(0.1)).update(largeParams, adam(0.1).init(largeParams), largeParams),
  // @ts-expect-error an update without the parameters
  momentum(0.1).update(largeParams, momentum(0.1).init(largeParams)),
  // @ts-expect-error updates of another model
  applyUpdates(largeParams, smallParams),
  // @ts-expect-error a reduction that does not exist
  softmaxCrossEntropy(x, x, { reduction: 'average' }),
  // @ts-expect-error weights that are undefined under exactOptionalPropertyTypes
  softmaxCrossEntropy(x, x, { weights: undefined }),
  // @ts-expect-error donation of an argument that does not exist
  jit((p: typeof largeParams) => large.apply(p, x), { donate: [1] }),
]
