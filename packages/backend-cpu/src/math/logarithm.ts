/** log and its family. x = 2^e m with m in [sqrt(1/2), sqrt(2)). Minimax coefficients by Remez exchange in 50 digits. */
import { copySign } from './exponential.ts'
import type { Expression, Ops } from './expression.ts'
import { throughFloat64 } from './wide.ts'

/** 2 atanh(s) / s in s^2 for |s| <= 0.1716, to 2.7e-14. */
const ATANH = [1.9999999999999466, 0.66666666679679977, 0.39999994863130905, 0.28572169001141902, 0.22174134222454727, 0.19609733094437667]

/** log(1 + f) = 2 atanh(f / (2 + f)) for m - 1 = f. */
function logOnePlus64(o: Ops, f: Expression): Expression {
  const s = o.keep(o.v('f64x2.div', f, o.v('f64x2.add', f, o.f64(2))))
  const z = o.keep(o.v('f64x2.mul', s, s))
  return o.v('f64x2.mul', s, o.splitPolynomial('f64x2', z, ATANH))
}

/**
 * log u of two normal float64 lanes, to 1e-13; `near` replaces u - 1 by a more accurate difference where |u - 1| < 1/4.
 * e is read as 2^52 + biased exponent, by setting the exponent field of 2^52 over it.
 */
function logarithm64(o: Ops, u: Expression, near?: Expression): Expression {
  const SQRT_HALF = o.i64(0x667f3bcd, 0x3fe6a09e),
    BIAS = o.i64(0, 0x40000000)
  const w = o.keep(o.v('i64x2.add', o.v('i64x2.sub', u, SQRT_HALF), BIAS)) // e + 1024 in its top 12 bits
  const e = o.keep(o.v('f64x2.sub', o.v('v128.or', o.shift('i64x2.shr_u', w, 52), o.i64(0, 0x43300000)), o.f64(2 ** 52 + 1024)))
  const m = o.v('i64x2.add', o.v('i64x2.sub', u, o.v('v128.and', w, o.i64(0, 0xfff00000 | 0))), BIAS)
  const f = o.keep(o.v('f64x2.sub', m, o.f64(1)))
  const finite = near === undefined ? o.madd('f64x2', e, o.f64(Math.LN2), logOnePlus64(o, f)) : nearOne(o, e, f, near)
  const special = o.select(o.v('f64x2.eq', u, o.f64(0)), o.f64(-Infinity), o.select(o.v('f64x2.eq', u, o.f64(Infinity)), u, o.f64(NaN)))
  const regular = o.v('v128.and', o.v('f64x2.gt', u, o.f64(0)), o.v('f64x2.lt', u, o.f64(Infinity)))
  return o.select(regular, finite, special)
}

function nearOne(o: Ops, e: Expression, f: Expression, near: Expression): Expression {
  const close = o.keep(o.v('f64x2.lt', o.v('f64x2.abs', near), o.f64(0.25)))
  const l = o.keep(logOnePlus64(o, o.keep(o.select(close, near, f))))
  return o.select(close, l, o.madd('f64x2', e, o.f64(Math.LN2), l))
}

/** log x on two float64 lanes. */
export const log64 = (o: Ops, x: Expression): Expression => logarithm64(o, x)
const log1p64 = (o: Ops, x: Expression): Expression => logarithm64(o, o.keep(o.v('f64x2.add', x, o.f64(1))), x)

export const log1p = (o: Ops, x: Expression): Expression => throughFloat64(o, [x], ([h]) => log1p64(o, h as Expression))

/** log1p(a + a^2 / (1 + sqrt(1 + a^2))) with a = |x|. */
export function asinh(o: Ops, x: Expression): Expression {
  const a = o.keep(o.v('f32x4.abs', x))
  const r = throughFloat64(o, [a], ([h]) => {
    const square = o.keep(o.v('f64x2.mul', h as Expression, h as Expression))
    const root = o.v('f64x2.sqrt', o.v('f64x2.add', square, o.f64(1)))
    return log1p64(o, o.keep(o.v('f64x2.add', h as Expression, o.v('f64x2.div', square, o.v('f64x2.add', root, o.f64(1))))))
  })
  return copySign(o, o.select(o.v('f32x4.eq', a, o.f32(Infinity)), a, r), x)
}

