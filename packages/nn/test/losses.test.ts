/** Losses against the answers of PyTorch and optax (values and gradients), their options, and the testing kit's laws for CTC. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Tensor, array, concatenate, full, grad, init, jit, log, multiply, sliceAxis, sum, vjp, vmap } from '@cotangent/core'
import { checkGrads } from '@cotangent/core/testing'
import {
  type LossOptions,
  categoricalHingeLoss,
  cosineDistance,
  ctcForwardProbabilities,
  ctcLoss,
  diceLoss,
  exampleWeights,
  generalizedKlDivergence,
  hingeLoss,
  huberLoss,
  klDivergenceOfLogs,
  logCosh,
  logLoss,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  ntxentLoss,
  oneHot,
  perceptronLoss,
  poissonLoss,
  polyLoss,
  rankingSoftmaxLoss,
  sigmoid,
  sigmoidCrossEntropy,
  sigmoidFocalLoss,
  smoothLabels,
  softmax,
  softmaxCrossEntropy,
  squaredHingeLoss,
  tripletMarginLoss,
} from '@cotangent/nn'
import { close, readFixtures, values } from './support/fixtures.ts'

await init({ backend: 'reference' })

interface Answer {
  readonly each: number[]
  readonly gradient: number[]
}
interface Ctc extends Answer {
  readonly labels: number[][]
  readonly steps: number[]
  readonly lengths: number[]
}
type Answers = Readonly<Record<string, Answer>>
const torch = readFixtures<Answers & { readonly origin: string; readonly ctc: Ctc; readonly weightedMean: number[] }>('losses.json')
const optax = readFixtures<Answers & { readonly origin: string; readonly ctcBlanks: number[]; readonly ctcLabels: number[] }>(
  'optax-losses.json',
)

const a = values([4, 3], 1),
  b = values([4, 3], 2),
  probability = sigmoid(values([4, 3], 3)),
  bits = values([4, 3], 4).greater(0),
  distributions = softmax(values([4, 3], 5)),
  ids = array([2, 0, 1, 1], { dtype: 'int32' }),
  classWeights = array([0.5, 2, 1]),
  anchors = values([4, 5], 6),
  positives = values([4, 5], 7),
  negatives = values([4, 5], 8)
/** Makes losses of examples from those of elements: a mask of all. */
const each = (x: Tensor): LossOptions => ({ reduction: 'none', mask: full(x.shape, true) })
const elements = (loss: (x: Tensor, y: Tensor, o: LossOptions) => Tensor, y: Tensor) => (x: Tensor) => loss(x, y, each(x))
const none = { reduction: 'none' } as const

