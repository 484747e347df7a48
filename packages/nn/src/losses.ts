/** Losses: one number for each example, then a reduction (default: the mean). */
import {
  type Shape,
  type Tensor,
  CotangentError,
  arange,
  equal,
  expandDims,
  isdtype,
  log,
  logsumexp,
  mean,
  multiply,
  subtract,
  sum,
  where,
} from '@cotangent/core'
import { logSoftmax } from './activations.ts'

export interface LossOptions {
  /** `'mean'` (default, as Keras and PyTorch; with weights: the weighted mean), `'sum'`, or `'none'` for one value an example. */
  readonly reduction?: 'mean' | 'sum' | 'none'
  /** A factor for each example, `[n, ...]`: sample weights, or a mask. */
  readonly weights?: Tensor
}

function reduce(loss: string, perExample: Tensor, { reduction = 'mean', weights }: LossOptions): Tensor {
  if (weights !== undefined) sameShapes(loss, 'weights', weights.shape, 'losses', perExample.shape)
  const weighted = weights === undefined ? perExample : multiply(perExample, weights)
  if (reduction === 'none') return weighted
  if (reduction === 'sum') return sum(weighted)
  return weights === undefined ? mean(weighted) : sum(weighted).div(sum(weights))
}

/** Shapes that differ would broadcast, and the loss would be of other pairs than meant. */
function sameShapes(loss: string, a: string, shape: Shape, b: string, wanted: Shape): void {
  if (shape.length !== wanted.length || shape.some((n, i) => n !== wanted[i]))
    throw new CotangentError(
      'ShapeError',
      `${loss}: ${a} [${shape.join(', ')}] and ${b} [${wanted.join(', ')}] need the same shape. Reshape one of them.`,
    )
}

/**
 * Cross-entropy of `softmax(logits)` against labels: class ids (an integer tensor `[n, ...]`; Keras: sparse categorical) or distributions
 * (a float tensor of the logits' shape). `logits` is `[n, ..., classes]`. An id outside of the classes counts as none of them, since values are not
 * looked at while tracing.
 * @throws ShapeError when labels fit neither form.
 * @example
 * softmaxCrossEntropy(array([[2, 1, 3], [1, 2, 3]]), array([2, 0], { dtype: 'int32' })) // 1.4076...
 */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  const integral = isdtype(labels.dtype, 'integral')
  const wanted = integral ? logits.shape.slice(0, -1) : logits.shape
  if (logits.ndim === 0 || wanted.length !== labels.ndim || wanted.some((n, i) => n !== labels.shape[i]))
    labelError(logits, labels, integral)
  return reduce(
    'softmaxCrossEntropy',
    integral ? sparse(logits, labels) : sum(multiply(labels, logSoftmax(logits)), { axis: -1 }).neg(),
    options,
  )
}

const sparse = (logits: Tensor, labels: Tensor): Tensor => {
  const classes = arange(logits.shape[logits.ndim - 1] as number)
  const own = sum(where(equal(expandDims(labels, -1), classes), logits, 0), { axis: -1 })
  return subtract(logsumexp(logits, { axis: -1 }), own)
}
function labelError(logits: Tensor, labels: Tensor, integral: boolean): never {
  const wanted = integral
    ? `class ids of shape [${logits.shape.slice(0, -1).join(', ')}]`
    : `distributions of shape [${logits.shape.join(', ')}] or integer class ids`
  throw new CotangentError(
    'ShapeError',
    `softmaxCrossEntropy: logits [${logits.shape.join(', ')}] need ${wanted}, got ${labels.dtype}[${labels.shape.join(', ')}].`,
  )
}

/**
 * Mean of squared differences over all axes but the first, then the reduction. Keras and PyTorch: MSE.
 * @throws ShapeError when the shapes differ: they do not broadcast.
 */
export function meanSquaredError(predictions: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  sameShapes('meanSquaredError', 'predictions', predictions.shape, 'targets', targets.shape)
  const d = subtract(predictions, targets)
  return reduce('meanSquaredError', perExampleMean(multiply(d, d)), options)
}
const perExampleMean = (x: Tensor): Tensor => (x.ndim <= 1 ? x : mean(x, { axis: Array.from({ length: x.ndim - 1 }, (_, i) => i + 1) }))

/**
 * Kullback-Leibler divergence `sum(p (log p - log q))` over the last axis, of the distribution `p` (the truth) from `q` (the prediction).
 * Terms with `p = 0` count 0. PyTorch's `kl_div` takes `log q` first.
 */
export function klDivergence(q: Tensor, p: Tensor, options: LossOptions = {}): Tensor {
  sameShapes('klDivergence', 'q', q.shape, 'p', p.shape)
  const positive = p.greater(0)
  // Where a term does not count, its logarithms must be finite too: the gradient of `where` multiplies them by zero.
  const safe = (x: Tensor): Tensor => where(positive, x, 1)
  return reduce('klDivergence', sum(where(positive, multiply(p, subtract(log(safe(p)), log(safe(q)))), 0), { axis: -1 }), options)
}
