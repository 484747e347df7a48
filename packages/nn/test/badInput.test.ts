/** Bad input is refused by name, or gives NaN where values cannot be looked at: never a number that looks right. */
import { describe, expect, it } from 'vitest'
import { CotangentError, type Tensor, array, full, grad, init, jit, ones, random, vmap, zeros } from '@cotangent/core'
import * as nn from '@cotangent/nn'

await init({ backend: 'reference' })

const int = (...values: readonly number[]): Tensor => array([...values], { dtype: 'int32' })
const small = (dtype: 'int8' | 'uint8' | 'float16', ...values: readonly number[]): Tensor => array([...values], { dtype })
const { metrics } = nn
/** Callers without types. */
const untyped = (x: unknown): never => x as never
const measured = <S, I extends readonly unknown[], O>(m: nn.Metric<S, I, O>, ...batch: NoInfer<I>): O =>
  m.compute(m.update(m.init(), ...batch))
const applied = <P>(layer: nn.Layer<P>, x: Tensor): Tensor => layer.apply(layer.init(random.key(0), x.shape.slice(1)).params, x)

const logits = array([
    [1, 2, 3],
    [3, 2, 1],
  ]),
  ids = int(0, 2)
const boxes = (n: number) => ({ boxes: ones([n, 1, 4]), classes: zeros([n, 1], { dtype: 'int32' }) })
const ctc = (labels: Tensor, options: nn.CtcOptions = {}): Tensor => nn.ctcLoss(zeros([1, 4, 3]), labels, options)
const one = array([[1]], { dtype: 'int32' })

describe('is refused, with the function and the argument', () => {
  it.for<readonly [what: string, f: () => unknown, message: RegExp]>([
    // Integers wrap around.
    [
      'integers',
      () => nn.meanSquaredError(small('int8', 100), small('int8', -100)),
      /^meanSquaredError: predictions int8 and targets int8 .*astype/,
    ],
    [
      'lists',
      () => nn.meanSquaredError(untyped([1]), ones([1])),
      /^meanSquaredError: predictions must be a tensor, got \[1\]\. Wrap it in array/,
    ],
    ['nothing', () => nn.softmaxCrossEntropy(untyped(undefined), ids), /^softmaxCrossEntropy: logits must be a tensor, got undefined/],
    ['no classes', () => nn.softmaxCrossEntropy(zeros([2, 0]), ids), /logits \[2, 0\] have no classes/],
    [
      'a reduction',
      () => nn.softmaxCrossEntropy(logits, ids, { reduction: untyped('avg') }),
      /softmaxCrossEntropy: unknown reduction 'avg'/,
    ],
    [
      'a size for a shape',
      () => nn.serial(nn.dense(2)).init(random.key(0), untyped(5)),
      /^serial: init needs the shape of one example, .* got 5\./,
    ],
    ['no shape', () => nn.dense(2).init(random.key(0), untyped(undefined)), /^dense\(2\): init needs the shape .* got undefined\./],
    ['an open shape', () => nn.dense(2).init(random.key(0), untyped([null, 5])), /^dense\(2\): init needs the shape .* got \[null, 5\]\./],
    ['units in quotes', () => nn.dense(untyped('64')), /units must be a positive integer, got '64'\./],
    ['layers by name', () => nn.serial(nn.dense(2), untyped('relu')), /^serial: 1 must be a layer or a function of a tensor, got 'relu'\./],
    ['layers in a list', () => nn.serial(untyped([nn.relu])), /^serial: 0 must be a layer .* got \[a function\]\./],
    [
      'a mask of numbers',
      () => nn.softmaxCrossEntropy(logits, ids, { mask: array([1, 0]) }),
      /softmaxCrossEntropy: mask must be bool, .* got float32/,
    ],
    ['class weights', () => nn.softmaxCrossEntropy(logits, ids, { classWeights: ones([2]) }), /classWeights need the shape \[3\]/],
    [
      'class weights that broadcast',
      () => nn.softmaxCrossEntropy(logits, logits, { classWeights: ones([1]) }),
      /classWeights need the shape \[3\]/,
    ],
    ['smoothing', () => nn.smoothLabels(logits, 2), /smoothLabels: alpha must be in \[0, 1\], got 2/],
    ['smoothing ids', () => nn.smoothLabels(ids, 0.1), /smoothLabels: needs distributions .* got int32\[2\]/],
    ['a delta', () => nn.huberLoss(ones([1]), ones([1]), { delta: -1 }), /huberLoss: delta must be a number above 0, got -1/],
    ['a temperature', () => nn.ntxentLoss(ones([2, 3]), int(0, 0), { temperature: NaN }), /ntxentLoss: temperature .* got NaN/],
    ['CTC: the blank', () => ctc(one, { blank: 7 }), /ctcLoss: blank must be one of 3 classes, got 7/],
    ['CTC: lengths', () => ctc(one, { labelLengths: int(1, 1) }), /ctcLoss: labelLengths need the shape \[1\]/],
    ['CTC: labels', () => ctc(array([[1.5]])), /ctcLoss: needs integer labels, got float32/],
    ['decoding: lengths', () => nn.ctcGreedyDecode(ones([2, 4, 3]), { logitLengths: int(1) }), /CTC: logitLengths need the shape \[2\]/],
    [
      'decoding: a length',
      () => nn.ctcGreedyDecode(ones([1, 4, 3]), { logitLengths: int(5) }),
      /logitLengths must be 0 to 4, got 5 for example 0/,
    ],
    ['decoding: NaN', () => nn.ctcGreedyDecode(full([1, 2, 3], NaN)), /CTC: there are logits that are NaN/],
    ['decoding: nothing possible', () => nn.ctcBeamDecode(full([1, 2, 3], -Infinity)), /a step has -Infinity as its largest logit/],
    [
      'accuracy: a column',
      () => measured(metrics.accuracy(), logits, ids.reshape([2, 1])),
      /metrics.accuracy: logits \[2, 3\] need class ids of shape \[2\]/,
    ],
    [
      'accuracy: one weight',
      () => measured(metrics.accuracy(), logits, ids, ones([1])),
      /weights \[1\] must have the leading axes of the values \[2\]/,
    ],
    [
      'errors: a column',
      () => measured(metrics.meanAbsoluteError(), ones([3, 1]), ones([3])),
      /predictions \[3, 1\] and targets \[3\] need the same/,
    ],
    ['r2: a column', () => measured(metrics.r2(), ones([3, 1]), ones([3])), /metrics.r2: predictions \[3, 1\]/],
    ['topK', () => metrics.topK(0), /metrics.topK: k must be a positive integer, got 0/],
    [
      'decisions: scores',
      () => measured(metrics.confusion(2), array([0.7, 0.2]), int(1, 0)),
      /needs class ids, got float32\. Decide first/,
    ],
    ['decisions: an average', () => metrics.precision({ average: untyped('weighted') }), /unknown average 'weighted'/],
    ['decisions: binary', () => metrics.precision({ average: 'binary', classes: 3 }), /'binary' needs 2 classes, got 3/],
    ['scores: a column', () => metrics.rocAuc(ones([2, 1]), ones([2, 1])), /rocAuc: needs scores \[n\]/],
    ['scores: bins', () => metrics.auc({ bins: 0 }), /bins must be a positive integer, got 0/],
    [
      'detection: images',
      () => measured(metrics.meanAveragePrecision({ classes: 1 }), { ...boxes(2), scores: ones([2, 1]) }, boxes(1)),
      /of the same n images/,
    ],
    [
      'detection: classes',
      () => metrics.meanAveragePrecision({ classes: 0 }),
      /meanAveragePrecision: classes must be a positive integer, got 0/,
    ],
    ['words', () => measured(metrics.wordErrorRate(), ['a', 'b'], ['a']), /wordErrorRate: there are 2 references, but 1 hypotheses/],
  ])('%s', ([, f, message]) => {
    expect(f).toThrow(CotangentError)
    expect(f).toThrow(message)
  })
})

