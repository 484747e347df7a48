/** Metrics of decisions: class ids against class ids, `[n, ...]` each (bool counts as 0 and 1). From scores: `scores.greater(0.5)`; from logits: `argmax(logits, { axis: -1 })`. */
import { type Tensor, arange, diagonal, equal, expandDims, matmul, mean, multiply, sum, transpose, zeros } from '@cotangent/core'
import { checkOneOf, fail } from '@cotangent/core/extend'
import { checkPairs, isFloating } from '../checks.ts'
import { checkCount } from '../layer.ts'
import { ratio } from '../ratio.ts'
import { type Metric, metric } from './metric.ts'

export type Decisions = readonly [predictions: Tensor, labels: Tensor, weights?: Tensor]
export interface ConfusionState {
  /** How often each class (row) was taken for each (column): `[classes, classes]`. */
  readonly counts: Tensor
}

/** The confusion matrix: rows are labels, columns predictions. */
export const confusion = (classes: number): Metric<ConfusionState, Decisions> => ofCounts(classes, x => x)

function ofCounts(classes: number, compute: (counts: Tensor) => Tensor): Metric<ConfusionState, Decisions> {
  checkCount('metrics of decisions', 'classes', classes)
  const hot = (ids: Tensor): Tensor => equal(expandDims(ids.reshape([-1]).astype('int32'), -1), arange(classes)).astype('float32')
  return metric({
    empty: () => ({ counts: zeros([classes, classes]) }),
    measure: (predictions: Tensor, labels: Tensor, weights?: Tensor) => {
      checkDecisions(predictions, labels, weights)
      const rows = hot(labels)
      const weighted = weights === undefined ? rows : multiply(rows, expandDims(weights.reshape([-1]), -1))
      return { counts: matmul(transpose(weighted), hot(predictions)) }
    },
    compute: ({ counts }) => compute(counts),
  })
}

function checkDecisions(predictions: Tensor, labels: Tensor, weights?: Tensor): void {
  const where = 'metrics of decisions'
  checkPairs(where, 'predictions', predictions, 'labels', labels)
  if (weights !== undefined) checkPairs(where, 'weights', weights, 'labels', labels)
  const scores = [predictions, labels].find(isFloating)
  if (scores !== undefined)
    fail(
      'DTypeError',
      `${where}: needs class ids, got ${scores.dtype}. Decide first: scores.greater(0.5), or argmax(logits, { axis: -1 }).`,
    )
}

export interface AverageOptions {
  /** Default 2. */
  readonly classes?: number
  /**
   * `binary`: of class 1 (default with 2 classes); `macro`: the mean over classes (default otherwise); `micro`: of all decisions together; `none`: one value a
   * class. scikit-learn's names.
   */
  readonly average?: 'binary' | 'macro' | 'micro' | 'none'
}
interface Hits {
  readonly right: Tensor
  readonly predicted: Tensor
  readonly actual: Tensor
}
function averaged(
  score: (hits: Hits) => Tensor,
  { classes = 2, average = classes === 2 ? 'binary' : 'macro' }: AverageOptions,
): Metric<ConfusionState, Decisions> {
  checkOneOf('metrics of decisions', 'average', average, ['binary', 'macro', 'micro', 'none'])
  if (average === 'binary' && classes !== 2)
    fail('ValueError', `metrics of decisions: 'binary' needs 2 classes, got ${classes}. Use 'macro', 'micro' or 'none'.`)
  return ofCounts(classes, counts => {
    const hits = { right: diagonal(counts), predicted: sum(counts, { axis: 0 }), actual: sum(counts, { axis: 1 }) }
    if (average === 'micro') return score({ right: sum(hits.right), predicted: sum(hits.predicted), actual: sum(hits.actual) })
    const each = score(hits)
    return average === 'none' ? each : average === 'macro' ? mean(each) : each.slice(1, 2).reshape([])
  })
}

/** Of those taken for a class, the share that is of it; 0 where there are none. */
export const precision = (options: AverageOptions = {}): Metric<ConfusionState, Decisions> =>
  averaged(h => ratio(h.right, h.predicted), options)
/** Of those of a class, the share that is taken for it. */
export const recall = (options: AverageOptions = {}): Metric<ConfusionState, Decisions> => averaged(h => ratio(h.right, h.actual), options)
/** The harmonic mean of precision and recall. */
export const f1 = (options: AverageOptions = {}): Metric<ConfusionState, Decisions> =>
  averaged(h => ratio(h.right.mul(2), h.predicted.add(h.actual)), options)
/** Intersection over union of each class, averaged (default `macro`); a class that does not occur counts 0. Keras: `MeanIoU`. */
export const iou = (options: AverageOptions = {}): Metric<ConfusionState, Decisions> =>
  averaged(h => ratio(h.right, h.predicted.add(h.actual).sub(h.right)), { average: 'macro', ...options })
