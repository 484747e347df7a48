/** `@cotangent/nn`: layers, losses, initialisers, metrics and optimisers: pure functions on trees. */
export { relu, sigmoid, softmax, logSoftmax, softplus, tanh, type AxisOption } from './activations.ts'
export { named, serial, type AnyLayer, type LayerFrom, type LayerLike } from './compose.ts'
export * as initializers from './init.ts'
export type { Initializer } from './init.ts'
export { type Initialized, type Layer, type Mode, stateless } from './layer.ts'
export { conv2d, type Conv, type ConvOptions } from './layers/conv.ts'
export { dense, type Dense, type DenseOptions } from './layers/dense.ts'
export { dropout } from './layers/dropout.ts'
export { avgPool2d, flatten, maxPool2d, type PoolOptions } from './layers/pool.ts'
export { klDivergence, meanSquaredError, softmaxCrossEntropy, type LossOptions } from './losses.ts'
export { accuracy } from './metrics.ts'
export { adam, type Adam, type AdamOptions, type AdamState } from './optim/adam.ts'
export type { LearningRate } from './optim/rate.ts'
export { momentum, sgd, type Momentum, type MomentumOptions, type MomentumState, type SgdState } from './optim/sgd.ts'
export {
  applyUpdates,
  chain,
  identity,
  monoid,
  opaque,
  type Chain,
  type Fixed,
  type GradientTransformation,
  type LikeParams,
  type Opaque,
  type StateFor,
  type StateOf,
} from './optim/transformation.ts'