type Case = readonly [x: Tensor, loss: (x: Tensor) => Tensor, answer: Answer | undefined]
const cases: Readonly<Record<string, Case>> = {
  meanSquaredError: [a, elements(meanSquaredError, b), torch['meanSquaredError']],
  meanAbsoluteError: [a, elements(meanAbsoluteError, b), torch['meanAbsoluteError']],
  huberLoss: [a, x => huberLoss(x, b, { ...each(x), delta: 0.5 }), torch['huberLoss']],
  logCosh: [a, elements(logCosh, b), torch['logCosh']],
  hingeLoss: [a, elements(hingeLoss, bits), torch['hingeLoss']],
  squaredHingeLoss: [a, elements(squaredHingeLoss, bits.astype('float32').mul(2).sub(1)), torch['squaredHingeLoss']],
  cosineDistance: [a, x => cosineDistance(x, b, none), torch['cosineDistance']],
  sigmoidCrossEntropy: [a, elements(sigmoidCrossEntropy, probability), torch['sigmoidCrossEntropy']],
  'sigmoidCrossEntropy with class weights': [
    a,
    x => sigmoidCrossEntropy(x, bits, { ...each(x), classWeights: array([1, 3]) }),
    torch['positiveWeight'],
  ],
  logLoss: [probability, elements(logLoss, bits), torch['logLoss']],
  poissonLoss: [probability, elements(poissonLoss, bits.astype('float32')), torch['poissonLoss']],
  'poissonLoss of logarithms': [a, x => poissonLoss(x, bits.astype('float32'), { ...each(x), logInput: true }), torch['poissonLog']],
  'softmaxCrossEntropy with class weights': [a, x => softmaxCrossEntropy(x, ids, { ...none, classWeights }), torch['classWeights']],
  'softmaxCrossEntropy of distributions with class weights': [
    a,
    x => softmaxCrossEntropy(x, distributions, { ...none, classWeights }),
    torch['classWeightsOfDistributions'],
  ],
  smoothLabels: [a, x => softmaxCrossEntropy(x, smoothLabels(oneHot(ids, 3), 0.1), none), torch['smoothLabels']],
  klDivergenceOfLogs: [log(probability), x => klDivergenceOfLogs(x, log(distributions), none), torch['klDivergenceOfLogs']],
  tripletMarginLoss: [anchors, x => tripletMarginLoss(x, positives, negatives, { ...none, eps: 0 }), torch['tripletMarginLoss']],
  'tripletMarginLoss with its eps': [anchors, x => tripletMarginLoss(x, positives, negatives, none), optax['tripletMarginLoss']],
  polyLoss: [a, x => polyLoss(x, distributions, { ...none, epsilon: 1.5 }), optax['polyLoss']],
  sigmoidFocalLoss: [a, x => sigmoidFocalLoss(x, bits, { ...each(x), alpha: 0.25, gamma: 1.5 }), optax['sigmoidFocalLoss']],
  perceptronLoss: [a, elements(perceptronLoss, bits), optax['perceptronLoss']],
  categoricalHingeLoss: [a, x => categoricalHingeLoss(x, ids, none), optax['categoricalHingeLoss']],
  'categoricalHingeLoss of one-hot labels': [a, x => categoricalHingeLoss(x, oneHot(ids, 3), none), optax['categoricalHingeLoss']],
  ntxentLoss: [anchors, x => ntxentLoss(x, array([0, 1, 0, 1], { dtype: 'int32' }), { temperature: 0.5 }), optax['ntxentLoss']],
  rankingSoftmaxLoss: [
    a,
    x =>
      rankingSoftmaxLoss(x, distributions, {
        ...none,
        items: array([
          [1, 1, 1],
          [1, 0, 1],
          [1, 1, 0],
          [1, 1, 1],
        ]).greater(0),
      }),
    optax['rankingSoftmaxLoss'],
  ],
  diceLoss: [
    values([2, 3, 2, 3], 11),
    x => diceLoss(softmax(x), values([2, 3, 2, 3], 12).greater(0).astype('float32'), { ...none, smooth: 0.5, alpha: 0.3, beta: 0.7 }),
    optax['diceLoss'],
  ],
  'softmaxCrossEntropy of impossible classes': [
    a,
    x => softmaxCrossEntropy(x.add(array([-Infinity, 0, 0])), multiply(distributions, array([0, 1, 1])), none),
    optax['safeCrossEntropy'],
  ],
}

describe(`as ${torch.origin.split(',')[0]} and ${optax.origin.split(',')[0]}`, () => {
  it.each(Object.entries(cases))('%s: values and gradient', (_, [x, loss, answer]) => {
    const [y, pullback] = vjp(loss, x)
    close(y, (answer as Answer).each)
    close(pullback(values(y.shape, 9))[0], (answer as Answer).gradient)
  })
  it('generalizedKlDivergence', () =>
    close(generalizedKlDivergence(probability, distributions, none), optax['generalizedKlDivergence']?.each ?? []))
  it('the mean with class weights is the weighted mean', () => {
    close(softmaxCrossEntropy(a, ids, { classWeights }), torch.weightedMean)
    close(softmaxCrossEntropy(a, ids, { weights: exampleWeights(classWeights, ids) }), torch.weightedMean)
  })
  it('percentages and logarithms of numbers, by Keras’ formulas', () => {
    close(meanAbsolutePercentageError(array([1, 3]), array([2, 4])), [37.5])
    close(meanSquaredLogarithmicError(array([1, -1]), array([3, 0])), [Math.LN2 ** 2 / 2])
  })
})

