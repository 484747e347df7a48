/** Losses that are 0 beyond a margin. Labels of binary ones are -1 and 1 (or 0 and 1, or bool, which are taken for them). */
import {
  type Tensor,
  arange,
  equal,
  expandDims,
  isdtype,
  max,
  maximum,
  multiply,
  sqrt,
  square,
  subtract,
  sum,
  where,
} from '@cotangent/core'
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

/** `max(0, 1 - y prediction)`, labels y of -1 and 1 (0 counts as -1, as in Keras). PyTorch's `HingeEmbeddingLoss` is another loss. */
export function hingeLoss(predictions: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  return reduceLoss('hingeLoss', short('hingeLoss', predictions, labels, 1), options, 1)
}
/** The square of `hingeLoss`, element by element. */
export function squaredHingeLoss(predictions: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  return reduceLoss('squaredHingeLoss', square(short('squaredHingeLoss', predictions, labels, 1)), options, 1)
}
/** `max(0, -y prediction)`. Rosenblatt 1958; optax: `perceptron_loss`. */
export function perceptronLoss(predictions: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  return reduceLoss('perceptronLoss', short('perceptronLoss', predictions, labels, 0), options, 1)
}

/** How far `y prediction` is below the margin. */
function short(loss: string, predictions: Tensor, labels: Tensor, margin: number): Tensor {
  sameShapes(loss, 'predictions', predictions, 'labels', labels)
  const y = where(labels.astype(isdtype(labels.dtype, 'bool') ? 'int32' : labels.dtype).greater(0), 1, -1)
  return maximum(subtract(margin, multiply(predictions, y)), 0)
}

/** `max(0, 1 + the largest other logit - the label's logit)`: labels are class ids `[n, ...]` or one-hot like `logits` `[n, ..., classes]`. Keras: `categorical_hinge`. */
export function categoricalHingeLoss(logits: Tensor, labels: Tensor, options: ClassLossOptions = {}): Tensor {
  const { classWeights } = options,
    ids = classIds('categoricalHingeLoss', logits, labels),
    classes = arange(logits.shape[logits.ndim - 1] as number)
  checkClassWeights('categoricalHingeLoss', classWeights, classes.size)
  const own = ids ? equal(expandDims(labels, -1), classes) : labels.greater(0.5)
  const right = ids ? atClass(logits, labels, classes) : sum(where(own, logits, 0), { axis: -1 })
  const other = max(where(own, -Infinity, logits), { axis: -1 })
  const factors = ids && classWeights ? exampleWeights(classWeights, labels) : undefined
  return reduceLoss('categoricalHingeLoss', maximum(other.sub(right).add(1), 0), options, undefined, factors)
}

export interface TripletOptions extends LossOptions {
  /** Default 1. */
  readonly margin?: number
  /** Added to squared distances, so that the gradient at 0 is finite. Default 1e-6. */
  readonly eps?: number
}
/**
 * `max(0, |anchor - positive| - |anchor - negative| + margin)` over vectors `[n, ..., d]`. PyTorch: `triplet_margin_loss` (which adds its eps to each
 * difference); optax: `triplet_margin_loss`.
 */
export function tripletMarginLoss(anchors: Tensor, positives: Tensor, negatives: Tensor, options: TripletOptions = {}): Tensor {
  const { margin = 1, eps = 1e-6 } = options
  sameShapes('tripletMarginLoss', 'positives', positives, 'anchors', anchors)
  sameShapes('tripletMarginLoss', 'negatives', negatives, 'anchors', anchors)
  const distance = (x: Tensor): Tensor => sqrt(sum(square(subtract(anchors, x)), { axis: -1 }).add(eps))
  return reduceLoss('tripletMarginLoss', maximum(distance(positives).sub(distance(negatives)).add(margin), 0), options)
}
