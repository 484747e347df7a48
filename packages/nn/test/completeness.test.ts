/**
 * What each public function is proven by: an answer of PyTorch, optax or another library in fixtures/, or a law or known value in a test, named by file and
 * title. An export without an entry does not compile; an entry whose answer or test is gone fails.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as nn from '@cotangent/nn'

type Namespaces = 'schedules' | 'metrics' | 'initializers' | 'regularizers' | 'constraints'
/** In a file of fixtures/ by its key, or in a test file by (a part of) its title. */
type Proof = readonly [file: string, what: string]
type Proofs<M, Without = never> = Readonly<Record<Exclude<keyof M, Without>, Proof>>

const ofLayer = (key: string): Proof => ['layers.json', key],
  ofTorch = (key: string): Proof => ['torch.json', key],
  ofLoss = (key: string): Proof => ['losses.json', key],
  ofOptaxLoss = (key: string): Proof => ['optax-losses.json', key],
  ofOptim = (key: string): Proof => ['optim.json', key],
  ofOptax = (key: string): Proof => ['optax-optim.json', key],
  law = (title: string): Proof => ['layerLaws.test.ts', title],
  edge = (title: string): Proof => ['layers.test.ts', title],
  transformation = (title: string): Proof => ['transformations.test.ts', title],
  metric = (title: string): Proof => ['metrics.test.ts', title],
  training = (title: string): Proof => ['train/fit.test.ts', title]

const layers = {
  adaptiveAvgPool1d: ofLayer('adaptiveAvgPool1d'),
  adaptiveAvgPool2d: ofLayer('adaptiveAvgPool2d'),
  adaptiveAvgPool3d: ofLayer('adaptiveAvgPool3d'),
  adaptiveMaxPool1d: ofLayer('adaptiveMaxPool1d'),
  adaptiveMaxPool2d: ofLayer('adaptiveMaxPool2d'),
  adaptiveMaxPool3d: ofLayer('adaptiveMaxPool3d'),
  alibiBias: law("ALiBi's slopes are the paper's"),
  alibiSlopes: law("ALiBi's slopes are the paper's"),
  alphaDropout: law('alpha dropout keeps mean 0 and variance 1'),
  avgPool1d: ofLayer('avgPool1d'),
  avgPool2d: ofLayer('avgPool2d'),
  avgPool3d: ofLayer('avgPool3d'),
  batchNorm: ofLayer('batchNorm train'),
  bidirectional: ofLayer('bidirectional masked'),
  classToken: law('functions that change them'),
  conv1d: ofLayer('conv1d causal'),
  conv1dTranspose: ofLayer('conv1dTranspose'),
  conv2d: ofLayer('conv2d groups'),
  conv2dTranspose: ofLayer('conv2dTranspose valid'),
  conv3d: ofLayer('conv3d'),
  conv3dTranspose: ofLayer('conv3dTranspose'),
  crop: law('functions that change them'),
  crossAttention: ofLayer('crossAttention'),
  decoderBlock: ofLayer('decoderBlock'),
  dense: ofLayer('dense'),
  depthwiseConv1d: ofLayer('depthwiseConv1d'),
  depthwiseConv2d: ofLayer('depthwiseConv2d'),
  dotProductAttention: law('masked keys do not influence the result'),
  dropout: edge('the same key drops the same elements'),
  embedding: ofLayer('embedding'),
  feedForward: ofLayer('feedForward'),
  flatten: edge('an empty batch has a shape'),
  gatedFeedForward: ofLayer('gatedFeedForward'),
  gaussianDropout: law('gaussian noise and dropout add what they say'),
  gaussianNoise: law('gaussian noise and dropout add what they say'),
  globalAvgPool: ofLayer('globalAvgPool'),
  globalMaxPool: ofLayer('globalMaxPool'),
  groupNorm: ofLayer('groupNorm'),
  gru: ofLayer('gru'),
  gruCell: law('reversed, masked, in pieces'),
  instanceNorm: ofLayer('instanceNorm'),
  layerMonoid: law('serial is a monoid'),
  layerNorm: ofLayer('layerNorm'),
  learnedPositions: law('positions are added to what is there'),
  loraInit: law('change nothing at first, and the product of their factors later'),
  loraMerge: law('change nothing at first, and the product of their factors later'),
  lstm: ofLayer('lstm masked'),
  lstmCell: law('steps one by one are the scan'),
  maxPool1d: ofLayer('maxPool1d'),
  maxPool2d: ofLayer('maxPool2d'),
  maxPool3d: ofLayer('maxPool3d'),
  merge: law('branches become one'),
  multiHeadAttention: ofLayer('groupedQueries'),
  named: edge('named runs in the order in which the layers are written'),
  opaqueLayer: law('its unit changes nothing, and concatAll folds'),
  patchEmbedding: ofLayer('patchEmbedding'),
  permute: law('functions that change them'),
  prelu: ofLayer('prelu'),
  recurrent: ofLayer('stacked'),
  repeatVector: law('functions that change them'),
  reshapeTo: law('functions that change them'),
  residual: law('a residual connection adds its input'),
  resize: ofLayer('resize smaller'),
  rmsNorm: ofLayer('rmsNorm'),
  rnn: ofLayer('rnn'),
  rnnCell: law('reversed, masked, in pieces'),
  rotary: law('rotated queries and keys know differences of positions alone'),
  separableConv1d: ofLayer('separableConv1d'),
  separableConv2d: ofLayer('separableConv2d'),
  sequenceMask: law('reversed, masked, in pieces'),
  serial: law('however layers are grouped'),
  sinusoidalPositions: law('positions are added to what is there'),
  sinusoids: law("sinusoids are the paper's"),
  spatialDropout: law('spatial dropout drops whole channels'),
  stackedCell: ofLayer('stacked'),
  stateful: edge('threads state through layers that have it'),
  stateless: edge('named runs in the order in which the layers are written'),
  summary: law('counts parameters, state and operations, layer by layer'),
  takeFirst: law('functions that change them'),
  transformerBlock: ofLayer('transformerBlock postNorm'),
  transformerDecoder: ofLayer('transformerDecoder'),
  transformerEncoder: ofLayer('transformerEncoder'),
  unembed: law('positions are added to what is there'),
  unroll: law('reversed, masked, in pieces'),
  upsample: ofLayer('upsample linear'),
  zeroPad: ofLayer('zeroPad'),
} as const satisfies Readonly<Record<string, Proof>>

