/** Metrics of predictions. */
import { type Tensor, argmax, equal, mean } from '@cotangent/core'

/** Share of examples whose largest logit is at the label: logits `[n, classes]`, labels `[n]` (class ids). A float32 scalar in [0, 1]. */
export const accuracy = (logits: Tensor, labels: Tensor): Tensor => mean(equal(argmax(logits, { axis: -1 }), labels).astype('float32'))
