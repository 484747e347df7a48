/** Bits of integers, and logic on bool. Not differentiable: these dtypes have no tangents. */
import { isInteger, isUnsigned } from '../dtype.ts'
import { fail } from '../errors.ts'
import { bind1 } from '../program/bind.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { promoteOperands } from './cast.ts'
import { elementwise, nameOfDomain } from './family.ts'
import type { NoParams, SimplePrimitive } from './primitive.ts'

type Elementwise = SimplePrimitive<NoParams>
type Bitwise = 'and' | 'or' | 'xor' | 'not' | 'shiftLeft' | 'shiftRightLogical' | 'shiftRightArithmetic'

/* @__NO_SIDE_EFFECTS__ */
function bitwise(name: Bitwise, publicName: string, inputs: readonly string[], domain: 'bitwise' | 'integer'): Elementwise {
  return elementwise({ name, publicName, inputs, domain, derivatives: inputs.map(() => 'zero' as const), cost: 1 })
}

export const andP: Elementwise = bitwise('and', 'bitwiseAnd', ['x', 'y'], 'bitwise')
export const orP: Elementwise = bitwise('or', 'bitwiseOr', ['x', 'y'], 'bitwise')
export const xorP: Elementwise = bitwise('xor', 'bitwiseXor', ['x', 'y'], 'bitwise')
export const notP: Elementwise = bitwise('not', 'bitwiseNot', ['x'], 'bitwise')
export const shiftLeftP: Elementwise = bitwise('shiftLeft', 'leftShift', ['x', 'bits'], 'integer')
export const shiftRightLogicalP: Elementwise = bitwise('shiftRightLogical', 'rightShiftLogical', ['x', 'bits'], 'integer')
export const shiftRightArithmeticP: Elementwise = bitwise('shiftRightArithmetic', 'rightShift', ['x', 'bits'], 'integer')

/** The bits that both have. NumPy: `bitwise_and`. */
export function bitwiseAnd(x: TensorLike, y: TensorLike): Tensor {
  return bind1(andP, promoteOperands('bitwiseAnd', x, y))
}
/** The bits that either has. NumPy: `bitwise_or`. */
export function bitwiseOr(x: TensorLike, y: TensorLike): Tensor {
  return bind1(orP, promoteOperands('bitwiseOr', x, y))
}
/** The bits that one of them has. NumPy: `bitwise_xor`. */
export function bitwiseXor(x: TensorLike, y: TensorLike): Tensor {
  return bind1(xorP, promoteOperands('bitwiseXor', x, y))
}
/** All bits inverted; bool: not. NumPy: `bitwise_not`, `invert`. */
export function bitwiseNot(x: TensorLike): Tensor {
  return bind1(notP, [toTensor(x, 'bitwiseNot')])
}
/** x shifted left by `bits`; as many as x has, or more, give 0. NumPy: `left_shift`. */
export function leftShift(x: TensorLike, bits: TensorLike): Tensor {
  return bind1(shiftLeftP, integers('leftShift', x, bits))
}
/** x shifted right by `bits`: fills with the sign for signed integers, with zeros for unsigned ones. NumPy: `right_shift`. */
export function rightShift(x: TensorLike, bits: TensorLike): Tensor {
  const operands = integers('rightShift', x, bits)
  return bind1(isUnsigned((operands[0] as Tensor).dtype) ? shiftRightLogicalP : shiftRightArithmeticP, operands)
}
/** x shifted right by `bits`, filled with zeros for signed integers too. JAX: `lax.shift_right_logical`. */
export function rightShiftLogical(x: TensorLike, bits: TensorLike): Tensor {
  return bind1(shiftRightLogicalP, integers('rightShiftLogical', x, bits))
}

function integers(where: string, x: TensorLike, bits: TensorLike): Tensor[] {
  const operands = promoteOperands(where, x, bits)
  if (operands.some(t => !isInteger(t.dtype)))
    fail(
      'DTypeError',
      `${where}: needs ${nameOfDomain('integer')}, got ${operands.map(t => t.dtype).join(' and ')}. Convert with astype('int32').`,
    )
  return operands
}
