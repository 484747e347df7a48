/** Losses of classifiers: logarithms of the probability of what was true. */
import {
  type Tensor,
  add,
  arange,
  clip,
  equal,
  exp,
  isdtype,
  log,
  log1p,
  logsumexp,
  multiply,
  power,
  subtract,
  sum,
  where,
} from '@cotangent/core'
import { fail, showShape } from '@cotangent/core/extend'
import { logSoftmax, sigmoid, softmax, softplus } from '../activations.ts'
import { atLeastFloat32, checkNumber, checkTensors, isFloating } from '../checks.ts'
import {
  type ClassLossOptions,
  type LossOptions,
  atClass,
  checkClassWeights,
  classIds,
  exampleWeights,
  reduceLoss,
  sameShapes,
} from './loss.ts'

/**
 * Cross-entropy of `softmax(logits)` against labels: class ids (an integer tensor `[n, ...]`; Keras: sparse categorical) or distributions
 * (a float tensor of the logits' shape). `logits` is `[n, ..., classes]`. An id outside of the classes gives NaN unless a `mask` leaves it out, since
 * values are not looked at while tracing. A class of probability 0 may have the logit -Infinity. With `classWeights` and class ids the mean is the weighted mean; with
 * distributions each term has the weight of its class (PyTorch: `cross_entropy(weight)`).
 * @throws ShapeError when labels fit neither form.
 * @example
 * softmaxCrossEntropy(array([[2, 1, 3], [1, 2, 3]]), array([2, 0], { dtype: 'int32' })) // 1.4076...
 */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor, options: ClassLossOptions = {}): Tensor {
  const { classWeights } = options,
    ids = classIds('softmaxCrossEntropy', logits, labels)
  checkClassWeights('softmaxCrossEntropy', classWeights, logits.shape.at(-1) as number)
  return ids
    ? reduceLoss('softmaxCrossEntropy', sparse(logits, labels), options, undefined, classWeights && exampleWeights(classWeights, labels))
    : reduceLoss('softmaxCrossEntropy', dense(logits, labels, classWeights), options)
}

const classesOf = (logits: Tensor): Tensor => arange(logits.shape[logits.ndim - 1] as number)
const sparse = (logits: Tensor, labels: Tensor): Tensor =>
  subtract(logsumexp(logits, { axis: -1 }), atClass(logits, labels, classesOf(logits)))
const dense = (logits: Tensor, labels: Tensor, classWeights?: Tensor): Tensor => {
  const weighted = classWeights === undefined ? labels : multiply(labels, classWeights)
  return sum(where(equal(weighted, 0), 0, multiply(weighted, logSoftmax(logits))), { axis: -1 }).neg()
}

/**
 * Distributions `[..., classes]` moved towards the uniform one: `(1 - alpha) labels + alpha / classes`. PyTorch: `label_smoothing`; optax: `smooth_labels`.
 * For class ids: `smoothLabels(oneHot(ids, classes), alpha)`.
 */
export function smoothLabels(labels: Tensor, alpha: number): Tensor {
  checkTensors('smoothLabels', { labels })
  checkNumber('smoothLabels', 'alpha', alpha, 'in [0, 1]', n => n >= 0 && n <= 1)
  if (labels.ndim === 0 || !isFloating(labels))
    fail(
      labels.ndim === 0 ? 'ShapeError' : 'DTypeError',
      `smoothLabels: needs distributions [..., classes], got ${labels.dtype}${showShape(labels.shape)}. Class ids become some by oneHot(ids, classes).`,
    )
  return add(multiply(labels, 1 - alpha), alpha / (labels.shape[labels.ndim - 1] as number))
}

export interface PolyLossOptions extends ClassLossOptions {
  /** Factor of the added term. Default 2 (optax). */
  readonly epsilon?: number
}
/** Cross-entropy plus `epsilon (1 - p)` for the probability p of the label. Leng et al. 2022, https://arxiv.org/abs/2204.12511. Labels as in `softmaxCrossEntropy`. */
export function polyLoss(logits: Tensor, labels: Tensor, options: PolyLossOptions = {}): Tensor {
  const { epsilon = 2, classWeights } = options,
    ids = classIds('polyLoss', logits, labels),
    miss = subtract(1, softmax(logits))
  checkClassWeights('polyLoss', classWeights, logits.shape.at(-1) as number)
  const each = ids
    ? add(sparse(logits, labels), multiply(atClass(miss, labels, classesOf(logits)), epsilon))
    : add(dense(logits, labels, classWeights), multiply(sum(multiply(labels, miss), { axis: -1 }), epsilon))
  return reduceLoss('polyLoss', each, options, undefined, ids && classWeights ? exampleWeights(classWeights, labels) : undefined)
}