describe('layers refuse', () => {
  const x = ones([2, 3, 4]),
    floats = full([2, 3], -Infinity),
    mha = nn.multiHeadAttention(2)
  const { params } = mha.init(random.key(0), [3, 4])
  const q = ones([1, 2, 1, 4])
  it.for<readonly [what: string, f: () => unknown, message: RegExp]>([
    [
      'masks that are added',
      () => mha.apply(params, x, { mask: floats }),
      /multiHeadAttention\(2\): the mask must be bool, .* got float32/,
    ],
    ['masks that are lists', () => mha.apply(params, x, { mask: untyped([true]) }), /the mask must be a tensor, got \[true\]/],
    [
      'added masks of weights',
      () => nn.dotProductAttention(q, q, q, { mask: zeros([1, 1, 2, 2]) }),
      /dotProductAttention: the mask must be bool/,
    ],
    [
      'an option that there is not',
      () => nn.multiHeadAttention(2, untyped({ casual: true })),
      /multiHeadAttention\(2\): there is no option casual/,
    ],
    [
      'a rate of dropout',
      () => nn.multiHeadAttention(2, { dropout: 2 }).init(random.key(0), [3, 4]),
      /dropout must be a probability in \[0, 1\), got 2/,
    ],
    ['a kind of merge', () => nn.merge(untyped('plus'), [nn.relu]), /merge: unknown kind 'plus'/],
    ['no layers to merge', () => nn.merge('add', untyped([])), /merge: needs at least one layer/],
    [
      'no state',
      () => nn.serial(nn.relu).step(untyped([null]), untyped(undefined), x),
      /serial: needs the state that init gave .* got undefined/,
    ],
    ['a norm', () => nn.constraints.maxNorm(-1), /constraints\.maxNorm: the limit must be a number above 0, got -1/],
  ])('%s', ([, f, message]) => {
    expect(f).toThrow(CotangentError)
    expect(f).toThrow(message)
  })
})