describe('weights, masks and reductions', () => {
  const x = values([2, 3, 4], 1),
    y = values([2, 3, 4], 2)
  it('a mask leaves out examples or their parts: the mean is that of the rest', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), bools => {
        const mask = array(bools.map(Number), { shape: [2, 3] }).greater(0)
        const parts = meanSquaredError(x, y, { reduction: 'none', mask: full([2, 3], true) }).dataSync()
        const kept = [...parts].filter((_, i) => bools[i])
        const wanted = kept.length === 0 ? 0 : kept.reduce((s, v) => s + v, 0) / kept.length
        close(meanSquaredError(x, y, { mask }), [wanted])
        close(meanSquaredError(x, y, { mask, reduction: 'sum' }), [wanted * kept.length])
        close(softmaxCrossEntropy(x, softmax(y), { mask, weights: array([1, 0]) }), [
          ...softmaxCrossEntropy(x, softmax(y), { weights: mask.astype('float32').mul(array([[1], [0]])) }).dataSync(),
        ])
      }),
      { numRuns: 5 },
    )
  })
  it('one weight an example weighs its mean', () => {
    const [first = NaN, second = NaN] = meanSquaredError(x, y, none).dataSync()
    close(meanSquaredError(x, y, { weights: array([3, 1]) }), [(3 * first + second) / 4])
    close(softmaxCrossEntropy(x, softmax(y), { weights: array([3, 1]) }), [
      (3 * softmaxCrossEntropy(x.slice(0, 1), softmax(y.slice(0, 1))).item() +
        softmaxCrossEntropy(x.slice(1), softmax(y.slice(1))).item()) /
        4,
    ])
  })
  it('refuses what does not fit, by name', () => {
    expect(() => meanSquaredError(x, y, { weights: array([1, 2, 3]) })).toThrow(
      /meanSquaredError: weights \[3\] must have the leading axes/,
    )
    expect(() => huberLoss(x, y.slice(1))).toThrow(/huberLoss: predictions \[2, 3, 4\] and targets \[1, 3, 4\]/)
    expect(() => ntxentLoss(x, ids)).toThrow(/ntxentLoss: needs embeddings \[n, d\]/)
    expect(() => ctcLoss(a, ids)).toThrow(/ctcLoss: needs logits \[n, t, classes\]/)
    expect(() => sigmoidCrossEntropy(a, b, { classWeights })).toThrow(/binary losses: classWeights need the shape \[2\]/)
  })
})

describe('ctcLoss', () => {
  const { ctc } = torch,
    logits = values([4, 6, 4], 10).mul(2),
    labels = array(ctc.labels, { dtype: 'int32' }),
    lengths = { logitLengths: array(ctc.steps, { dtype: 'int32' }), labelLengths: array(ctc.lengths, { dtype: 'int32' }) }
  const loss = (z: Tensor): Tensor => ctcLoss(z, labels, { ...lengths, ...none, zeroInfinity: true })
  it('is PyTorch’s value for one example', () => {
    const rows = log(
      softmax(
        array([
          [
            [0.1, 0.6, 0.3],
            [0.2, 0.2, 0.6],
            [0.5, 0.3, 0.2],
            [0.3, 0.4, 0.3],
          ],
        ]),
      ),
    )
    close(ctcLoss(rows, array([[1, 2]], { dtype: 'int32' })), [1.693161108990385])
  })
  it('is PyTorch’s for a batch of different lengths, under jit and grad', () => {
    close(loss(logits), ctc.each)
    close(jit(loss)(logits), ctc.each)
    close(jit(grad((z: Tensor) => sum(loss(z).mul(array([1, 2, -1, 1])))))(logits), ctc.gradient, 5e-6)
  })
  it('is Infinity where there are too few steps', () => {
    expect(ctcLoss(logits, labels, { ...lengths, ...none }).dataSync()[3]).toBe(Infinity)
  })
  it('agrees with one example after the other, and with its blank elsewhere', () => {
    const one = (z: Tensor, l: Tensor, steps: Tensor, size: Tensor): Tensor =>
      ctcLoss(z.reshape([1, 6, 4]), l.reshape([1, 3]), {
        logitLengths: steps.reshape([1]),
        labelLengths: size.reshape([1]),
        zeroInfinity: true,
      })
    close(vmap(one)(logits, labels, lengths.logitLengths, lengths.labelLengths), ctc.each)
    const moved = concatenate([sliceAxis(logits, 1, 4, { axis: 2 }), sliceAxis(logits, 0, 1, { axis: 2 })], { axis: 2 })
    close(ctcLoss(moved, labels.sub(1), { ...lengths, ...none, zeroInfinity: true, blank: 3 }), ctc.each)
  })
  it('gives optax’ forward variables', () => {
    const alpha = ctcForwardProbabilities(values([1, 4, 3], 10).mul(2), array([[1, 2]], { dtype: 'int32' })).dataSync()
    const finite = (x: number): number => Math.max(x, -1e29)
    // Its last step has the final sums in the place of blanks.
    optax.ctcBlanks
      .slice(0, 9)
      .forEach((v, i) => expect(finite(alpha[Math.floor(i / 3) * 5 + 2 * (i % 3)] as number)).toBeCloseTo(finite(v), 4))
    optax.ctcLabels.forEach((v, i) => expect(finite(alpha[Math.floor(i / 2) * 5 + 2 * (i % 2) + 1] as number)).toBeCloseTo(finite(v), 4))
  })
  it('has the derivatives of its values', () => {
    checkGrads((z: Tensor) => ctcLoss(z, array([[1, 1]], { dtype: 'int32' })), [values([1, 4, 3], 3)], { order: 1 })
  })
})
