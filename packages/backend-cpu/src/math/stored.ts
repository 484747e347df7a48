/**
 * Four elements between memory and registers, where these differ. In memory form a lane has an element's bytes at its lower end: of float16 and bfloat16 the
 * bits, copies of the sign above them when they come. There are no instructions for floats of 16 bits, so their conversions are arithmetic on the bits; float16 as M. Dukhan's FP16
 * library has it (https://github.com/Maratyszcza/FP16), which works without subnormal float32 numbers: they are slow on many processors.
 */
import type { DType } from '@cotangent/core/kernel'
import type { Expression, Ops } from './expression.ts'

const SIGN = -0x80000000

/** What memory has, as the value to compute with; undefined where that is the same. */
export function registerForm(o: Ops, dtype: DType, value: readonly Expression[]): readonly Expression[] | undefined {
  const [x] = value as [Expression]
  switch (dtype) {
    case 'bool':
      return [o.v('i32x4.neg', x)]
    case 'bfloat16':
      return [o.shift('i32x4.shl', x, 16)]
    case 'float16':
      return [fromFloat16(o, x)]
    default:
      return undefined
  }
}

/** A value as memory has it; undefined where that is the same. */
export function memoryForm(o: Ops, dtype: DType, x: Expression): Expression | undefined {
  switch (dtype) {
    case 'bool':
      return o.v('v128.and', x, o.i32(1))
    case 'bfloat16':
      return toBfloat16(o, x)
    case 'float16':
      return toFloat16(o, x)
    case 'int8':
    case 'uint8':
      return o.v('v128.and', x, o.i32(0xff))
    default:
      return undefined
  }
}

/**
 * Normal numbers, infinities and NaN: exponent and mantissa in their places with the exponent 224 too high, times 2^-112. Subnormal ones: the mantissa
 * below a leading one in 1/2, minus 1/2.
 */
function fromFloat16(o: Ops, bits: Expression): Expression {
  const rest = o.keep(o.v('v128.and', bits, o.i32(0x7fff))),
    normal = o.v('f32x4.mul', o.v('i32x4.add', o.shift('i32x4.shl', rest, 13), o.i32(0xe0 << 23)), o.f32(2 ** -112)),
    subnormal = o.v('f32x4.sub', o.v('v128.or', rest, o.i32(126 << 23)), o.f32(0.5))
  const size = o.selectLanes(o.v('i32x4.lt_s', rest, o.i32(0x400)), subnormal, normal)
  return o.v('v128.or', size, o.v('v128.and', bits, o.i32(SIGN)))
}

/**
 * Adding a power of two 2^13 units above the last place that float16 keeps, or that its subnormal numbers have, leaves the rounded mantissa, with the carry
 * into the exponent, in the lowest bits. The factors before make what is too large infinite.
 */
function toFloat16(o: Ops, given: Expression): Expression {
  const x = o.keep(given),
    size = o.v('f32x4.mul', o.v('f32x4.mul', o.v('f32x4.abs', x), o.f32(2 ** 112)), o.f32(2 ** -110))
  const exponent = o.v('i32x4.max_s', o.v('v128.and', x, o.i32(0x7f800000)), o.i32(113 << 23)),
    sum = o.keep(o.v('f32x4.add', o.v('i32x4.add', exponent, o.i32(15 << 23)), size))
  const bits = o.v('i32x4.add', o.v('v128.and', o.shift('i32x4.shr_u', sum, 13), o.i32(0x7c00)), o.v('v128.and', sum, o.i32(0x0fff)))
  const orNaN = o.selectLanes(o.v('f32x4.ne', x, x), o.i32(0x7e00), bits)
  return o.v('v128.or', orNaN, o.v('v128.and', o.shift('i32x4.shr_u', x, 16), o.i32(0x8000)))
}

/** Half of the last place less one bit, plus the last bit that stays. */
function toBfloat16(o: Ops, given: Expression): Expression {
  const x = o.keep(given),
    upper = o.shift('i32x4.shr_u', x, 16),
    rounded = o.shift('i32x4.shr_u', o.v('i32x4.add', x, o.v('i32x4.add', o.v('v128.and', upper, o.i32(1)), o.i32(0x7fff))), 16)
  return o.selectLanes(o.v('f32x4.ne', x, x), o.i32(0x7fc0), rounded)
}