const activations = {
  celu: ofLayer('celu'),
  elu: ofLayer('elu'),
  gelu: ofLayer('geluExact'),
  glu: ofLayer('glu'),
  hardSigmoid: ofLayer('hardSigmoid'),
  hardSwish: ofLayer('hardSwish'),
  hardTanh: ofLayer('hardTanh'),
  leakyRelu: ofLayer('leakyRelu'),
  log1mexp: ofLayer('log1mexp'),
  logSigmoid: ofLayer('logSigmoid'),
  logSoftmax: ofTorch('logSoftmax'),
  mish: ofLayer('mish'),
  oneHot: law('functions that change them'),
  relu: ofTorch('relu'),
  relu6: ofLayer('relu6'),
  selu: ofLayer('selu'),
  sigmoid: ofTorch('sigmoid'),
  silu: ofLayer('silu'),
  softSign: ofLayer('softSign'),
  softmax: ofTorch('softmax'),
  softplus: ofTorch('softplus'),
  sparsePlus: ofLayer('sparsePlus'),
  sparseSigmoid: ofLayer('sparseSigmoid'),
  squareplus: ofLayer('squareplus'),
  standardize: ofLayer('standardize'),
  tanh: ofTorch('tanh'),
} as const satisfies Readonly<Record<string, Proof>>

