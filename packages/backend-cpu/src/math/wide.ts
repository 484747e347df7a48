/** Four float32 lanes as two vectors of two float64 lanes: the accurate way through most functions. */
import type { Expression, Ops } from './expression.ts'

/** Lanes 2 and 3 of 32 bits in places 0 and 1. */
export const high = (o: Ops, x: Expression): Expression => o.shuffle32(x, x, [2, 3, 2, 3])
/** Lanes 0 and 1 of each. */
export const joinLow = (o: Ops, a: Expression, b: Expression): Expression => o.shuffle32(a, b, [0, 1, 4, 5])
/** float32 to float64, exact. */
export const promote = (o: Ops, x: Expression): readonly [Expression, Expression] => [
  o.v('f64x2.promote_low_f32x4', x),
  o.v('f64x2.promote_low_f32x4', high(o, x)),
]
/** Two halves of float64 to four float32, rounded once: underflow is gradual. */
export const joinF32 = (o: Ops, low: Expression, upper: Expression): Expression =>
  joinLow(o, o.v('f32x4.demote_f64x2_zero', low), o.v('f32x4.demote_f64x2_zero', upper))

/** A float32 function by way of one on pairs of float64. */
export function throughFloat64(o: Ops, args: readonly Expression[], half: (args: readonly Expression[]) => Expression): Expression {
  const halves = args.map(a => promote(o, a))
  const [low, upper] = ([0, 1] as const).map(h => o.keep(half(halves.map(a => o.keep(a[h]))))) as [Expression, Expression]
  return joinF32(o, low, upper)
}
