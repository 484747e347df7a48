/** Learning rates: a number, or a schedule of the step. */
import { type Tensor, type TensorLike, multiply, negative } from '@cotangent/core'
import { checkNumber } from '../checks.ts'

/** A constant (a scalar tensor where it is traced, as under `vmap`), or a pure function of the step: an int32 scalar that counts updates from 0. */
export type LearningRate = TensorLike | ((step: Tensor) => TensorLike)
export function rateAt(rate: LearningRate, step: Tensor): TensorLike {
  const r = typeof rate === 'function' ? rate(step) : rate
  checkNumber('optimiser', 'the learning rate', r, 'a finite number, a scalar tensor or a schedule', Number.isFinite)
  return r
}

/** Updates against a direction: `-rate * direction`, one multiplication a leaf. */
export function against(rate: LearningRate, step: Tensor): (direction: Tensor) => Tensor {
  const r = rateAt(rate, step),
    factor = typeof r === 'number' ? -r : negative(r)
  return direction => multiply(direction, factor)
}