const losses = {
  categoricalHingeLoss: ofOptaxLoss('categoricalHingeLoss'),
  cosineDistance: ofLoss('cosineDistance'),
  cosineSimilarity: ofLoss('cosineDistance'),
  ctcBeamDecode: ['ctcDecode.test.ts', 'beam decoding'],
  ctcForwardProbabilities: ofOptaxLoss('ctcBlanks'),
  ctcGreedyDecode: ['ctcDecode.test.ts', 'read a path of sharp logits back'],
  ctcLoss: ofLoss('ctc'),
  diceLoss: ofOptaxLoss('diceLoss'),
  exampleWeights: ofLoss('weightedMean'),
  generalizedKlDivergence: ofOptaxLoss('generalizedKlDivergence'),
  hingeLoss: ofLoss('hingeLoss'),
  huberLoss: ofLoss('huberLoss'),
  klDivergence: ofTorch('klDivergence'),
  klDivergenceOfLogs: ofLoss('klDivergenceOfLogs'),
  logCosh: ofLoss('logCosh'),
  logLoss: ofLoss('logLoss'),
  meanAbsoluteError: ofLoss('meanAbsoluteError'),
  meanAbsolutePercentageError: ['losses.test.ts', 'percentages and logarithms of numbers, by Keras’ formulas'],
  meanSquaredError: ofLoss('meanSquaredError'),
  meanSquaredLogarithmicError: ['losses.test.ts', 'percentages and logarithms of numbers, by Keras’ formulas'],
  ntxentLoss: ofOptaxLoss('ntxentLoss'),
  perceptronLoss: ofOptaxLoss('perceptronLoss'),
  poissonLoss: ofLoss('poissonLog'),
  polyLoss: ofOptaxLoss('polyLoss'),
  rankingSoftmaxLoss: ofOptaxLoss('rankingSoftmaxLoss'),
  sigmoidCrossEntropy: ofLoss('positiveWeight'),
  sigmoidFocalLoss: ofOptaxLoss('sigmoidFocalLoss'),
  smoothLabels: ofLoss('smoothLabels'),
  softmaxCrossEntropy: ofLoss('classWeights'),
  squaredHingeLoss: ofLoss('squaredHingeLoss'),
  tripletMarginLoss: ofLoss('tripletMarginLoss'),
} as const satisfies Readonly<Record<string, Proof>>

/** Traces of 100 steps where a library has the rule. */
const optimizers = {
  accumulate: ofOptax('accumulate'),
  adabelief: ofOptax('adabelief'),
  adadelta: ofOptim('adadelta rosenbrock'),
  adafactor: ofOptax('adafactor'),
  adagrad: ofOptim('adagrad rosenbrock'),
  adam: ofTorch('adam'),
  adamax: ofOptim('adamax rosenbrock'),
  adamw: ofOptim('adamw rosenbrock'),
  adaptiveGradClip: ofOptax('adaptiveGradClip'),
  addDecayedWeights: ofOptim('weightDecay rosenbrock'),
  addNoise: transformation('addNoise: normal, of the variance eta / t^gamma'),
  amsgrad: ofOptim('amsgrad rosenbrock'),
  applyIfFinite: transformation('applyIfFinite changes nothing for NaN'),
  applyUpdates: transformation('work with the parameters of layers'),
  backtracking: transformation('backtracking halves until the loss falls enough'),
  chain: ['training.test.ts', 'chain is a monoid'],
  clip: transformation('clip, zeroNans, keepParamsNonnegative'),
  clipByBlockRms: transformation('clipByBlockRms'),
  clipByGlobalNorm: ofOptax('clipByGlobalNorm'),
  ema: ofOptax('ema'),
  freeze: transformation('freeze: no updates by path'),
  globalNorm: transformation('clipByGlobalNorm bounds the norm'),
  identity: transformation('scaleBySchedule and identity'),
  injectHyperparams: ['schedules.test.ts', 'holds the rates of the next update'],
  keepParamsNonnegative: transformation('clip, zeroNans, keepParamsNonnegative'),
  lamb: ofOptax('lamb'),
  lars: ofOptax('lars'),
  lbfgs: ofOptim('lbfgs rosenbrock'),
  lion: ofOptax('lion'),
  lookahead: ofOptax('lookahead'),
  masked: transformation('masked: others go through'),
  momentum: ofTorch('nesterov'),
  monoid: ['training.test.ts', 'chain is a monoid'],
  muon: ofOptax('muon'),
  muonOfMatrices: ['optimizers.test.ts', 'muonOfMatrices is muon where all are matrices'],
  nadam: ofOptim('nadam rosenbrock'),
  novograd: ofOptax('novograd'),
  opaque: ['training.test.ts', 'chain is a monoid'],
  orthogonalize: transformation('orthogonalize brings singular values near 1'),
  partition: transformation('partition: a transformation a name'),
  prodigy: ofOptax('prodigy'),
  radam: ofOptim('radam rosenbrock'),
  reduceOnPlateau: ofOptax('plateau'),
  rmsprop: ofOptim('rmspropCentered rosenbrock'),
  rprop: ofOptim('rprop rosenbrock'),
  sam: transformation('sam takes the gradient where the loss is highest'),
  scale: transformation('partition: a transformation a name'),
  scaleBySchedule: transformation('scaleBySchedule and identity'),
  scaleByTrustRatio: transformation('scaleByTrustRatio: updates as long as the parameters'),
  scheduleFree: ofOptax('scheduleFree'),
  scheduleFreeParams: transformation('scheduleFreeParams is the mean of the iterates'),
  setToZero: transformation('partition: a transformation a name'),
  sgd: ofTorch('sgd'),
  sm3: ofOptax('sm3'),
  sophia: ofOptax('sophia'),
  trace: transformation('accumulate: a mean of gradients is as one batch'),
  yogi: ofOptax('yogi'),
  zeroNans: transformation('clip, zeroNans, keepParamsNonnegative'),
} as const satisfies Readonly<Record<string, Proof>>

