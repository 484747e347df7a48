/** A model of twelve layers with its train step: budget.test.ts counts what checking it costs. */
import { type Key, type Tensor, jit, valueAndGrad } from '@cotangent/core'
import {
  adam,
  applyUpdates,
  avgPool2d,
  chain,
  conv2d,
  dense,
  dropout,
  flatten,
  maxPool2d,
  relu,
  serial,
  sgd,
  softmaxCrossEntropy,
} from '@cotangent/nn'

export const model = serial(
  conv2d(32, 3),
  relu,
  maxPool2d(2),
  conv2d(64, 3),
  relu,
  avgPool2d(2),
  flatten,
  dropout(0.25),
  dense(128),
  relu,
  dropout(0.5),
  dense(10),
)
const optimizer = chain(adam(1e-3), sgd(-1))
type Params = ReturnType<typeof model.init>['params']
type State = ReturnType<typeof optimizer.init<Params>>
const loss = (params: Params, x: Tensor, labels: Tensor, key: Key): Tensor =>
  softmaxCrossEntropy(model.apply(params, x, { train: true, key }), labels)
export const step = jit(
  (params: Params, state: State, x: Tensor, labels: Tensor, key: Key) => {
    const [value, grads] = valueAndGrad(loss)(params, x, labels, key)
    const [updates, next] = optimizer.update(grads, state, params)
    return [applyUpdates(params, updates), next, value] as const
  },
  { donate: [0, 1] },
)
