/** Metrics of scores in [0, 1] for two classes, over all thresholds: areas under curves, and calibration. Labels: bool, or 0 and 1, `[n]`. */
import {
  type Tensor,
  abs,
  arange,
  clip,
  cumsum,
  equal,
  expandDims,
  floor,
  flip,
  matmul,
  multiply,
  searchsorted,
  sort,
  subtract,
  sum,
  where,
  zeros,
} from '@cotangent/core'
import { ratio } from '../ratio.ts'
import { type Metric, metric } from './metric.ts'

type Scored = readonly [scores: Tensor, labels: Tensor]
export interface HistogramState {
  /** Examples of each class by score, from low to high: `[bins]`. */
  readonly positives: Tensor
  readonly negatives: Tensor
}

/** Which bin of [0, 1], as rows of ones: `[n, bins]`. */
const binned = (scores: Tensor, bins: number): Tensor =>
  equal(expandDims(clip(floor(multiply(scores, bins)), 0, bins - 1).astype('int32'), -1), arange(bins)).astype('float32')

function histogram(bins: number, compute: (state: HistogramState) => Tensor): Metric<HistogramState, Scored> {
  return metric({
    empty: () => ({ positives: zeros([bins]), negatives: zeros([bins]) }),
    measure: (scores: Tensor, labels: Tensor) => {
      const places = binned(scores, bins),
        y = labels.astype('bool').astype('float32')
      return { positives: matmul(y, places), negatives: matmul(subtract(1, y), places) }
    },
    compute,
  })
}

export interface BinOptions {
  /** Default 200 (Keras). */
  readonly bins?: number
}
/** Area under the ROC curve, of scores rounded to bins: the chance that a positive example scores higher than a negative one; equal ones count half. Exact: `rocAuc`. */
export const auc = ({ bins = 200 }: BinOptions = {}): Metric<HistogramState, Scored> =>
  histogram(bins, ({ positives, negatives }) => {
    const below = subtract(cumsum(negatives), multiply(negatives, 0.5))
    return ratio(sum(multiply(positives, below)), multiply(sum(positives), sum(negatives)))
  })
/** Average precision (area under the precision-recall curve), of scores rounded to bins. Exact: `averagePrecision`. */
export const prAuc = ({ bins = 200 }: BinOptions = {}): Metric<HistogramState, Scored> =>
  histogram(bins, ({ positives, negatives }) => {
    const above = (x: Tensor): Tensor => flip(cumsum(flip(x)))
    const found = above(positives)
    return ratio(sum(multiply(positives, ratio(found, found.add(above(negatives))))), sum(positives))
  })

/** How many of a sorted vector are below each score, and how many are not above it. */
const ranks = (sorted: Tensor, scores: Tensor): readonly [Tensor, Tensor] => [
  searchsorted(sorted, scores).astype('float32'),
  searchsorted(sorted, scores, { side: 'right' }).astype('float32'),
]
/** The exact area under the ROC curve of scores `[n]` of any size: Mann and Whitney's statistic; equal scores count half. scikit-learn: `roc_auc_score`. */
export function rocAuc(scores: Tensor, labels: Tensor): Tensor {
  const y = labels.astype('bool').astype('float32'),
    [below, upTo] = ranks(sort(scores), scores)
  const positives = sum(y),
    rankSum = sum(multiply(y, below.add(upTo).add(1).mul(0.5)))
  return ratio(rankSum.sub(positives.mul(positives.add(1)).mul(0.5)), multiply(positives, sum(subtract(1, y))))
}
/** The exact average precision: the mean over the positive examples of the precision at their score. scikit-learn: `average_precision_score`. */
export function averagePrecision(scores: Tensor, labels: Tensor): Tensor {
  const y = labels.astype('bool').astype('float32'),
    n = scores.size
  // Negative examples go to the front, where no score is above them.
  const [below] = ranks(sort(scores), scores),
    [belowPositives] = ranks(sort(where(y.greater(0), scores, -Infinity)), scores)
  return ratio(sum(multiply(y, ratio(subtract(n, belowPositives), subtract(n, below)))), sum(y))
}

export interface CalibrationState {
  /** Examples, the sum of their confidences, and how many of them were right: `[bins]`. */
  readonly count: Tensor
  readonly confidence: Tensor
  readonly right: Tensor
}
export interface Calibration {
  /** Mean confidence and share of right ones in each bin, 0 in empty ones: `[bins]`. */
  readonly confidence: Tensor
  readonly accuracy: Tensor
  readonly count: Tensor
  /** Expected calibration error: the mean distance of the two, by examples. Naeini et al. 2015. */
  readonly error: Tensor
}
/** The curve of confidences `[n]` in [0, 1] against whether they were right (for two classes: scores against labels). `bins` default 10. */
export function calibration({
  bins = 10,
}: BinOptions = {}): Metric<CalibrationState, readonly [confidence: Tensor, right: Tensor], Calibration> {
  return metric({
    empty: () => ({ count: zeros([bins]), confidence: zeros([bins]), right: zeros([bins]) }),
    measure: (confidence: Tensor, right: Tensor) => {
      const places = binned(confidence, bins)
      return { count: sum(places, { axis: 0 }), confidence: matmul(confidence, places), right: matmul(right.astype('float32'), places) }
    },
    compute: ({ count, confidence, right }) => {
      const error = ratio(sum(abs(subtract(confidence, right))), sum(count))
      return { confidence: ratio(confidence, count), accuracy: ratio(right, count), count, error }
    },
  })
}