/** Numbers 0 and 1, or probabilities, of the shape of the predictions. */
function binary(loss: string, predictions: Tensor, labels: Tensor): Tensor {
  sameShapes(loss, 'labels', labels, 'predictions', predictions)
  return isdtype(labels.dtype, 'real floating') ? labels : labels.astype(predictions.dtype)
}
/** `weight1 y a + weight0 (1 - y) b`. */
function twoClasses(y: Tensor, a: Tensor, b: Tensor, classWeights: Tensor | undefined): Tensor {
  checkClassWeights('binary losses', classWeights, 2)
  const own = (t: Tensor, i: number): Tensor => (classWeights === undefined ? t : multiply(t, classWeights.slice(i, i + 1).reshape([])))
  return add(own(multiply(y, a), 1), own(multiply(subtract(1, y), b), 0))
}

/**
 * Binary cross-entropy of `sigmoid(logits)` against labels in [0, 1] of the same shape `[n, ...]`: independent decisions. The mean of an example's, then
 * the reduction. PyTorch: `binary_cross_entropy_with_logits` (`pos_weight` p: `classWeights` [1, p]).
 */
export function sigmoidCrossEntropy(logits: Tensor, labels: Tensor, options: ClassLossOptions = {}): Tensor {
  const y = binary('sigmoidCrossEntropy', logits, labels)
  return reduceLoss('sigmoidCrossEntropy', twoClasses(y, softplus(logits.neg()), softplus(logits), options.classWeights), options, 1)
}

export interface LogLossOptions extends ClassLossOptions {
  /** Probabilities are kept this far from 0 and 1. Default 1e-7 (Keras, TF.js). */
  readonly eps?: number
}
/** Binary cross-entropy of probabilities. Prefer `sigmoidCrossEntropy`, which is accurate near 0 and 1. Keras: `binary_crossentropy`; TF.js: `logLoss`. */
export function logLoss(probabilities: Tensor, labels: Tensor, options: LogLossOptions = {}): Tensor {
  const { eps = 1e-7 } = options,
    y = binary('logLoss', probabilities, labels),
    // In 16 bits there is nothing between 1 - eps and 1.
    p = clip(atLeastFloat32(probabilities), eps, 1 - eps)
  checkNumber('logLoss', 'eps', eps, 'in [0, 0.5)', n => n >= 0 && n < 0.5)
  return reduceLoss('logLoss', twoClasses(y, log(p).neg(), log1p(p.neg()).neg(), options.classWeights), options, 1)
}

export interface FocalLossOptions extends LossOptions {
  /** Focus: 0 is cross-entropy. Default 2. */
  readonly gamma?: number
  /** Weight of the class 1, with `1 - alpha` for 0. Default: none. */
  readonly alpha?: number
}
/** Cross-entropy times `(1 - p)^gamma` for the probability p of the label: easy examples count little. Lin et al. 2017, https://arxiv.org/abs/1708.02002. */
export function sigmoidFocalLoss(logits: Tensor, labels: Tensor, options: FocalLossOptions = {}): Tensor {
  const { gamma = 2, alpha } = options,
    y = binary('sigmoidFocalLoss', logits, labels),
    p = sigmoid(logits)
  const miss = add(multiply(y, subtract(1, p)), multiply(subtract(1, y), p))
  const focused = multiply(twoClasses(y, softplus(logits.neg()), softplus(logits), undefined), power(miss, gamma))
  const balance = alpha === undefined ? focused : multiply(focused, add(multiply(y, alpha), multiply(subtract(1, y), 1 - alpha)))
  return reduceLoss('sigmoidFocalLoss', balance, options, 1)
}

/** Negative log-likelihood of counts with the mean `predictions`: `predictions - targets log predictions`. Keras: `poisson`. */
export function poissonLoss(predictions: Tensor, targets: Tensor, options: PoissonOptions = {}): Tensor {
  sameShapes('poissonLoss', 'predictions', predictions, 'targets', targets)
  const { logInput = false, eps = 1e-7 } = options
  const each = logInput
    ? subtract(exp(predictions), multiply(targets, predictions))
    : subtract(predictions, multiply(targets, log(add(predictions, eps))))
  return reduceLoss('poissonLoss', each, options, 1)
}
export interface PoissonOptions extends LossOptions {
  /** Predictions are logarithms of means. Default false (Keras; PyTorch's `poisson_nll_loss` has true). */
  readonly logInput?: boolean
  /** Added inside of the logarithm. Default 1e-7 (Keras; PyTorch 1e-8). */
  readonly eps?: number
}
