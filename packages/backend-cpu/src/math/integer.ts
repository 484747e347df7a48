/** Integer division, remainder and shifts, which SIMD lacks. */
import type { Expression, Ops } from './expression.ts'
import { high, joinLow } from './wide.ts'

type Sign = 's' | 'u'

/** A quotient of 32-bit integers, rounded to float64, never crosses an integer: it differs from the next by 2^-32 of itself at least. */
function quotient(o: Ops, a: Expression, b: Expression, sign: Sign): Expression {
  const [low, upper] = [(x: Expression) => x, (x: Expression) => high(o, x)].map(part =>
    o.v(
      `i32x4.trunc_sat_f64x2_${sign}_zero`,
      o.v('f64x2.div', o.v(`f64x2.convert_low_i32x4_${sign}`, part(a)), o.v(`f64x2.convert_low_i32x4_${sign}`, part(b))),
    ),
  ) as [Expression, Expression]
  return joinLow(o, low, upper)
}

/** Truncated division; by zero -1 (all bits), and -2^31 / -1 wraps. */
export const integerDivide =
  (sign: Sign) =>
  (o: Ops, a: Expression, b: Expression): Expression => {
    const q = quotient(o, a, b, sign)
    const wrapped = sign === 's' ? o.select(o.v('i32x4.eq', b, o.i32(-1)), o.v('i32x4.neg', a), q) : q
    return o.v('v128.or', wrapped, o.v('i32x4.eq', b, o.i32(0)))
  }

/** a - (a / b) b; by zero the dividend. */
export const integerRemainder =
  (sign: Sign) =>
  (o: Ops, a: Expression, b: Expression): Expression => {
    const q = o.keep(integerDivide(sign)(o, a, b))
    return o.v('i32x4.sub', a, o.v('i32x4.mul', q, b))
  }

const SCALAR_SHIFT = { shl: 0x74, shr_s: 0x75, shr_u: 0x76 } as const

type Shift = 'shl' | 'shr_s' | 'shr_u'

/** Shifts all lanes by one constant: 32 and more (also negative ones, as unsigned) give 0, or the sign for shr_s. */
export function constantShift(o: Ops, kind: Shift, a: Expression, amount: number): Expression {
  const large = amount >>> 0 > 31
  return large && kind !== 'shr_s' ? o.i32(0) : o.shift(`i32x4.${kind}`, a, large ? 31 : amount)
}

/** Shifts each lane by its own amount, with the same rules. */
export const shift =
  (kind: Shift) =>
  (o: Ops, a: Expression, b: Expression): Expression => {
    const amount = o.keep(o.v('i32x4.min_u', b, o.i32(31)))
    const out = o.f.local(0x7b)
    o.set(out, a)
    for (let lane = 0; lane < 4; lane++) {
      o.f.get(out).get(out).op(0xfd, 0x1b, lane)
      amount()
      o.f.op(0xfd, 0x1b, lane).op(SCALAR_SHIFT[kind]).op(0xfd, 0x1c, lane).set(out)
    }
    return kind === 'shr_s' ? o.get(out) : o.v('v128.and', o.get(out), o.v('i32x4.lt_u', b, o.i32(32)))
  }
