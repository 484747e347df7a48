/** Options of reductions that leave elements out or begin with a value of their own. */
import type { DType } from '../dtype.ts'
import { fail, inNameOf } from '../errors.ts'
import { showShape } from '../shape.ts'
import { type Reduce, type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { broadcastTo } from './broadcast.ts'
import { astype, toBool } from './cast.ts'
import { where } from './select.ts'

export interface MaskedReduce extends Reduce {
  /** Which elements count: broadcasts to the shape of x. Default: all. */
  readonly where?: TensorLike
}
export interface ReduceFrom extends MaskedReduce {
  /** A scalar to begin with: the result where there are no elements. It is converted to the dtype of the result. */
  readonly initial?: TensorLike
}
export interface Total extends ReduceFrom {
  /** What x is converted to before, and the dtype of the result. Default: that of x, but that bool and 8-bit integers are widened to 32 bits. */
  readonly dtype?: DType
}

/** A mask as booleans of the shape of x. */
export const maskOf = (caller: string, mask: TensorLike, x: Tensor): Tensor =>
  inNameOf(caller, () => broadcastTo(toBool('where', mask), x.shape))

/** x with a number in place of what the mask leaves out. */
export const kept = (caller: string, x: Tensor, mask: TensorLike | undefined, otherwise: number): Tensor =>
  mask === undefined ? x : where(maskOf(caller, mask, x), x, astype(otherwise, x.dtype))

export function startOf(caller: string, initial: TensorLike, dtype: DType): Tensor {
  const t = toTensor(initial, caller)
  if (t.ndim > 0) fail('ShapeError', `${caller}: \`initial\` is one number for all, got shape ${showShape(t.shape)}.`)
  return astype(t, dtype)
}
