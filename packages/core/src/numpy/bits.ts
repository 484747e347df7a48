/** Counting bits of integers. */
import { abs, add, multiply, subtract } from '../primitives/arithmetic.ts'
import { bitwiseAnd, bitwiseOr, rightShiftLogical } from '../primitives/bitwise.ts'
import { astype } from '../primitives/cast.ts'
import { bitsOf, isInteger } from '../dtype.ts'
import { fail } from '../errors.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'

function integer(caller: string, x: TensorLike): Tensor {
  const t = toTensor(x, caller)
  return isInteger(t.dtype) ? t : fail('DTypeError', `${caller}: needs an integer dtype, got ${t.dtype}. Convert with astype('int32').`)
}

/** The bits of an integer as uint32, zeros above them. */
const wordOf = (t: Tensor): Tensor => astype(bitsOf(t.dtype) === 8 ? astype(t, 'uint8') : t, 'uint32')

/** Sums of 2, 4, 8 bits side by side, and of the bytes by a product (Warren, Hacker's Delight, figure 5-2). */
function countOnes(word: Tensor): Tensor {
  const pairs = subtract(word, bitwiseAnd(rightShiftLogical(word, 1), 0x55555555))
  const fours = add(bitwiseAnd(pairs, 0x33333333), bitwiseAnd(rightShiftLogical(pairs, 2), 0x33333333))
  const bytes = bitwiseAnd(add(fours, rightShiftLogical(fours, 4)), 0x0f0f0f0f)
  return rightShiftLogical(multiply(bytes, 0x01010101), 24)
}

/** The number of ones among the bits, in the dtype of x. JAX: `lax.population_count`. */
export function populationCount(x: TensorLike): Tensor {
  const t = integer('populationCount', x)
  return astype(countOnes(wordOf(t)), t.dtype)
}
/** The number of ones among the bits of |x|: int32. NumPy: `bitwise_count`. */
export function bitwiseCount(x: TensorLike): Tensor {
  return astype(countOnes(wordOf(abs(integer('bitwiseCount', x)))), 'int32')
}
/** The number of leading zeros among the bits, in the dtype of x. JAX: `lax.clz`. */
export function clz(x: TensorLike): Tensor {
  const t = integer('clz', x)
  // The leading one is copied to all places below it.
  const filled = [1, 2, 4, 8, 16].reduce((w, by) => bitwiseOr(w, rightShiftLogical(w, by)), wordOf(t))
  return astype(subtract(bitsOf(t.dtype), countOnes(filled)), t.dtype)
}