/** log1p(t + sqrt(t) sqrt(t + 2)) with t = x - 1; NaN below 1. */
export const acosh = (o: Ops, x: Expression): Expression =>
  throughFloat64(o, [x], ([h]) => {
    const t = o.keep(o.v('f64x2.sub', h as Expression, o.f64(1)))
    const root = o.v('f64x2.mul', o.v('f64x2.sqrt', t), o.v('f64x2.sqrt', o.v('f64x2.add', t, o.f64(2))))
    return log1p64(o, o.keep(o.v('f64x2.add', t, root)))
  })

/** log1p(2x / (1 - x)) / 2. */
export const atanh = (o: Ops, x: Expression): Expression =>
  throughFloat64(o, [x], ([h]) => {
    const ratio = o.v('f64x2.div', o.v('f64x2.add', h as Expression, h as Expression), o.v('f64x2.sub', o.f64(1), h as Expression))
    return o.v('f64x2.mul', o.f64(0.5), log1p64(o, o.keep(ratio)))
  })

/** (log(1 + f) - f + f^2 / 2) / f^3 on [-0.2929, 0.4143], to 6.5e-8. */
const LOG32 = [
  0.3333333117, -0.2499999404, 0.2000071537, -0.1666805363, 0.1424929625, -0.124202297, 0.1167739146, -0.1151407095, 0.07035781148,
]
/** ln 2 in two parts: e times the first is exact (10 bits). */
const LN2_HIGH = 0.693359375,
  LN2_LOW = -2.12194440054690583e-4

/** log of scaled float32 lanes in the normal range, with `adjust` added to the exponent. */
function normalLog(o: Ops, x: Expression, adjust?: Expression): Expression {
  const exponent = o.keep(o.shift('i32x4.shr_s', o.v('i32x4.sub', x, o.i32(0x3f3504f3)), 23)) // sqrt(1/2)
  const f = o.keep(o.v('f32x4.sub', o.v('i32x4.sub', x, o.shift('i32x4.shl', exponent, 23)), o.f32(1)))
  const converted = o.v('f32x4.convert_i32x4_s', exponent)
  const e = o.keep(adjust === undefined ? converted : o.v('f32x4.add', converted, adjust))
  const z = o.keep(o.v('f32x4.mul', f, f))
  const cubic = o.v('f32x4.mul', o.v('f32x4.mul', f, z), o.polynomial('f32x4', f, LOG32))
  const low = o.nmadd('f32x4', o.f32(0.5), z, o.madd('f32x4', e, o.f32(LN2_LOW), cubic))
  return o.madd('f32x4', e, o.f32(LN2_HIGH), o.v('f32x4.add', f, low))
}

/** For any argument: subnormal ones are scaled by 2^23 first. */
function generalLog(o: Ops, x: Expression): Expression {
  const tiny = o.keep(o.v('f32x4.lt', x, o.f32(2 ** -126)))
  const scaled = o.keep(o.select(tiny, o.v('f32x4.mul', x, o.f32(2 ** 23)), x))
  const finite = o.keep(normalLog(o, scaled, o.v('v128.and', tiny, o.f32(-23))))
  const special = o.select(o.v('f32x4.eq', x, o.f32(0)), o.f32(-Infinity), o.select(o.v('f32x4.eq', x, o.f32(Infinity)), x, o.f32(NaN)))
  return o.select(o.v('v128.and', o.v('f32x4.gt', x, o.f32(0)), o.v('f32x4.lt', x, o.f32(Infinity))), finite, special)
}

/** Rare are all bit patterns but those of positive normal numbers: one signed comparison after a shift of the range. */
export function log(o: Ops, x: Expression): Expression {
  const shifted = o.v('i32x4.add', x, o.i32(0x7f800000)) // 2^-126 becomes the least int32
  const rare = o.v('i32x4.ge_s', shifted, o.i32(-0x80000000 + 0x7f000000))
  return o.unless(rare, () => normalLog(o, x), { name: 'log', of: generalLog }, x)
}
