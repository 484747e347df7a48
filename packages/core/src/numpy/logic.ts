/** Logic and tests of equality. A number counts as true when it is not zero. */
import { checkOptions } from '../options.ts'
import { abs, add, multiply, subtract } from '../primitives/arithmetic.ts'
import { bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor } from '../primitives/bitwise.ts'
import { promoteElementwise, promoteFloats, scalarOf, toBool } from '../primitives/cast.ts'
import { equal, isfinite, isnan, lessEqual } from '../primitives/comparison.ts'
import { all } from '../primitives/reduce.ts'
import { where } from '../primitives/select.ts'
import { sameShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'

const truths = (where: string, x: TensorLike, y: TensorLike): readonly [Tensor, Tensor] =>
  promoteElementwise(where, toBool(where, x), toBool(where, y))

/** Both are true. NumPy: `logical_and`. */
export function logicalAnd(x: TensorLike, y: TensorLike): Tensor {
  return bitwiseAnd(...truths('logicalAnd', x, y))
}
/** One or both are true. NumPy: `logical_or`. */
export function logicalOr(x: TensorLike, y: TensorLike): Tensor {
  return bitwiseOr(...truths('logicalOr', x, y))
}
/** Exactly one is true. NumPy: `logical_xor`. */
export function logicalXor(x: TensorLike, y: TensorLike): Tensor {
  return bitwiseXor(...truths('logicalXor', x, y))
}
/** It is false. NumPy: `logical_not`. */
export function logicalNot(x: TensorLike): Tensor {
  return bitwiseNot(toBool('logicalNot', x))
}

export interface Tolerance {
  /** Relative to |y|. Default 1e-5. */
  readonly rtol?: number
  /** Absolute. Default 1e-8. */
  readonly atol?: number
  /** Are two NaN close? Default false. */
  readonly equalNan?: boolean
}

/** |x - y| <= atol + rtol |y|, elementwise: bool. Equal infinities are close. NumPy: `isclose`. */
export function isclose(x: TensorLike, y: TensorLike, tolerance: Tolerance = {}): Tensor {
  return closeness('isclose', x, y, tolerance)
}
function closeness(caller: string, x: TensorLike, y: TensorLike, tolerance: Tolerance): Tensor {
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = checkOptions(caller, tolerance, 'rtol', 'atol', 'equalNan')
  const [a, b] = promoteElementwise(caller, ...promoteFloats(caller, x, y))
  const near = lessEqual(abs(subtract(a, b)), add(atol, multiply(rtol, abs(b))))
  const close = where(logicalAnd(isfinite(a), isfinite(b)), near, equal(a, b))
  return equalNan ? logicalOr(close, logicalAnd(isnan(a), isnan(b))) : close
}
/** Are all elements close? A bool scalar. NumPy: `allclose`. */
export function allclose(x: TensorLike, y: TensorLike, tolerance: Tolerance = {}): Tensor {
  return all(closeness('allclose', x, y, tolerance))
}
/** Same shape and equal elements? A bool scalar. NumPy: `array_equal`. */
export function arrayEqual(x: TensorLike, y: TensorLike, options: { readonly equalNan?: boolean } = {}): Tensor {
  const { equalNan = false } = checkOptions('arrayEqual', options, 'equalNan')
  const a = toTensor(x, 'arrayEqual'),
    b = toTensor(y, 'arrayEqual')
  if (!sameShape(a.shape, b.shape)) return scalarOf(0, 'bool')
  return all(equalNan ? bitwiseOr(equal(a, b), bitwiseAnd(isnan(a), isnan(b))) : equal(a, b))
}
