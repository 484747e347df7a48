/** A detector that looks once: a cell of a grid answers for the digit whose middle lies in it. Redmon et al. 2016, https://arxiv.org/abs/1506.02640. */
import {
  type Tensor,
  add,
  any,
  arange,
  argmax,
  clip,
  concatenate,
  divmod,
  equal,
  exp,
  expandDims,
  floor,
  greaterEqual,
  image,
  log,
  logicalAnd,
  max,
  maximum,
  multiply,
  split,
  squeeze,
  stack,
  subtract,
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

/** Pixels a side of a cell. */
const CELL = 8
/** Cells a side. */
const GRID = CANVAS / CELL
export const CLASSES = 10
/** Of a cell: whether there is a digit, its middle and size, its class. */
const OUTPUTS = 1 + 4 + CLASSES

const kernelInit = initializers.heNormal()
const block = (channels: number, strides: number = 1) =>
  serial(conv2d(channels, 3, { strides, useBias: false, kernelInit }), batchNorm({ momentum: 0.97 }), relu)

/** From canvases `[n, CANVAS, CANVAS, 1]` to answers `[n, GRID, GRID, OUTPUTS]`. */
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

export interface CanvasBatch extends metrics.Objects {
  readonly x: Tensor
}

/** `[n, k, OUTPUTS]` as logits of whether there is a digit `[n, k]`, its place `[n, k, 4]`, and logits of its class `[n, k, CLASSES]`. */
function answersOf(y: Tensor): readonly [there: Tensor, place: Tensor, classes: Tensor] {
  const [there, place, classes] = split(y, [1, 5], { axis: -1 }) as [Tensor, Tensor, Tensor]
  return [squeeze(there, { axis: -1 }), place, classes]
}

/** The mean over digits of what their cells say wrongly: of whether, where and what they are. */
export function detectionLoss(answers: Tensor, { boxes, classes }: CanvasBatch): Tensor {
  const y = answers.reshape([answers.shape[0] as number, GRID * GRID, OUTPUTS]),
    isThere = greaterEqual(classes, 0),
    { cell, place } = placesOf(boxes)
  const isOwn = logicalAnd(equal(expandDims(cell, -1), arange(GRID * GRID)), expandDims(isThere, -1))
  const [there] = answersOf(y),
    [, ownPlace, ownClass] = answersOf(takeAlongAxis(y, expandDims(cell, -1), 1))
  const whether = sum(sigmoidFocalLoss(there, any(isOwn, { axis: 1 }), { reduction: 'none' })).mul(GRID * GRID),
    digits = maximum(sum(isThere.astype('float32')), 1)
  const where_ = meanAbsoluteError(ownPlace, place, { mask: isThere })
  return whether
    .div(digits)
    .add(where_.mul(4))
    .add(softmaxCrossEntropy(ownClass, where(isThere, classes, 0), { mask: isThere }))
}

/** The cells of boxes, int32 `[n, k]`, and what they should answer: how far in cells the middle is from the cell's, and the logarithm of the size in cells. */
function placesOf(boxes: Tensor): { readonly cell: Tensor; readonly place: Tensor } {
  const [from, to] = split(boxes.div(CELL), 2, { axis: -1 }) as [Tensor, Tensor]
  const middle = from.add(to).div(2),
    index = clip(floor(middle), 0, GRID - 1)
  const [row, column] = split(index.astype('int32'), 2, { axis: -1 }) as [Tensor, Tensor]
  const offset = middle.sub(index).sub(0.5),
    size = log(maximum(to.sub(from), 0.05))
  return { cell: squeeze(row.mul(GRID).add(column), { axis: -1 }), place: concatenate([offset, size], { axis: -1 }) }
}

/** The other way round: boxes `[n, GRID * GRID, 4]`. */
function boxesOf(place: Tensor): Tensor {
  const [offset, size] = split(place, 2, { axis: -1 }) as [Tensor, Tensor],
    numbers = arange(GRID * GRID)
  const index = stack(divmod(numbers, GRID), { axis: -1 }).astype('float32')
  const middle = add(offset, index).add(0.5),
    half = exp(size).div(2)
  return concatenate([subtract(middle, half), add(middle, half)], { axis: -1 }).mul(CELL)
}

export interface SuppressionOptions {
  /** Detections of a canvas. */
  readonly most?: number
  readonly scoreThreshold?: number
}
/** What the answers say: for each digit the best of the boxes that overlap by more than half. */
export function detectionsOf(answers: Tensor, { most = 12, scoreThreshold = 0.01 }: SuppressionOptions = {}): metrics.Detections {
  const [there, place, logits] = answersOf(answers.reshape([answers.shape[0] as number, GRID * GRID, OUTPUTS]))
  const boxes = boxesOf(place),
    classes = argmax(logits, { axis: -1 }).astype('int32'),
    scores = multiply(sigmoid(there), max(softmax(logits), { axis: -1 }))
  // Boxes of different classes do not suppress each other: they are moved apart.
  const apart = add(boxes, expandDims(classes, -1).mul(2 * CANVAS))
  const suppress = (b: Tensor, s: Tensor): Tensor => image.nonMaximumSuppression(b, s, most, { scoreThreshold })[0]
  const kept = vmap(suppress)(apart, scores),
    isKept = greaterEqual(kept, 0),
    at = maximum(kept, 0)
  return {
    boxes: takeAlongAxis(boxes, expandDims(at, -1), 1),
    scores: where(isKept, takeAlongAxis(scores, at, 1), 0),
    classes: where(isKept, takeAlongAxis(classes, at, 1), -1),
  }
}