describe('gives NaN where values cannot be looked at', () => {
  it.for<readonly [what: string, f: () => Tensor]>([
    ['a class that there is not', () => nn.softmaxCrossEntropy(logits, int(0, 3))],
    ['a negative class', () => nn.softmaxCrossEntropy(logits, int(-100, 0))],
    [
      'under jit and vmap',
      () => jit(vmap((z: Tensor, y: Tensor) => nn.softmaxCrossEntropy(z.reshape([1, 3]), y.reshape([1]))))(logits, int(3, 0)).sum(),
    ],
    ['CTC: a label of none', () => ctc(array([[-1]], { dtype: 'int32' }))],
    ['CTC: the blank as a label', () => ctc(array([[0]], { dtype: 'int32' }))],
    ['CTC: more labels than there are', () => ctc(one, { labelLengths: int(3) })],
    ['CTC: more steps than there are', () => ctc(one, { logitLengths: int(9) })],
    ['scores that are NaN', () => metrics.rocAuc(array([NaN, 0.2, 0.3]), int(1, 0, 1))],
    ['scores that are NaN, in bins', () => measured(metrics.auc(), array([NaN, 0.5]), int(0, 1))],
    ['precision of scores that are NaN', () => metrics.averagePrecision(array([NaN, 0.2]), int(1, 0))],
    ['one class alone', () => metrics.rocAuc(array([0.1, 0.2]), int(1, 1))],
  ])('%s', ([, f]) => expect(f().item()).toBeNaN())
})

describe('counts as it should', () => {
  it('labels that a mask leaves out are no matter', () => {
    const mask = array([true, false])
    const loss = (z: Tensor): Tensor => nn.softmaxCrossEntropy(z, int(0, -100), { mask, classWeights: array([2, 1, 1]) })
    // PyTorch: cross_entropy(z, [0, -100], weight=[2, 1, 1], ignore_index=-100) and its gradient.
    expect(loss(logits).item()).toBeCloseTo(2.407606, 5)
    expect([...grad(loss)(logits).dataSync()].map(v => Number(v.toFixed(4)) + 0)).toEqual([-0.91, 0.2447, 0.6652, 0, 0, 0])
  })
  it('padding of CTC labels may be anything', () => {
    const padded = ctc(array([[1, -1]], { dtype: 'int32' }), { labelLengths: int(1) })
    expect(padded.item()).toBeCloseTo(ctc(one).item() as number, 5)
  })
  it('a label outside of the classes is never among the best', () => {
    expect(measured(metrics.topK(3), logits.neg(), int(-1, 7)).item()).toBe(0)
  })
  it('integers and 16 bits neither wrap around nor overflow', () => {
    const box = (dtype: 'float16' | 'uint8', ...sides: readonly number[]): Tensor => array([[...sides]], { dtype })
    expect(measured(metrics.meanSquaredError(), small('int8', 100), small('int8', -100)).item()).toBe(40000)
    expect(measured(metrics.r2(), small('float16', 300, 500), small('float16', 300, 500)).item()).toBe(1)
    expect(nn.boxIou(box('float16', 0, 0, 300, 300), box('float16', 0, 0, 300, 300)).item()).toBe(1)
    expect(nn.boxIou(box('uint8', 5, 5, 2, 2), box('uint8', 0, 0, 20, 20)).item()).toBe(0)
    expect(nn.logLoss(small('float16', 0, 1), array([0, 1])).item()).toBeCloseTo(0, 5)
    expect(nn.cosineSimilarity(small('float16', 300, 0), small('float16', 300, 0)).item()).toBe(1)
    expect(nn.cosineSimilarity(zeros([2], { dtype: 'float16' }), small('float16', 1, 0)).item()).toBe(0)
    expect(applied(nn.avgPool2d(2), full([1, 2, 2, 1], 100, { dtype: 'int8' })).item()).toBe(100)
    for (const layer of [nn.layerNorm(), nn.groupNorm(1)])
      expect([...applied(layer, array([[[1000, 3000]]], { dtype: 'float16' })).dataSync()]).toEqual([-1, 1])
    expect([...applied(nn.rmsNorm(), array([[3000, 3000]], { dtype: 'float16' })).dataSync()]).toEqual([1, 1])
    const { params, state } = nn.batchNorm().init(random.key(0), [1])
    const x = array([[1000], [3000]], { dtype: 'float16' })
    expect([...nn.batchNorm().step(params, state, x, { train: true })[0].dataSync()]).toEqual([-1, 1])
  })
})
