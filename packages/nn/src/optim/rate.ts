/** Learning rates: a number, or a schedule of the step. */
import { type Tensor, type TensorLike } from '@cotangent/core'

/** A constant, or a pure function of the step: an int32 scalar that counts updates from 0. */
export type LearningRate = number | ((step: Tensor) => TensorLike)
export const rateAt = (rate: LearningRate, step: Tensor): TensorLike => (typeof rate === 'number' ? rate : rate(step))
