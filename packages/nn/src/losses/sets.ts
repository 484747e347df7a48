/** Losses of sets: pairs of embeddings, lists in their order, areas of images. */
import {
  type Shape,
  type Tensor,
  divide,
  equal,
  expandDims,
  eye,
  logaddexp,
  logicalAnd,
  logicalNot,
  logsumexp,
  matmul,
  multiply,
  subtract,
  sum,
  where,
} from '@cotangent/core'
import { fail, showShape } from '@cotangent/core/extend'
import { logSoftmax } from '../activations.ts'
import { checkNumber } from '../checks.ts'
import { ratio } from '../ratio.ts'
import { type LossOptions, reduceLoss, sameShapes } from './loss.ts'
import { unit } from './regression.ts'

export interface NtxentOptions {
  /** Default 0.07. */
  readonly temperature?: number
}
/**
 * Normalised temperature-scaled cross-entropy of embeddings `[n, d]` with integer labels `[n]`: those of one label are pulled together, others pushed apart.
 * A scalar: the mean over all pairs of one label. Chen et al. 2020 (SimCLR), https://arxiv.org/abs/2002.05709, as optax's `ntxent`.
 */
export function ntxentLoss(embeddings: Tensor, labels: Tensor, { temperature = 0.07 }: NtxentOptions = {}): Tensor {
  if (embeddings.ndim !== 2 || labels.ndim !== 1 || labels.shape[0] !== embeddings.shape[0])
    fail(
      'ShapeError',
      `ntxentLoss: needs embeddings [n, d] and labels [n], got ${showShape(embeddings.shape)} and ${showShape(labels.shape)}.`,
    )
  checkNumber('ntxentLoss', 'temperature', temperature, 'a number above 0', n => n > 0)
  const unitVectors = unit(embeddings, 1e-8)
  const similarity = divide(matmul(unitVectors, unitVectors.transpose()), temperature)
  const same = equal(expandDims(labels, 1), expandDims(labels, 0))
  const pairs = logicalAnd(same, logicalNot(eye(labels.shape[0] as number, { dtype: 'bool' })))
  // An anchor without others has only its pairs in the denominator; a large negative number keeps its derivative finite.
  const others = expandDims(logsumexp(where(same, -1e30, similarity), { axis: 1 }), 1)
  const all = logaddexp(others, similarity)
  return ratio(sum(where(pairs, subtract(all, similarity), 0)), pairs.astype('int32').sum())
}

export interface RankingOptions extends LossOptions {
  /** Which items of the lists count: bool `[n, ..., items]`. */
  readonly items?: Tensor
}
/** `-sum(labels log softmax(scores))` over lists `[n, ..., items]` with relevances as labels. Cao et al. 2007 (ListNet); optax: `ranking_softmax_loss`. */
export function rankingSoftmaxLoss(scores: Tensor, labels: Tensor, options: RankingOptions = {}): Tensor {
  sameShapes('rankingSoftmaxLoss', 'scores', scores, 'labels', labels)
  const { items } = options
  const relevance = items === undefined ? labels : where(items, labels, 0),
    logits = items === undefined ? scores : where(items, scores, -1e30)
  return reduceLoss('rankingSoftmaxLoss', sum(multiply(relevance, logSoftmax(logits)), { axis: -1 }).neg(), options)
}

export interface DiceOptions extends LossOptions {
  /** Added above and below. Default 1. */
  readonly smooth?: number
  /** Weights of false positives and false negatives (Tversky's index). Default 0.5 and 0.5, which is Dice. */
  readonly alpha?: number
  readonly beta?: number
  /** A factor for each class, `[classes]`. */
  readonly classWeights?: Tensor
}
/**
 * `1 - (2 |A B| + smooth) / (|A| + |B| + smooth)` for probabilities and targets in [0, 1] of `[n, ..., classes]`, for each class over all axes between, then
 * the mean over the classes. Milletari et al. 2016, https://arxiv.org/abs/1606.04797; alpha, beta: Salehi et al. 2017. optax: `dice_loss` (which takes logits).
 */
export function diceLoss(probabilities: Tensor, targets: Tensor, options: DiceOptions = {}): Tensor {
  sameShapes('diceLoss', 'probabilities', probabilities, 'targets', targets)
  const { smooth = 1, alpha = 0.5, beta = 0.5, classWeights } = options,
    axis = between(probabilities.shape)
  const both = sum(multiply(probabilities, targets), { axis }),
    falsePositives = sum(probabilities, { axis }).sub(both),
    falseNegatives = sum(targets, { axis }).sub(both)
  const index = divide(both.add(smooth), both.add(falsePositives.mul(alpha)).add(falseNegatives.mul(beta)).add(smooth))
  const each = subtract(1, index)
  return reduceLoss('diceLoss', classWeights === undefined ? each : multiply(each, classWeights), options, 1)
}
const between = (shape: Shape): readonly number[] => {
  if (shape.length < 2) fail('ShapeError', `diceLoss: needs [n, ..., classes], got ${showShape(shape)}.`)
  return Array.from({ length: shape.length - 2 }, (_, i) => i + 1)
}
