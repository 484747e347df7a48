/** What dtypes can hold, of which kinds they are, and what they are promoted to. */
import { bitsOf, checkDType, type DType, dtypes, isFloat, isInteger, isUnsigned } from '../dtype.ts'
import { fail } from '../errors.ts'
import { promoteOperands, scalarOf } from '../primitives/cast.ts'
import { promote, type WeakDType } from '../promotion.ts'
import { isTensor, type Tensor, type TensorLike } from '../tensor.ts'

/** Limits of a float dtype, with NumPy's names. */
export interface FloatLimits {
  readonly dtype: DType
  readonly bits: number
  /** The distance from 1 to the next larger number. */
  readonly eps: number
  readonly max: number
  readonly min: number
  /** The smallest positive number of full precision. */
  readonly smallestNormal: number
  /** The smallest positive number. */
  readonly smallestSubnormal: number
  /** Bits of the exponent. */
  readonly nexp: number
  /** Bits of the mantissa, without the leading one. */
  readonly nmant: number
  /** The exponent of the smallest normal number. */
  readonly minexp: number
  /** The smallest exponent that overflows. */
  readonly maxexp: number
  /** Decimal digits that a number keeps. */
  readonly precision: number
  /** 10 ** -precision */
  readonly resolution: number
}

/** An IEEE 754 format with so many bits for exponent and mantissa. */
function limits(dtype: DType, nexp: number, nmant: number): FloatLimits {
  const maxexp = 2 ** (nexp - 1),
    minexp = 2 - maxexp,
    eps = 2 ** -nmant,
    max = (2 - eps) * 2 ** (maxexp - 1)
  const precision = Math.floor(nmant * Math.log10(2))
  return {
    dtype,
    bits: 1 + nexp + nmant,
    eps,
    max,
    min: -max,
    smallestNormal: 2 ** minexp,
    smallestSubnormal: 2 ** (minexp - nmant),
    nexp,
    nmant,
    minexp,
    maxexp,
    precision,
    resolution: Number(`1e-${precision}`),
  }
}
export function limitsOf(caller: string, dtype: DType): FloatLimits {
  switch (dtype) {
    case 'float32':
      return limits(dtype, 8, 23)
    case 'float64':
      return limits(dtype, 11, 52)
    case 'float16':
      return limits(dtype, 5, 10)
    case 'bfloat16':
      return limits(dtype, 8, 7)
    default:
      return fail('DTypeError', `${caller}: needs a float dtype, got ${dtype}. Use iinfo for integers.`)
  }
}

type Typed = DType | Tensor
const dtypeOf = (caller: string, x: Typed): DType => (isTensor(x) ? x.dtype : checkDType(caller, x))

/** Limits of a float dtype, or of a tensor's. NumPy: `finfo`. */
export function finfo(dtype: Typed): FloatLimits {
  return limitsOf('finfo', dtypeOf('finfo', dtype))
}

/** Limits of an integer dtype. */
export interface IntegerLimits {
  readonly dtype: DType
  readonly bits: number
  readonly min: number
  readonly max: number
}
/** Limits of an integer dtype, or of a tensor's. NumPy: `iinfo`. */
export function iinfo(dtype: Typed): IntegerLimits {
  const d = dtypeOf('iinfo', dtype)
  if (!isInteger(d)) return fail('DTypeError', `iinfo: needs an integer dtype, got ${d}. Use finfo for floats.`)
  const bits = bitsOf(d)
  return isUnsigned(d)
    ? { dtype: d, bits, min: 0, max: 2 ** bits - 1 }
    : { dtype: d, bits, min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }
}

// ---- kinds

const isSigned = (d: DType): boolean => isInteger(d) && !isUnsigned(d)
const isNumber = (d: DType): boolean => d !== 'bool'

/** Kinds of the array API standard, for `isdtype`. */
const kinds = {
  bool: d => d === 'bool',
  'signed integer': isSigned,
  'unsigned integer': isUnsigned,
  integral: isInteger,
  'real floating': isFloat,
  numeric: isNumber,
} as const satisfies Record<string, (d: DType) => boolean>
/** NumPy's abstract scalar types, for `issubdtype`. */
const abstractTypes = {
  generic: () => true,
  number: isNumber,
  integer: isInteger,
  signedinteger: isSigned,
  unsignedinteger: isUnsigned,
  inexact: isFloat,
  floating: isFloat,
} as const satisfies Record<string, (d: DType) => boolean>

export type DTypeKind = keyof typeof kinds
export type AbstractDType = keyof typeof abstractTypes

/** Is the dtype one of some dtypes or kinds of the array API standard? NumPy: `isdtype`. */
export function isdtype(dtype: DType, kind: DType | DTypeKind | readonly (DType | DTypeKind)[]): boolean {
  const d = checkDType('isdtype', dtype)
  return [kind].flat().some(k => {
    if (Object.hasOwn(kinds, k)) return kinds[k as DTypeKind](d)
    if ((dtypes as readonly string[]).includes(k)) return d === k
    return fail('DTypeError', `isdtype: unknown kind ${JSON.stringify(k)}. Use a dtype or one of ${Object.keys(kinds).join(', ')}.`)
  })
}
/** Is the dtype the same, or below an abstract type: 'floating', 'integer', 'number', ...? NumPy: `issubdtype`. */
export function issubdtype(dtype: DType, type: DType | AbstractDType): boolean {
  const d = checkDType('issubdtype', dtype)
  if (Object.hasOwn(abstractTypes, type)) return abstractTypes[type as AbstractDType](d)
  if ((dtypes as readonly string[]).includes(type)) return d === type
  return fail(
    'DTypeError',
    `issubdtype: unknown type ${JSON.stringify(type)}. Use a dtype or one of ${Object.keys(abstractTypes).join(', ')}.`,
  )
}

/** Is it a number, a boolean or a tensor without axes? JAX: `isscalar`. */
export function isscalar(x: unknown): boolean {
  return typeof x === 'number' || typeof x === 'boolean' || (isTensor(x) && x.ndim === 0)
}

// ---- promotion

/** The dtype of operations on two dtypes. NumPy: `promote_types`, with JAX's table. */
export function promoteTypes(a: DType, b: DType): DType {
  const strong = (d: DType): WeakDType => ({ dtype: checkDType('promoteTypes', d), weak: false })
  return promote(strong(a), strong(b)).dtype
}
/** The dtype of operations on tensors, numbers and dtypes; numbers yield to the others. NumPy: `result_type`. */
export function resultType(...operands: readonly (TensorLike | DType)[]): DType {
  if (operands.length === 0) fail('ValueError', 'resultType: needs at least one operand.')
  // Scalars of the same types: nothing is computed.
  const scalars = operands.map((x): TensorLike => {
    if (typeof x === 'string') return scalarOf(0, checkDType('resultType', x))
    return isTensor(x) && !x.aval.weak ? scalarOf(0, x.dtype) : x
  })
  return (promoteOperands('resultType', ...scalars)[0] as Tensor).dtype
}
