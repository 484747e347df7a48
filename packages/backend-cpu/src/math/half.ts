/** Rounding to the floats of 16 bits, which values are stored as: see roundFloat16 and roundBfloat16 in core. */
import type { Expression, Ops } from './expression.ts'

interface Format {
  readonly nmant: number
  readonly minexp: number
  readonly maxexp: number
}
const float16: Format = { nmant: 10, minexp: -14, maxexp: 15 },
  bfloat16: Format = { nmant: 7, minexp: -126, maxexp: 127 }

/** Adding 1.5 units above the last place of the format moves the rest of the mantissa out, and rounds. NaN stays. */
function byAdding(o: Ops, type: 'f32x4' | 'f64x2', { nmant, minexp, maxexp }: Format, x: Expression): Expression {
  const isSingle = type === 'f32x4'
  const number = (v: number): Expression => (isSingle ? o.f32(v) : o.f64(v)),
    exponentMask = isSingle ? o.i32(0x7f800000) : o.i64(0, 0x7ff00000),
    signMask = isSingle ? o.i32(-0x80000000) : o.i64(0, -0x80000000)
  const size = o.keep(o.v(`${type}.abs`, x)),
    power = o.v(`${type}.min`, o.v(`${type}.max`, o.v('v128.and', size, exponentMask), number(2 ** minexp)), number(2 ** (maxexp + 1)))
  const magic = o.keep(o.v(`${type}.mul`, power, number(1.5 * 2 ** ((isSingle ? 23 : 52) - nmant)))),
    rounded = o.keep(o.v(`${type}.sub`, o.v(`${type}.add`, size, magic), magic))
  const limited = o.select(o.v(`${type}.gt`, rounded, number((2 - 2 ** -nmant) * 2 ** maxexp)), number(Infinity), rounded)
  return o.v('v128.or', limited, o.v('v128.and', x, signMask))
}

/** On the bits: half of the last place less one bit, plus the last bit that stays. */
function upperHalf(o: Ops, x: Expression): Expression {
  const last = o.v('v128.and', o.shift('i32x4.shr_u', x, 16), o.i32(1)),
    rounded = o.v('v128.and', o.v('i32x4.add', x, o.v('i32x4.add', last, o.i32(0x7fff))), o.i32(-0x10000))
  return o.select(o.v('f32x4.ne', x, x), x, rounded)
}

export const roundFloat16 = {
  float32: (o: Ops, x: Expression): Expression => byAdding(o, 'f32x4', float16, x),
  float64: (o: Ops, x: Expression): Expression => byAdding(o, 'f64x2', float16, x),
} as const
export const roundBfloat16 = {
  float32: upperHalf,
  float64: (o: Ops, x: Expression): Expression => byAdding(o, 'f64x2', bfloat16, x),
} as const