const trainingTools = {
  accuracy: ['training.test.ts', 'accuracy counts the right ones'],
  anyOf: training('rules are a monoid'),
  boxIou: ['detection.test.ts', 'is the share of the squares that both have'],
  earlyStopping: training('stops after evaluations that bring nothing'),
  fit: training('goes through all batches of all epochs'),
  fitEvents: training('is a stream as well'),
  initTrainState: training('of equal parts is the step of the whole batch'),
  meanOver: training('means over batches are weighted by their sizes'),
  stopMonoid: training('rules are a monoid'),
  stopOnNonFinite: training('knows maxima, deltas, NaN, several rules'),
  trainStep: training('of equal parts is the step of the whole batch'),
  trainer: training('a run that is killed anywhere and started again ends with the same bits'),
} as const satisfies Readonly<Record<string, Proof>>

const schedules: Proofs<typeof nn.schedules> = {
  constant: ['schedules.test.ts', 'a constant never changes'],
  cosineDecay: ofOptim('cosine'),
  exponentialDecay: ofOptim('exponential'),
  join: ofOptim('sequential'),
  linear: ofOptim('linear'),
  map: ['schedules.test.ts', 'map is a functor'],
  oneCycle: ofOptim('oneCycle'),
  piecewiseConstant: ofOptim('multiStep'),
  piecewiseInterpolate: ofOptax('piecewiseInterpolate'),
  polynomial: ofOptim('polynomial'),
  sgdr: ofOptim('restarts'),
  warmupCosine: ofOptax('warmupCosine'),
  warmupExponential: ofOptax('warmupExponential'),
}
const metrics: Proofs<typeof nn.metrics> = {
  accuracy: metric('of logits'),
  all: metric('folding over batches is the whole batch'),
  auc: metric('areas are those of all pairs'),
  averagePrecision: metric('areas are those of all pairs'),
  calibration: metric('of confidences'),
  confusion: metric('of decisions (scikit-learn'),
  editDistance: metric('of transcriptions'),
  evaluate: metric('folding over batches is the whole batch'),
  f1: metric('of decisions (scikit-learn'),
  iou: metric('of decisions (scikit-learn'),
  mean: metric('folding over batches is the whole batch'),
  meanAbsoluteError: metric('of numbers (scikit-learn'),
  meanAveragePrecision: ['detection.test.ts', "is that of COCO's evaluation"],
  meanSquaredError: metric('of numbers (scikit-learn'),
  metric: metric('folding over batches is the whole batch'),
  monoidOf: metric('folding over batches is the whole batch'),
  perplexity: metric('of logits'),
  prAuc: metric('areas are those of all pairs'),
  precision: metric('of decisions (scikit-learn'),
  r2: metric('of numbers (scikit-learn'),
  recall: metric('of decisions (scikit-learn'),
  rocAuc: metric('areas are those of all pairs'),
  topK: metric('of logits'),
  wordErrorRate: metric('of transcriptions'),
}
const moments: Proof = ['torch.test.ts', 'mean 0 and the standard deviation of the paper']
const initializers: Proofs<typeof nn.initializers> = {
  constant: ['torch.test.ts', 'zeros, ones, constant'],
  deltaOrthogonal: ['parameters.test.ts', 'deltaOrthogonal: such a matrix at the centre'],
  fans: ofTorch('fans'),
  glorotNormal: moments,
  glorotUniform: moments,
  heNormal: moments,
  heUniform: moments,
  identity: ['parameters.test.ts', 'initializers.identity'],
  lecunNormal: moments,
  lecunUniform: moments,
  normal: moments,
  ones: ['torch.test.ts', 'zeros, ones, constant'],
  orthogonal: ['parameters.test.ts', 'orthogonal: columns or rows of the matrix'],
  truncatedNormal: ['parameters.test.ts', 'truncatedNormal keeps within two standard deviations'],
  uniform: ['init.test.ts', 'initialisers give the dtype that is asked for'],
  varianceScaling: moments,
  zeros: ['torch.test.ts', 'zeros, ones, constant'],
}
const sums: Proof = ['parameters.test.ts', 'regularisers: sums over the tensors that are asked for'],
  norms: Proof = ['parameters.test.ts', 'bring the norms of units where they belong']
