/** Uniform draws: words, floats, integers. */
import { bitsOf, checkDType, type DType, isFloat, isHalf, isInteger, listOf } from '../dtype.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { add, fmod, maximum, multiply, subtract } from '../primitives/arithmetic.ts'
import { bitwiseOr, rightShiftLogical } from '../primitives/bitwise.ts'
import { astype, bitcast, scalarOf } from '../primitives/cast.ts'
import { less } from '../primitives/comparison.ts'
import { randomBits } from '../primitives/randomBits.ts'
import { squeeze } from '../primitives/reshape.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { checkShape, type Shape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { foldIn, type Key, single, splitBatch } from './key.ts'

/** Uniform 32-bit words, dtype uint32. JAX: `random.bits`. */
export function bits(key: Key, shape: Shape = []): Tensor {
  return randomBits(checkDraw('bits', key, shape), shape)
}

/** The words of a single key, for a draw of `shape` by the function `random.[where]`. */
export function checkDraw(where: string, key: Key, shape: Shape): Tensor {
  checkShape(`random.${where}`, shape)
  return single(where, key)
}

export interface FloatOptions {
  /** Default float32. Floats of 16 bits are drawn as float32 and rounded. */
  readonly dtype?: DType
}
export interface UniformOptions extends FloatOptions {
  /** Default 0. Broadcasts against the shape. */
  readonly minval?: TensorLike
  /** Default 1; never reached. Broadcasts against the shape. */
  readonly maxval?: TensorLike
}

export function floatDType(where: string, dtype: DType = 'float32'): DType {
  const d = checkDType(where, dtype)
  return isFloat(d) ? d : fail('DTypeError', `${where}: dtype must be a float, got ${d}.`)
}

/** Uniform floats in `[minval, maxval)`. JAX: `random.uniform`. */
export function uniform(key: Key, shape: Shape = [], options: UniformOptions = {}): Tensor {
  checkOptions('uniform', options, 'dtype', 'minval', 'maxval')
  checkDraw('uniform', key, shape)
  const { minval = 0, maxval = 1 } = options
  const dtype = floatDType('random.uniform', options.dtype)
  const isUnit = minval === 0 && maxval === 1
  if (isHalf(dtype)) return astype(isUnit ? unitOf(key, shape, dtype) : uniform(key, shape, { minval, maxval, dtype: 'float32' }), dtype)
  const u = dtype === 'float64' ? unit64(key, shape) : unit32(key, shape)
  if (isUnit) return u
  const low = astype(minval, dtype),
    high = astype(maxval, dtype)
  return maximum(low, add(multiply(u, subtract(high, low)), low))
}

/** 23 random bits are the mantissa of a float in [1, 2). */
function unit32(key: Key, shape: Shape): Tensor {
  const mantissa = rightShiftLogical(bits(key, shape), 9)
  return subtract(bitcast(bitwiseOr(mantissa, 0x3f800000), 'float32'), 1)
}

/** As many random bits as the mantissa has, in float32: rounded ones would reach 1. */
function unitOf(key: Key, shape: Shape, dtype: 'float16' | 'bfloat16'): Tensor {
  const digits = dtype === 'float16' ? 10 : 7
  return multiply(astype(rightShiftLogical(bits(key, shape), 32 - digits), 'float32'), 2 ** -digits)
}

/** 52 random bits: those that JAX takes in 64-bit mode, where the first word of threefry is the upper half. */
function unit64(key: Key, shape: Shape): Tensor {
  const { words } = splitBatch(key, shape),
    n = shape.length
  const word = (k: number): Tensor => squeeze(sliceAxis(words, k, k + 1, { axis: n }), { axis: n })
  const high = word(0),
    low = word(1)
  const upper = multiply(astype(high, 'float64'), 2 ** -32),
    lower = multiply(astype(rightShiftLogical(low, 12), 'float64'), 2 ** -52)
  return add(upper, lower)
}

/**
 * Uniform integers in `[minval, maxval)`; `minval` where that is empty. dtype int32 (default), uint32, int8 or uint8. JAX: `random.randint`.
 * Two words an integer, so that the bias for spans that do not divide 2^32 is at most 2^-32.
 */
export function randint(
  key: Key,
  shape: Shape,
  minval: TensorLike,
  maxval: TensorLike,
  options: { readonly dtype?: 'int32' | 'uint32' | 'int8' | 'uint8' } = {},
): Tensor {
  checkOptions('randint', options, 'dtype')
  checkDraw('randint', key, shape)
  const { dtype = 'int32' } = options
  if (!isInteger(checkDType('random.randint', dtype)))
    fail('DTypeError', `random.randint: dtype must be ${listOf(isInteger)}, got ${String(dtype)}.`)
  if (bitsOf(dtype) === 8) return astype(randint(key, shape, minval, maxval), dtype)
  const low = integer(minval, dtype),
    high = integer(maxval, dtype),
    one = scalarOf(1, 'uint32')
  const span = where(less(low, high), astype(subtract(high, low), 'uint32'), one)
  const half = fmod(scalarOf(2 ** 16, 'uint32'), span),
    multiplier = fmod(multiply(half, half), span)
  const upper = fmod(bits(foldIn(key, 0), shape), span),
    lower = fmod(bits(foldIn(key, 1), shape), span)
  const offset = fmod(add(multiply(upper, multiplier), lower), span)
  return add(low, astype(offset, dtype))
}

function integer(x: TensorLike, dtype: DType): Tensor {
  if (typeof x === 'number' && !Number.isInteger(x)) fail('ValueError', `random.randint: bounds must be integers, got ${x}.`)
  if (typeof x === 'number') return scalarOf(dtype === 'uint32' ? x >>> 0 : x | 0, dtype)
  const t = toTensor(x, 'random.randint')
  return isFloat(t.dtype)
    ? fail('DTypeError', `random.randint: bounds must be integers, got ${t.dtype}. Convert with astype('int32').`)
    : astype(t, dtype)
}
