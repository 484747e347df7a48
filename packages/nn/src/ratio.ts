/** Division where there may be nothing to divide by. */
import { type Tensor, divide, equal, where } from '@cotangent/core'

/** `a / b`; 0, with finite derivatives, where b is 0. */
export const ratio = (a: Tensor, b: Tensor): Tensor => {
  const isNone = equal(b, 0)
  return where(isNone, 0, divide(a, where(isNone, 1, b)))
}
