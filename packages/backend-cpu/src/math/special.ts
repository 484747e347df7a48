/** The power and the error function. */
import { copySign, exp64 } from './exponential.ts'
import type { Expression, Ops } from './expression.ts'
import { log64 } from './logarithm.ts'
import { throughFloat64 } from './wide.ts'

/** erf x / x in x^2 for |x| <= 1, to 3.4e-11 (Remez exchange). */
const ERF = [
  1.128379167058027, -0.37612638434662977, 0.11283781974133344, -0.026865400038951501, 0.0052209454163816948, -0.00084828285427020736,
  0.00011256945423815353, -9.641508409084134e-6,
]
/** erfc(x) e^(x^2) in t = (x - 2) / (x + 2) for 1 <= x <= 4, to 1.4e-10 (the variable of Shepherd & Laframboise 1981). */
const ERFCX = [
  0.25539567632997296, -0.42718584820508941, 0.24165818841155302, -0.07897848086450187, 0.0037331671747607924, 0.0069940934234876612,
  -0.00085141225610847501, -0.00094024546642007029, 6.6862192004676256e-5,
]

/** 1 - erf(4) is below half an ulp of 1 in float32, so larger arguments are taken as 4. */
export const erf = (o: Ops, x: Expression): Expression =>
  copySign(
    o,
    throughFloat64(o, [x], ([h]) => {
      const a = o.keep(o.v('f64x2.pmin', o.v('f64x2.abs', h as Expression), o.f64(4)))
      const z = o.keep(o.v('f64x2.mul', a, a))
      const small = o.keep(o.v('f64x2.mul', a, o.splitPolynomial('f64x2', z, ERF)))
      const t = o.keep(o.v('f64x2.div', o.v('f64x2.sub', a, o.f64(2)), o.v('f64x2.add', a, o.f64(2))))
      const tail = o.keep(exp64(o, o.v('f64x2.neg', z)))
      const large = o.nmadd('f64x2', tail, o.splitPolynomial('f64x2', t, ERFCX), o.f64(1))
      return o.select(o.v('f64x2.le', a, o.f64(1)), small, large)
    }),
    x,
  )

/** |x|^y in float64 as e^(y log |x|); the sign and the exceptions of IEEE 754-2019 section 9.2.1 follow in float32. */
export function pow(o: Ops, x: Expression, y: Expression): Expression {
  const magnitude = throughFloat64(o, [o.v('f32x4.abs', x), y], ([base, exponent]) =>
    exp64(o, o.keep(o.v('f64x2.mul', exponent as Expression, o.keep(log64(o, base as Expression))))),
  )
  const size = o.keep(magnitude)
  const halfY = o.keep(o.v('f32x4.mul', y, o.f32(0.5)))
  const integer = o.keep(o.v('f32x4.eq', o.v('f32x4.trunc', y), y))
  const odd = o.v('v128.and', integer, o.v('f32x4.ne', o.v('f32x4.trunc', halfY), halfY))
  const signed = o.v('v128.or', size, o.v('v128.and', o.v('v128.and', x, odd), o.i32(-0x80000000)))
  const finite = o.v('f32x4.lt', o.v('f32x4.abs', x), o.f32(Infinity))
  const invalid = o.v('v128.andnot', o.v('v128.and', o.v('f32x4.lt', x, o.f32(0)), finite), integer)
  const one = o.v(
    'v128.or',
    o.v('v128.or', o.v('f32x4.eq', y, o.f32(0)), o.v('f32x4.eq', x, o.f32(1))),
    o.v('v128.and', o.v('f32x4.eq', x, o.f32(-1)), o.v('f32x4.eq', o.v('f32x4.abs', y), o.f32(Infinity))),
  )
  return o.select(one, o.f32(1), o.select(invalid, o.f32(NaN), signed))
}
