/** Metrics of predictions. */
import { type Tensor, CotangentError, argmax, equal, mean } from '@cotangent/core'

/**
 * Share of examples whose largest logit is at the label: logits `[n, ..., classes]`, labels `[n, ...]` (class ids). A float32 scalar in [0, 1].
 * @throws ShapeError when the labels have another shape.
 */
export function accuracy(logits: Tensor, labels: Tensor): Tensor {
  const wanted = logits.shape.slice(0, -1)
  if (logits.ndim === 0 || labels.shape.join() !== wanted.join())
    throw new CotangentError(
      'ShapeError',
      `accuracy: logits [${logits.shape.join(', ')}] need class ids of shape [${wanted.join(', ')}], got [${labels.shape.join(', ')}].`,
    )
  return mean(equal(argmax(logits, { axis: -1 }), labels).astype('float32'))
}
