/** The operand of means. */
import { type DType, isFloat, checkDType } from '../dtype.ts'
import { described, fail } from '../errors.ts'
import { astype, toFloat } from '../primitives/cast.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'

/** x as floats: of the dtype that was asked for, else of its own, float32 for integers. */
export function floatsOf(where: string, x: TensorLike, dtype: DType | undefined): Tensor {
  if (dtype === undefined) return toFloat(where, x)
  if (!isFloat(checkDType(where, dtype)))
    fail('DTypeError', `${where}: means are floats, got dtype ${described(dtype)}. Convert the result with astype.`)
  return astype(toTensor(x, where), dtype)
}
