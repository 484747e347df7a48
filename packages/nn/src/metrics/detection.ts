/** Metrics of object detection: boxes with classes and scores against the true ones. */
import {
  type Tensor,
  any,
  arange,
  argmax,
  argsort,
  array,
  concatenate,
  cumsum,
  equal,
  expandDims,
  flip,
  greater,
  greaterEqual,
  lax,
  logicalAnd,
  logicalNot,
  logicalOr,
  max,
  multiply,
  scan,
  sum,
  take,
  takeAlongAxis,
  transpose,
  where,
  zeros,
} from '@cotangent/core'
import { fail, showShape } from '@cotangent/core/extend'
import { boxIou } from '../boxes.ts'
import { checkTensors } from '../checks.ts'
import { checkCount } from '../layer.ts'
import { ratio } from '../ratio.ts'
import { type Metric, metric } from './metric.ts'

/** Objects of images, filled up to as many for each: boxes `[n, k, 4]` (y1, x1, y2, x2), class ids int32 `[n, k]`, -1 where there is no object. */
export interface Objects {
  readonly boxes: Tensor
  readonly classes: Tensor
}
/** What a detector found, in any order. */
export interface Detections extends Objects {
  /** `[n, k]`: more is surer. */
  readonly scores: Tensor
}
export interface DetectionState {
  /** All detections so far: scores and class ids `[n]`, and whether each has found an object, by threshold: 0 or 1, `[n, thresholds]`. */
  readonly scores: Tensor
  readonly classes: Tensor
  readonly right: Tensor
  /** Objects of each class: `[classes]`. */
  readonly objects: Tensor
}
export interface AveragePrecisions {
  /** The mean over classes that have objects, and over thresholds: `[]`. */
  readonly mean: Tensor
  /** Over thresholds: `[classes]`; 0 for a class without objects. */
  readonly byClass: Tensor
  /** Over classes that have objects: `[thresholds]`. */
  readonly byThreshold: Tensor
}
export interface DetectionOptions {
  readonly classes: number
  /** Intersection over union from which on a box counts as found. Default [0.5]; COCO's own number is the mean over 0.5, 0.55, ..., 0.95. */
  readonly iouThresholds?: readonly number[]
  /**
   * Recalls at which the best precision at that recall or above is averaged: 101 evenly spaced (default, COCO), 11 (PASCAL VOC until 2009), or `'all'` there
   * are, which is the area below the curve (PASCAL VOC since 2010).
   */
  readonly recallPoints?: number | 'all'
}

/**
 * Mean average precision (mAP). In each image detections by descending score take the object of their class that they overlap most among those not taken
 * yet, if they overlap it enough; the others are wrong. A class's average precision is that of its detections in all images together. Its state grows by
 * what is seen, so that the result is exact. Everingham et al. 2010, https://doi.org/10.1007/s11263-009-0275-4, section 4.2; matching as in COCO's `cocoeval`.
 */
export function meanAveragePrecision({
  classes,
  iouThresholds = [0.5],
  recallPoints = 101,
}: DetectionOptions): Metric<DetectionState, readonly [found: Detections, truth: Objects], AveragePrecisions> {
  checkCount('meanAveragePrecision', 'classes', classes)
  checkOptions(iouThresholds, recallPoints)
  const count = iouThresholds.length
  return metric({
    empty: () => ({ scores: zeros([0]), classes: zeros([0], { dtype: 'int32' }), right: zeros([0, count]), objects: zeros([classes]) }),
    measure: (found: Detections, truth: Objects) => {
      checkBatch(found, truth)
      return {
        scores: found.scores.reshape([-1]),
        classes: found.classes.reshape([-1]),
        right: matches(found, truth, array([...iouThresholds])).reshape([found.scores.size, count]),
        objects: sum(classOf(truth.classes.reshape([-1]), classes), { axis: 0 }),
      }
    },
    merge: (a, b) => ({
      scores: concatenate([a.scores, b.scores]),
      classes: concatenate([a.classes, b.classes]),
      right: concatenate([a.right, b.right]),
      objects: a.objects.add(b.objects),
    }),
    compute: state => means(averagePrecisions(state, classes, recallPoints), state.objects),
  })
}

function checkOptions(iouThresholds: readonly number[], recallPoints: number | 'all'): void {
  if (iouThresholds.length === 0 || !iouThresholds.every(t => t > 0 && t <= 1))
    fail('ValueError', `meanAveragePrecision: iouThresholds are in (0, 1], got [${iouThresholds.join(', ')}].`)
  if (recallPoints !== 'all' && !(Number.isInteger(recallPoints) && recallPoints > 1))
    fail('ValueError', `meanAveragePrecision: recallPoints is 'all' or an integer above 1, got ${recallPoints}.`)
}

