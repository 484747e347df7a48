/** Metrics of decisions: class ids against class ids, `[n, ...]` each (bool counts as 0 and 1). From scores: `scores.greater(0.5)`; from logits: `argmax(logits, { axis: -1 })`. */
import { type Tensor, arange, diagonal, equal, expandDims, matmul, mean, multiply, sum, transpose, zeros } from '@cotangent/core'
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
  const hot = (ids: Tensor): Tensor => equal(expandDims(ids.reshape([-1]).astype('int32'), -1), arange(classes)).astype('float32')
  return metric({
    empty: () => ({ counts: zeros([classes, classes]) }),
    measure: (predictions: Tensor, labels: Tensor, weights?: Tensor) => {
      const rows = hot(labels)
      const weighted = weights === undefined ? rows : multiply(rows, expandDims(weights.reshape([-1]), -1))
      return { counts: matmul(transpose(weighted), hot(predictions)) }
    },
    compute: ({ counts }) => compute(counts),
  })
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
