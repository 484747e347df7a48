/** Metrics of scores in [0, 1] for two classes, over all thresholds: areas under curves, and calibration. Labels: bool, or 0 and 1, `[n]`. */
import {
  type Tensor,
  abs,
  arange,
  clip,
  cumsum,
  divide,
  equal,
  expandDims,
  floor,
  flip,
  isnan,
  matmul,
  multiply,
  searchsorted,
  sort,
  subtract,
  sum,
  where as select,
  zeros,
} from '@cotangent/core'
import { fail, showShape } from '@cotangent/core/extend'
import { atLeastFloat32, checkPairs } from '../checks.ts'
import { checkCount } from '../layer.ts'
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

/** Vectors of one length, as numbers of float32 and more. A score that is NaN has no rank: the result is NaN then. */
function scored(where: string, scores: Tensor, labels: Tensor): readonly [scores: Tensor, isPositive: Tensor] {
  checkPairs(where, 'scores', scores, 'labels', labels)
  if (scores.ndim !== 1) fail('ShapeError', `${where}: needs scores [n] and labels [n], got ${showShape(scores.shape)}. Use ravel first.`)
  const s = atLeastFloat32(scores)
  return [s, select(isnan(s), NaN, labels.astype('bool').astype('float32'))]
}

function histogram(bins: number, compute: (state: HistogramState) => Tensor): Metric<HistogramState, Scored> {
  checkCount('metrics of scores', 'bins', bins)
  return metric({
    empty: () => ({ positives: zeros([bins]), negatives: zeros([bins]) }),
    measure: (given: Tensor, labels: Tensor) => {
      const [scores, y] = scored('metrics of scores', given, labels),
        places = binned(scores, bins)
      return { positives: matmul(y, places), negatives: matmul(subtract(1, y), places) }
    },
    compute,
  })
}

export interface BinOptions {
  /** Default 200 (Keras). */
  readonly bins?: number
}
/** Area under the ROC curve, of scores rounded to bins: the chance that a positive example scores higher than a negative one; equal ones count half; NaN while a class is missing. Exact: `rocAuc`. */
export const auc = ({ bins = 200 }: BinOptions = {}): Metric<HistogramState, Scored> =>
  histogram(bins, ({ positives, negatives }) => {
    const below = subtract(cumsum(negatives), multiply(negatives, 0.5))
    return divide(sum(multiply(positives, below)), multiply(sum(positives), sum(negatives)))
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
/** The exact area under the ROC curve of scores `[n]` of any size: Mann and Whitney's statistic; equal scores count half, and NaN if there is one class alone. scikit-learn: `roc_auc_score`. */
export function rocAuc(given: Tensor, labels: Tensor): Tensor {
  const [scores, y] = scored('rocAuc', given, labels),
    [below, upTo] = ranks(sort(scores), scores)
  const positives = sum(y),
    rankSum = sum(multiply(y, below.add(upTo).add(1).mul(0.5)))
  return divide(rankSum.sub(positives.mul(positives.add(1)).mul(0.5)), multiply(positives, sum(subtract(1, y))))
}
/** The exact average precision: the mean over the positive examples of the precision at their score. scikit-learn: `average_precision_score`. */
export function averagePrecision(given: Tensor, labels: Tensor): Tensor {
  const [scores, y] = scored('averagePrecision', given, labels),
    n = scores.size
  // Negative examples go to the front, where no score is above them.
  const [below] = ranks(sort(scores), scores),
    [belowPositives] = ranks(sort(select(y.greater(0), scores, -Infinity)), scores)
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
  checkCount('metrics.calibration', 'bins', bins)
  return metric({
    empty: () => ({ count: zeros([bins]), confidence: zeros([bins]), right: zeros([bins]) }),
    measure: (confidence: Tensor, right: Tensor) => {
      checkPairs('metrics.calibration', 'confidence', confidence, 'right', right)
      const places = binned(confidence, bins)
      return { count: sum(places, { axis: 0 }), confidence: matmul(confidence, places), right: matmul(right.astype('float32'), places) }
    },
    compute: ({ count, confidence, right }) => {
      const error = ratio(sum(abs(subtract(confidence, right))), sum(count))
      return { confidence: ratio(confidence, count), accuracy: ratio(right, count), count, error }
    },
  })
}