/** Shapes that differ would broadcast: one image would count for all. */
function checkBatch({ boxes, classes, scores }: Detections, truth: Objects): void {
  checkTensors('meanAveragePrecision', { boxes, classes, scores, 'true boxes': truth.boxes, 'true classes': truth.classes })
  const n = scores.shape[0]
  const check = (name: string, t: Tensor, wanted: readonly (number | undefined)[]): void => {
    if (t.shape.join() !== wanted.join())
      fail(
        'ShapeError',
        `meanAveragePrecision: ${name} have shape ${showShape(t.shape)}, needed are boxes [n, k, 4], classes and scores [n, k] of the same n images.`,
      )
  }
  check('scores', scores, [n, scores.shape[1]])
  check('classes', classes, [n, scores.shape[1]])
  check('boxes', boxes, [n, scores.shape[1], 4])
  check('true classes', truth.classes, [n, truth.classes.shape[1]])
  check('true boxes', truth.boxes, [n, truth.classes.shape[1], 4])
}

/** Class ids as rows of ones; none for -1. */
const classOf = (ids: Tensor, classes: number): Tensor => equal(expandDims(ids, -1), arange(classes)).astype('float32')

/** Whether each detection has found an object, by threshold: `[n, detections, thresholds]`. */
function matches(found: Detections, truth: Objects, thresholds: Tensor): Tensor {
  const [n, detections] = found.scores.shape as unknown as readonly [number, number],
    objects = truth.classes.shape[1] as number
  if (detections === 0 || objects === 0) return zeros([n, detections, thresholds.size])
  const order = argsort(found.scores.neg(), { axis: 1 })
  const isCandidate = logicalAnd(
    equal(expandDims(found.classes, 2), expandDims(truth.classes, 1)),
    greaterEqual(expandDims(found.classes, 2), 0),
  )
  const overlap = where(isCandidate, boxIou(found.boxes, truth.boxes), -1)
  const inTurn = transpose(takeAlongAxis(overlap, expandDims(order, 2), 1), [1, 0, 2]),
    bounds = expandDims(thresholds, 1),
    numbers = arange(objects)
  const step = (taken: Tensor, one: Tensor): readonly [Tensor, Tensor] => {
    const shares = expandDims(one, 1),
      isOpen = logicalAnd(logicalNot(taken), greaterEqual(shares, bounds))
    const best = argmax(where(isOpen, shares, -1), { axis: -1 })
    return [logicalOr(taken, logicalAnd(isOpen, equal(expandDims(best, -1), numbers))), any(isOpen, { axis: -1 })]
  }
  const [, hits] = scan(step, zeros([n, thresholds.size, objects], { dtype: 'bool' }), inTurn)
  const back = expandDims(argsort(order, { axis: 1 }), 2)
  return takeAlongAxis(transpose(hits.astype('float32'), [1, 0, 2]), back, 1)
}

/** `[thresholds, classes]` */
function averagePrecisions({ scores, classes, right, objects }: DetectionState, count: number, recallPoints: number | 'all'): Tensor {
  const order = argsort(scores.neg()),
    own = expandDims(take(classOf(classes, count), order, { axis: 0 }), 1)
  const hits = multiply(expandDims(take(right, order, { axis: 0 }), 2), own)
  // [detections, thresholds, classes]: of the detections of a class so far.
  const found = cumsum(hits, { axis: 0 }),
    precision = ratio(found, cumsum(own, { axis: 0 }).add(found.mul(0)))
  if (recallPoints === 'all') {
    const best = flip(lax.cummax(flip(precision, { axis: 0 })), { axis: 0 })
    return ratio(sum(multiply(hits, best), { axis: 0 }), objects)
  }
  const last = recallPoints - 1
  // found / objects >= point / last, in integers.
  const reaches = (point: Tensor): Tensor => greaterEqual(found.mul(last), multiply(point, objects))
  const points = arange(recallPoints).astype('float32').reshape([-1, 1, 1, 1])
  return sum(max(where(reaches(points), precision, 0), { axis: 1, initial: 0 }), { axis: 0 }).div(recallPoints)
}

function means(precisions: Tensor, objects: Tensor): AveragePrecisions {
  const isThere = greater(objects, 0).astype('float32'),
    byThreshold = ratio(sum(multiply(precisions, isThere), { axis: 1 }), sum(isThere))
  return { mean: byThreshold.mean(), byClass: multiply(precisions.mean({ axis: 0 }), isThere), byThreshold }
}