const regularizers: Proofs<typeof nn.regularizers> = { l1: sums, l1l2: sums, l2: sums }
const constraints: Proofs<typeof nn.constraints> = {
  constrained: ['parameters.test.ts', 'hold after each update'],
  maxNorm: norms,
  minMaxNorm: norms,
  nonNegative: norms,
  unitNorm: norms,
}

const ofPackage = { ...layers, ...activations, ...losses, ...optimizers, ...trainingTools } satisfies Proofs<typeof nn, Namespaces>
const groups = { layers, activations, losses, optimizers, trainingTools, schedules, metrics, initializers, regularizers, constraints }

const texts = new Map<string, string>()
function textOf(file: string): string {
  const known = texts.get(file) ?? readFileSync(new URL(file.endsWith('.json') ? `fixtures/${file}` : file, import.meta.url), 'utf8')
  texts.set(file, known)
  return known
}
/** Titles are written in either kind of quotes. */
const isThere = ([file, what]: Proof): boolean => textOf(file).includes(file.endsWith('.json') ? JSON.stringify(what) : what)

describe('every public function has its proof', () => {
  it.each(Object.entries(groups))('%s', (_, proofs) => {
    const missing = Object.entries<Proof>(proofs).filter(([, proof]) => !isThere(proof))
    expect(missing).toEqual([])
  })
  it('no export is left out', () => {
    const { schedules: s, metrics: m, initializers: i, regularizers: r, constraints: c, ...own } = nn
    const pairs = [
      [own, ofPackage] as const,
      [s, schedules] as const,
      [m, metrics] as const,
      [i, initializers] as const,
      [r, regularizers] as const,
    ]
    for (const [exported, proofs] of [...pairs, [c, constraints] as const])
      expect(Object.keys(proofs).sort()).toEqual(Object.keys(exported).sort())
  })
  it('counts', () => {
    const lines = Object.entries(groups).map(([group, proofs]) => {
      const all = Object.values<Proof>(proofs),
        answers = all.filter(([file]) => file.endsWith('.json')).length
      return `${group}: ${all.length}, by answers of libraries ${answers}, by laws and known values ${all.length - answers}`
    })
    console.log(lines.join('\n'))
    expect(lines).toHaveLength(Object.keys(groups).length)
  })
})
