/** Metrics that are means over examples. Weights (or a bool mask) `[n]` are the last argument of a batch, and optional. */
import {
  type Tensor,
  abs,
  array,
  arange,
  argmax,
  equal,
  exp,
  expandDims,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  square,
  subtract,
  sum,
  where,
} from '@cotangent/core'
import { atClass } from '../losses/loss.ts'
import { softmaxCrossEntropy } from '../losses/crossEntropy.ts'
import { atLeastFloat32, checkPairs } from '../checks.ts'
import { checkCount } from '../layer.ts'
import { checkIds } from './accuracy.ts'
import { ratio } from '../ratio.ts'
import { type MeanState, type Metric, metric, weighed } from './metric.ts'

type Batch = readonly [predictions: Tensor, targets: Tensor, weights?: Tensor]
const meanOf = <I extends readonly unknown[]>(
  measure: (...batch: I) => MeanState,
  compute: (mean: Tensor) => Tensor = x => x,
): Metric<MeanState, I> =>
  metric({
    empty: () => ({ total: array(0), weight: array(0) }),
    measure,
    compute: ({ total, weight }) => compute(ratio(total, weight)),
  })

/** The mean of values `[n, ...]`: of losses, say. */
export const mean = (): Metric<MeanState, readonly [values: Tensor, weights?: Tensor]> =>
  meanOf((values: Tensor, weights?: Tensor) => weighed('metrics.mean', values, weights))

/** Share of examples whose largest logit is at the label: logits `[n, ..., classes]`, labels `[n, ...]` (class ids). */
export const accuracy = (): Metric<MeanState, Batch> =>
  meanOf((logits, labels, weights) => {
    checkIds('metrics.accuracy', logits, labels)
    return weighed('metrics.accuracy', equal(argmax(logits, { axis: -1 }), labels), weights)
  })

/**
 * Share of examples with fewer than `k` logits above the label's, where equal ones before it count as above; a label outside of the classes is never among
 * them. Keras: `SparseTopKCategoricalAccuracy`.
 */
export function topK(k: number): Metric<MeanState, Batch> {
  checkCount('metrics.topK', 'k', k)
  return meanOf((logits, labels, weights) => {
    checkIds('metrics.topK', logits, labels)
    const classes = arange(logits.shape[logits.ndim - 1] as number),
      own = expandDims(atClass(logits, labels, classes), -1)
    // Not below: a label outside of the classes has the logit NaN.
    const above = logicalOr(logicalNot(lessEqual(logits, own)), logicalAnd(equal(logits, own), less(classes, expandDims(labels, -1))))
    return weighed('metrics.topK', less(sum(above.astype('int32'), { axis: -1 }), Math.min(k, classes.size)), weights)
  })
}

/** `exp` of the mean cross-entropy: logits `[n, ..., classes]`, labels `[n, ...]`. */
export const perplexity = (): Metric<MeanState, Batch> =>
  meanOf(
    (logits, labels, weights) => weighed('metrics.perplexity', softmaxCrossEntropy(logits, labels, { reduction: 'none' }), weights),
    exp,
  )

const errors = (name: string, of: (difference: Tensor) => Tensor): Metric<MeanState, Batch> =>
  meanOf((p, t, weights) => {
    checkPairs(name, 'predictions', p, 'targets', t)
    // Differences of integers would wrap around, squares of float16 overflow.
    return weighed(name, of(subtract(atLeastFloat32(p), atLeastFloat32(t))), weights)
  })
export const meanAbsoluteError = (): Metric<MeanState, Batch> => errors('metrics.meanAbsoluteError', abs)
export const meanSquaredError = (): Metric<MeanState, Batch> => errors('metrics.meanSquaredError', square)

export interface R2State {
  readonly count: Tensor
  /** Mean of the targets, and the sum of squares around it. */
  readonly mean: Tensor
  readonly spread: Tensor
  /** Sum of squared errors. */
  readonly errors: Tensor
}
/** The coefficient of determination of numbers `[n]`: 1 - squared errors / squared distances from the mean; 0 where all targets are equal. Merged as Chan et al. 1979 do. */
export function r2(): Metric<R2State, readonly [predictions: Tensor, targets: Tensor]> {
  return metric({
    empty: () => ({ count: array(0), mean: array(0), spread: array(0), errors: array(0) }),
    measure: (predictions: Tensor, targets: Tensor) => {
      checkPairs('metrics.r2', 'predictions', predictions, 'targets', targets)
      const [p, t] = [atLeastFloat32(predictions), atLeastFloat32(targets)]
      // Of an empty batch there is none; its share in a merge is 0.
      const centre = t.size === 0 ? array(0) : t.mean()
      return {
        count: array(t.size).astype('float32'),
        mean: centre,
        spread: sum(square(subtract(t, centre))),
        errors: sum(square(subtract(p, t))),
      }
    },
    merge: (a, b) => {
      const count = a.count.add(b.count),
        share = ratio(b.count, count),
        apart = b.mean.sub(a.mean)
      return {
        count,
        mean: a.mean.add(apart.mul(share)),
        spread: a.spread.add(b.spread).add(square(apart).mul(a.count).mul(share)),
        errors: a.errors.add(b.errors),
      }
    },
    compute: s => where(equal(s.spread, 0), 0, subtract(1, ratio(s.errors, s.spread))),
  })
}
