/**
 * A detector that looks once: a cell of a grid answers for the digit whose middle lies in it, by whether there is one, where, and which. Redmon et al. 2016,
 * https://arxiv.org/abs/1506.02640; whether there is one is learnt by the focal loss of Lin et al. 2017, since most cells are empty.
 */
import {
  type Tensor,
  add,
  any,
  arange,
  argmax,
  equal,
  expandDims,
  greaterEqual,
  image,
  logicalAnd,
  max,
  maximum,
  multiply,
  split,
  squeeze,
  sum,
  takeAlongAxis,
  vmap,
  where,
} from '@cotangent/core'
import {
  batchNorm,
  conv2d,
  initializers,
  maxPool2d,
  meanAbsoluteError,
  type metrics,
  relu,
  serial,
  sigmoid,
  sigmoidFocalLoss,
  softmax,
  softmaxCrossEntropy,
} from '@cotangent/nn'
import { CANVAS } from './canvases.ts'
import { CELLS, boxesOf, placesOf } from './grid.ts'

export const CLASSES = 10
/** Of a cell: whether there is a digit, its place, its class. */
const OUTPUTS = 1 + 4 + CLASSES

const kernelInit = initializers.heNormal()
const block = (channels: number, strides: number = 1) =>
  serial(conv2d(channels, 3, { strides, useBias: false, kernelInit }), batchNorm({ momentum: 0.97 }), relu)

/** From canvases `[n, CANVAS, CANVAS, 1]` to what each cell of the grid says, `[n, CANVAS / 8, CANVAS / 8, OUTPUTS]`. */
export const detector = (width: number) =>
  serial(
    block(width, 2),
    block(2 * width),
    maxPool2d(2),
    block(4 * width),
    maxPool2d(2),
    block(8 * width),
    block(8 * width),
    conv2d(OUTPUTS, 1),
  )

/** `[n, k, OUTPUTS]` as logits of whether there is a digit `[n, k]`, its place `[n, k, 4]`, and logits of its class `[n, k, CLASSES]`. */
function answersOf(outputs: Tensor): readonly [isThere: Tensor, place: Tensor, classes: Tensor] {
  const [isThere, place, classes] = split(outputs, [1, 5], { axis: -1 }) as [Tensor, Tensor, Tensor]
  return [squeeze(isThere, { axis: -1 }), place, classes]
}
const byCell = (outputs: Tensor): Tensor => outputs.reshape([outputs.shape[0] as number, CELLS, OUTPUTS])

/** Canvases `[n, CANVAS, CANVAS, 1]` and what is on them. */
export interface CanvasBatch extends metrics.Objects {
  readonly x: Tensor
}

/** Next to whether and which; places are in cells, whose errors are small numbers. */
const WEIGHT_OF_PLACE = 4

/** How wrong cells are about whether there is a digit, about where it is, and about which it is: the mean over the digits of a batch. */
export function detectionLoss(outputs: Tensor, { boxes, classes }: CanvasBatch): Tensor {
  const cells = byCell(outputs),
    mask = greaterEqual(classes, 0),
    { cell, place } = placesOf(boxes)
  const isCell = logicalAnd(equal(expandDims(cell, -1), arange(CELLS)), expandDims(mask, -1)),
    digits = maximum(sum(mask.astype('float32')), 1)
  const focal = sigmoidFocalLoss(answersOf(cells)[0], any(isCell, { axis: 1 }), { reduction: 'sum' }).mul(CELLS)
  // What the cells of the digits say: [n, MOST, OUTPUTS].
  const [, ownPlace, ownClass] = answersOf(takeAlongAxis(cells, expandDims(cell, -1), 1))
  return focal
    .div(digits)
    .add(meanAbsoluteError(ownPlace, place, { mask }).mul(WEIGHT_OF_PLACE))
    .add(softmaxCrossEntropy(ownClass, where(mask, classes, 0), { mask }))
}

/** Detections of a canvas, at most. */
const MOST_FOUND = 12
/** Cells that say less are not heard. */
const LEAST_SCORE = 0.01

/** What the cells have found: of boxes of one digit that overlap by more than half, the one with the best score. */
export function detectionsOf(outputs: Tensor): metrics.Detections {
  const [isThere, place, logits] = answersOf(byCell(outputs))
  const boxes = boxesOf(place),
    classes = argmax(logits, { axis: -1 }).astype('int32'),
    scores = multiply(sigmoid(isThere), max(softmax(logits), { axis: -1 }))
  // Boxes of different digits are moved apart, so that they do not suppress each other.
  const apart = add(boxes, expandDims(classes, -1).mul(2 * CANVAS))
  const suppress = (b: Tensor, s: Tensor): Tensor => image.nonMaximumSuppression(b, s, MOST_FOUND, { scoreThreshold: LEAST_SCORE })[0]
  const kept = vmap(suppress)(apart, scores),
    isKept = greaterEqual(kept, 0),
    at = maximum(kept, 0)
  return {
    boxes: takeAlongAxis(boxes, expandDims(at, -1), 1),
    scores: where(isKept, takeAlongAxis(scores, at, 1), 0),
    classes: where(isKept, takeAlongAxis(classes, at, 1), -1),
  }
}
