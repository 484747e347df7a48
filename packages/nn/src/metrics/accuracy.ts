/** Metrics of predictions. */
import { type Tensor, argmax, equal, mean } from '@cotangent/core'
import { fail, sameShape, showShape } from '@cotangent/core/extend'
import { checkTensors } from '../checks.ts'

/**
 * Share of examples whose largest logit is at the label: logits `[n, ..., classes]`, labels `[n, ...]` (class ids). A float32 scalar in [0, 1].
 * @throws ShapeError when the labels have another shape.
 */
export function accuracy(logits: Tensor, labels: Tensor): Tensor {
  checkIds('accuracy', logits, labels)
  return mean(equal(argmax(logits, { axis: -1 }), labels).astype('float32'))
}

/** Labels `[n, ...]` of logits `[n, ..., classes]`. */
export function checkIds(where: string, logits: Tensor, labels: Tensor): void {
  checkTensors(where, { logits, labels })
  const wanted = logits.shape.slice(0, -1)
  if (logits.ndim === 0 || !sameShape(labels.shape, wanted))
    fail(
      'ShapeError',
      `${where}: logits ${showShape(logits.shape)} need class ids of shape ${showShape(wanted)}, got ${showShape(labels.shape)}.`,
    )
}
