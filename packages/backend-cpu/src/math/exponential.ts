/**
 * exp and its family. Argument reduction x = n ln 2 + r with |r| <= ln 2 / 2; n comes from adding 1.5 * 2^(mantissa bits), which leaves
 * round(x / ln 2) in the low bits. Coefficients: minimax in relative error, by Remez exchange in 50 digits; the bound is stated beside each.
 */
import type { Expression, Ops } from './expression.ts'
import { throughFloat64 } from './wide.ts'

/** (e^r - 1) / r on |r| <= 0.3467, to 4.5e-12. */
const EXPM1_OVER_R = [
  0.99999999999556016, 0.50000000001208942, 0.16666666785608861, 0.041666665949867329, 0.0083332836795868298, 0.0013888978457158361,
  0.00019907499206043312, 2.4801572845480046e-5,
]
const MAGIC64 = 6755399441055744 // 1.5 * 2^52
const MAGIC32 = 12582912 // 1.5 * 2^23

/** e^x = scale * (1 + fraction) in float64 for |x| <= 200 (beyond, as if at 200: float32 has overflowed or is zero). NaN stays. */
function reduced64(o: Ops, x: Expression): { readonly scale: Expression; readonly fraction: Expression } {
  const clamped = o.keep(o.v('f64x2.pmax', o.v('f64x2.pmin', x, o.f64(200)), o.f64(-200)))
  const m = o.keep(o.madd('f64x2', clamped, o.f64(Math.LOG2E), o.f64(MAGIC64)))
  const r = o.keep(o.nmadd('f64x2', o.v('f64x2.sub', m, o.f64(MAGIC64)), o.f64(Math.LN2), clamped))
  const scale = o.keep(o.v('i64x2.add', o.shift('i64x2.shl', m, 52), o.i64(0, 0x3ff00000)))
  return { scale, fraction: o.keep(o.v('f64x2.mul', r, o.splitPolynomial('f64x2', r, EXPM1_OVER_R))) }
}

/** e^x on two float64 lanes, to 1e-11: for results that are rounded to float32. */
export function exp64(o: Ops, x: Expression): Expression {
  const { scale, fraction } = reduced64(o, x)
  return o.madd('f64x2', scale, fraction, scale)
}
/** e^x - 1, to 1e-11 relative also near 0. */
function expm164(o: Ops, x: Expression): Expression {
  const { scale, fraction } = reduced64(o, x)
  return o.madd('f64x2', scale, fraction, o.v('f64x2.sub', scale, o.f64(1)))
}

/** Magnitude of a, sign of b. */
export const copySign = (o: Ops, a: Expression, b: Expression): Expression => o.select(o.i32(0x7fffffff), a, b)

export const expm1 = (o: Ops, x: Expression): Expression =>
  copySign(
    o,
    throughFloat64(o, [x], ([h]) => expm164(o, h as Expression)),
    x,
  )

/** (t + t / (t + 1)) / 2 with t = e^|x| - 1: no cancellation at 0. */
export const sinh = (o: Ops, x: Expression): Expression =>
  copySign(
    o,
    throughFloat64(o, [o.v('f32x4.abs', x)], ([h]) => {
      const t = o.keep(expm164(o, h as Expression))
      return o.v('f64x2.mul', o.f64(0.5), o.v('f64x2.add', t, o.v('f64x2.div', t, o.v('f64x2.add', t, o.f64(1)))))
    }),
    x,
  )

export const cosh = (o: Ops, x: Expression): Expression =>
  throughFloat64(o, [x], ([h]) => {
    const e = o.keep(exp64(o, h as Expression))
    return o.v('f64x2.mul', o.f64(0.5), o.v('f64x2.add', e, o.v('f64x2.div', o.f64(1), e)))
  })

/** e^r on |r| <= 0.3467, to 3e-9. */
const EXP32 = [1, 1, 0.4999999345, 0.1666652065, 0.04166838789, 0.008368715231, 0.001381460208]
/** ln 2 in two parts: n times the first is exact (15 bits). */
const LN2_HIGH = 0.693145751953125,
  LN2_LOW = 1.428606820309417e-6

/**
 * 2^n is applied in two factors, so that results below the normal range are rounded once and gradually. The low bits of m are n + 254: the
 * sum of the factors' biased exponents.
 */
export function exp(o: Ops, x: Expression): Expression {
  const magic = o.f32(MAGIC32 + 254)
  const clamped = o.keep(o.v('f32x4.pmax', o.v('f32x4.pmin', x, o.f32(89)), o.f32(-104)))
  const m = o.keep(o.madd('f32x4', clamped, o.f32(Math.LOG2E), magic))
  const n = o.keep(o.v('f32x4.sub', m, magic))
  const r = o.keep(o.nmadd('f32x4', n, o.f32(LN2_LOW), o.keep(o.nmadd('f32x4', n, o.f32(LN2_HIGH), clamped))))
  const both = o.keep(o.shift('i32x4.shl', m, 23))
  const first = o.keep(o.v('v128.and', o.shift('i32x4.shr_u', both, 1), o.i32(-0x800000)))
  const power = o.keep(o.v('f32x4.mul', o.polynomial('f32x4', r, EXP32), first))
  return o.v('f32x4.mul', power, o.v('i32x4.sub', both, first))
}

/** (tanh x / x - 1) / x^2 in x^2 for |x| <= 0.7; x + x^3 P(x^2) is then right to 1.6e-8. */
const TANH32 = [-0.333331899, 0.1332911074, -0.05355886132, 0.02009196997, -0.005138662002]
const TANH_SMALL = 0.7
/** 2^f on |f| <= 1/2, weighted for 1 - 2 / (1 + 2^(n + f)) with n >= 2: that is then right to 2.4e-8. */
const EXP2_FOR_TANH = [1, 0.693147082, 0.2402224213, 0.05550620189, 0.009671494369, 0.001329333356]

/**
 * x + x^3 P(x^2) near 0, else 1 - 2 / (1 + e^(2|x|)), where one rounded step of the argument reduction is enough: the quotient is at most 1/2
 * and falls as fast as the error grows. The one quotient (1 - w) / (1 + w) with w = e^(-2|x|) for both has an error of 2.5 ulp; this is 1.6,
 * and 1.95 where the engine does not fuse.
 * From |x| = 10 on the result is 1.
 */
export function tanh(o: Ops, x: Expression): Expression {
  const a = o.keep(o.v('f32x4.abs', x))
  const capped = o.keep(o.v('f32x4.pmin', a, o.f32(10)))
  const m = o.keep(o.madd('f32x4', capped, o.f32(2 * Math.LOG2E), o.f32(MAGIC32)))
  const f = o.keep(o.madd('f32x4', capped, o.f32(2 * Math.LOG2E), o.v('f32x4.sub', o.f32(MAGIC32), m)))
  const power = o.keep(o.v('i32x4.add', o.polynomial('f32x4', f, EXP2_FOR_TANH), o.shift('i32x4.shl', m, 23)))
  const quotient = o.keep(o.v('f32x4.div', o.f32(2), o.keep(o.v('f32x4.add', power, o.f32(1)))))
  const large = o.keep(o.v('f32x4.sub', o.f32(1), quotient))
  const z = o.keep(o.v('f32x4.mul', x, x))
  const cube = o.keep(o.v('f32x4.mul', x, z))
  const small = o.keep(o.madd('f32x4', cube, o.polynomial('f32x4', z, TANH32), x))
  const either = o.selectLanes(o.v('f32x4.ge', a, o.f32(TANH_SMALL)), large, small) // NaN is not large
  return o.v('v128.or', either, o.v('v128.xor', a, x))
}
