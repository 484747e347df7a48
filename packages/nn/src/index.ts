/** `@cotangent/nn`: layers, losses, initialisers, metrics and optimisers: pure functions on trees. */
export { relu, sigmoid, softmax, logSoftmax, softplus, tanh, type AxisOption } from './activations.ts'
export { oneHot, standardize, type OneHotOptions, type StandardizeOptions } from './activations/axis.ts'
export {
  celu,
  elu,
  leakyRelu,
  log1mexp,
  relu6,
  selu,
  sparsePlus,
  squareplus,
  type AlphaOption,
} from './activations/rectifiers.ts'
export {
  gelu,
  glu,
  hardSigmoid,
  hardSwish,
  hardTanh,
  logSigmoid,
  mish,
  silu,
  softSign,
  sparseSigmoid,
  type GeluOptions,
} from './activations/smooth.ts'
export { boxIou } from './boxes.ts'
export {
  layerMonoid,
  named,
  opaqueLayer,
  serial,
  type AnyLayer,
  type LayerFrom,
  type LayerLike,
  type OpaqueLayer,
} from './compose.ts'
export * as constraints from './constraints.ts'
export type { Constraint } from './constraints.ts'
export * as initializers from './init.ts'
export type { Initializer } from './init.ts'
export { stateful, stateless, type About, type Initialized, type Layer, type Mode } from './layer.ts'
export { dotProductAttention, type DotProductAttentionOptions } from './layers/attention.ts'
export { batchNorm, type BatchNormOptions, type BatchStatistics } from './layers/batchNorm.ts'
export {
  gruCell,
  lstmCell,
  rnnCell,
  stackedCell,
  type Cell,
  type CellOptions,
  type Gru,
  type LstmCarry,
  type LstmOptions,
  type Recurrent,
} from './layers/cells.ts'
export {
  conv1d,
  conv2d,
  conv3d,
  type Conv,
  type Conv1dOptions,
  type ConvOptions,
  type Kernel,
  type KernelOptions,
  type WithBias,
} from './layers/conv.ts'
export { conv1dTranspose, conv2dTranspose, conv3dTranspose, type ConvTransposeOptions } from './layers/convTranspose.ts'
export { dense, type Dense, type DenseOptions } from './layers/dense.ts'
export {
  depthwiseConv1d,
  depthwiseConv2d,
  separableConv1d,
  separableConv2d,
  type DepthwiseOptions,
  type SeparableConv,
  type SeparableConvOptions,
} from './layers/depthwise.ts'
export { alphaDropout, dropout, gaussianDropout, gaussianNoise, spatialDropout } from './layers/dropout.ts'
export { embedding, unembed, type Embedding, type EmbeddingOptions } from './layers/embedding.ts'
export {
  feedForward,
  gatedFeedForward,
  type FeedForward,
  type FeedForwardOptions,
  type GatedFeedForward,
} from './layers/feedForward.ts'
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  globalAvgPool,
  globalMaxPool,
} from './layers/globalPool.ts'
export {
  crossAttention,
  multiHeadAttention,
  type Attention,
  type AttentionOptions,
  type CacheSize,
  type CacheState,
  type CrossAttentionOptions,
  type CrossInput,
  type KvCache,
} from './layers/multiHeadAttention.ts'
export { groupNorm, instanceNorm, layerNorm, rmsNorm, type LayerNorm, type NormOptions, type Scale } from './layers/norm.ts'
export { classToken, patchEmbedding, takeFirst, type ClassToken, type ClassTokenOptions } from './layers/patches.ts'
export {
  avgPool1d,
  avgPool2d,
  avgPool3d,
  flatten,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  type PoolOptions,
} from './layers/pool.ts'
export {
  alibiBias,
  alibiSlopes,
  learnedPositions,
  rotary,
  sinusoidalPositions,
  sinusoids,
  type LearnedPositionOptions,
  type PositionOptions,
  type Positions,
  type RotaryOptions,
  type StreamIndex,
} from './layers/positions.ts'
export { prelu, type Prelu, type PreluOptions } from './layers/prelu.ts'
export {
  bidirectional,
  gru,
  lstm,
  recurrent,
  rnn,
  sequenceMask,
  unroll,
  type Bidirectional,
  type BidirectionalOptions,
  type SequenceOptions,
  type UnrollOptions,
} from './layers/recurrent.ts'
export {
  crop,
  permute,
  repeatVector,
  reshapeTo,
  resize,
  upsample,
  zeroPad,
  type Margins,
  type ResizeOptions,
} from './layers/reshaping.ts'
export {
  decoderBlock,
  transformerBlock,
  transformerDecoder,
  transformerEncoder,
  type DecoderBlock,
  type StackState,
  type Transformer,
  type TransformerBlock,
  type TransformerOptions,
} from './layers/transformer.ts'
export type { Padding, Sizes1, Sizes2, Sizes3 } from './layers/window.ts'
export { loraInit, loraMerge, type Adapters, type LoraMergeOptions, type LoraOptions, type LowRank } from './lora.ts'
export { merge, residual, type MergeKind, type MergeOptions } from './merge.ts'
export {
  logLoss,
  poissonLoss,
  polyLoss,
  sigmoidCrossEntropy,
  sigmoidFocalLoss,
  smoothLabels,
  softmaxCrossEntropy,
  type FocalLossOptions,
  type LogLossOptions,
  type PoissonOptions,
  type PolyLossOptions,
} from './losses/crossEntropy.ts'
export { ctcForwardProbabilities, ctcLoss, type CtcLengths, type CtcOptions } from './losses/ctc.ts'
export { ctcBeamDecode, ctcGreedyDecode, type CtcBeamOptions, type CtcDecodeOptions, type CtcHypothesis } from './losses/ctcDecode.ts'
export { generalizedKlDivergence, klDivergence, klDivergenceOfLogs } from './losses/divergence.ts'
export { exampleWeights, type ClassLossOptions, type LossOptions } from './losses/loss.ts'
export {
  categoricalHingeLoss,
  hingeLoss,
  perceptronLoss,
  squaredHingeLoss,
  tripletMarginLoss,
  type TripletOptions,
} from './losses/margin.ts'
export {
  cosineDistance,
  cosineSimilarity,
  huberLoss,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  type CosineOptions,
  type HuberOptions,
} from './losses/regression.ts'
export {
  diceLoss,
  ntxentLoss,
  rankingSoftmaxLoss,
  type DiceOptions,
  type NtxentOptions,
  type RankingOptions,
} from './losses/sets.ts'
export { accuracy } from './metrics/accuracy.ts'
export * as metrics from './metrics/index.ts'
export type { Metric } from './metrics/metric.ts'
export {
  adam,
  adamw,
  amsgrad,
  type Adam,
  type AdamOptions,
  type AdamState,
  type AdamwOptions,
  type Amsgrad,
  type AmsgradState,
} from './optim/adam.ts'
export { adabelief, adamax, nadam, radam, yogi, type Nadam, type NadamOptions, type NadamState } from './optim/adamFamily.ts'
export { addNoise, ema, type AddNoiseState, type Ema, type EmaState, type NoiseOptions } from './optim/averages.ts'
export {
  adaptiveGradClip,
  clip,
  clipByBlockRms,
  clipByGlobalNorm,
  keepParamsNonnegative,
  scale,
  setToZero,
  zeroNans,
} from './optim/clip.ts'
export { addDecayedWeights, type DecayOptions } from './optim/decay.ts'
export {
  adafactor,
  sm3,
  type AdafactorOptions,
  type AdafactorState,
  type FactoredMoment,
  type Sm3,
  type Sm3Options,
  type Sm3State,
} from './optim/factored.ts'
export {
  injectHyperparams,
  reduceOnPlateau,
  type Injected,
  type InjectedState,
  type PlateauOptions,
  type PlateauState,
} from './optim/hyperparams.ts'
export {
  lamb,
  lars,
  novograd,
  scaleByTrustRatio,
  type LambOptions,
  type LarsOptions,
  type Novograd,
  type NovogradState,
  type TrustRatioOptions,
} from './optim/layerwise.ts'
export { backtracking, lbfgs, type BacktrackingOptions, type LbfgsOptions, type LbfgsState } from './optim/lbfgs.ts'
export type { LeafFilter, Leaves } from './optim/leaves.ts'
export { sam, sophia, type Sophia, type SophiaOptions, type SophiaState } from './optim/lossAware.ts'
export { freeze, masked, partition, type PartitionState } from './optim/masked.ts'
export { globalNorm } from './optim/moments.ts'
export { muon, muonOfMatrices, orthogonalize, type MuonOptions } from './optim/muon.ts'
export type { LearningRate } from './optim/rate.ts'
export {
  prodigy,
  scheduleFree,
  scheduleFreeParams,
  type Prodigy,
  type ProdigyOptions,
  type ProdigyState,
  type ScheduleFree,
  type ScheduleFreeOptions,
  type ScheduleFreeState,
} from './optim/rateFree.ts'
export {
  adadelta,
  adagrad,
  rmsprop,
  type Adadelta,
  type AdadeltaOptions,
  type AdadeltaState,
  type Adagrad,
  type AdagradOptions,
  type AdagradState,
  type Rmsprop,
  type RmspropOptions,
  type RmspropState,
} from './optim/roots.ts'
export * as schedules from './optim/schedules.ts'
export type { Schedule } from './optim/schedules.ts'
export {
  momentum,
  scaleBySchedule,
  sgd,
  trace,
  type Momentum,
  type MomentumOptions,
  type MomentumState,
  type SgdState,
} from './optim/sgd.ts'
export { lion, rprop, type Lion, type LionOptions, type LionState, type Rprop, type RpropOptions, type RpropState } from './optim/signs.ts'
export {
  applyUpdates,
  chain,
  identity,
  monoid,
  opaque,
  type Chain,
  type ExtraArguments,
  type Fixed,
  type GradientTransformation,
  type LikeParams,
  type Opaque,
  type StateFor,
  type StateOf,
} from './optim/transformation.ts'
export {
  accumulate,
  applyIfFinite,
  lookahead,
  type Accumulate,
  type AccumulateState,
  type ApplyIfFinite,
  type ApplyIfFiniteState,
  type Lookahead,
  type LookaheadOptions,
  type LookaheadState,
} from './optim/wrappers.ts'
export * as regularizers from './regularizers.ts'
export type { Regularizer } from './regularizers.ts'
export { summary, type Summary, type SummaryOptions, type SummaryRow } from './summary.ts'
export * from './train/index.ts'
