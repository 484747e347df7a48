/** Functions kept away from where their derivative is infinite. */
import { equal } from '../primitives/comparison.ts'
import { where } from '../primitives/select.ts'
import type { Tensor } from '../tensor.ts'

/** f(s) where s is not zero, and zero there, with a zero gradient: f's own derivative at zero may be infinite. */
export const atNonZero = (s: Tensor, f: (s: Tensor) => Tensor): Tensor => {
  const isZero = equal(s, 0)
  return where(isZero, 0, f(where(isZero, 1, s)))
}
