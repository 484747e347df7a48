/** What cells say of boxes is heard as these boxes, once each, and is what the loss wants. */
import { type Tensor, array, init } from '@cotangent/core'
import { metrics } from '@cotangent/nn'
import { expect, it } from 'vitest'
import { CELLS, placesOf } from './grid.ts'
import { CLASSES, type CanvasBatch, detectionLoss, detectionsOf } from './model.ts'

await init({ backend: 'reference' })

const OUTPUTS = 5 + CLASSES
const truth: CanvasBatch = {
  x: array([0]),
  boxes: array([
    [
      [3, 5, 20, 11],
      [30, 30, 60, 50],
      [32, 44, 46, 63],
      [0, 0, 0, 0],
    ],
  ]),
  classes: array([[1, 8, 8, -1]], { dtype: 'int32' }),
}

/** Outputs of cells that are sure; `copies` gives each digit's to the next cell too, a little less sure. */
function outputsOf({ boxes, classes }: CanvasBatch, copies: boolean): Tensor {
  const { cell, place } = placesOf(boxes),
    [cells, places, digits] = [cell, place, classes].map(t => Array.from(t.dataSync(), Number)) as [number[], number[], number[]]
  const outputs = new Float32Array(CELLS * OUTPUTS)
  for (let at = 0; at < CELLS; at++) outputs[at * OUTPUTS] = -20
  const say = (at: number, logit: number, [y = 0, x = 0, h = 0, w = 0]: readonly number[], digit: number): void => {
    outputs.set([logit, y, x, h, w], at * OUTPUTS)
    outputs[at * OUTPUTS + 5 + digit] = 20
  }
  digits.forEach((digit, k) => {
    if (digit < 0) return
    const [y = 0, x = 0, h = 0, w = 0] = places.slice(k * 4, k * 4 + 4)
    say(cells[k] as number, 20, [y, x, h, w], digit)
    if (copies) say((cells[k] as number) + 1, 2, [y, x - 1, h, w], digit)
  })
  return array(outputs, { shape: [1, CELLS, OUTPUTS] })
}

it.each([false, true])('boxes are found again, once each (other cells see them too: %s)', copies => {
  const found = detectionsOf(outputsOf(truth, copies))
  expect([...found.classes.dataSync()].filter(digit => Number(digit) >= 0).sort()).toEqual([1, 8, 8])
  const metric = metrics.meanAveragePrecision({ classes: CLASSES, iouThresholds: [0.5, 0.99] })
  expect(metrics.evaluate(metric, [[found, truth]]).mean.item()).toBeCloseTo(1, 5)
})

it('the loss of cells that are sure and right is nothing, and anything else costs', () => {
  const right = outputsOf(truth, false)
  expect(detectionLoss(right, truth).item()).toBeLessThan(1e-5)
  expect(detectionLoss(outputsOf(truth, true), truth).item()).toBeGreaterThan(0.5)
  expect(detectionLoss(right, { ...truth, classes: array([[1, 8, 3, -1]], { dtype: 'int32' }) }).item()).toBeGreaterThan(1)
  expect(detectionLoss(right, { ...truth, boxes: truth.boxes.add(2) }).item()).toBeGreaterThan(0.5)
})
