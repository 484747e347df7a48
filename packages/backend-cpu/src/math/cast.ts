/** Conversions between dtypes: see castTo in core. Float to integer saturates and sends NaN to 0, which is what trunc_sat does. */
import type { ComputeDType } from '@cotangent/core/kernel'
import { constant, narrow, widen } from './value.ts'
import type { Expression, Ops } from './expression.ts'
import { high, joinF32, joinLow, promote } from './wide.ts'

type Values = readonly Expression[]

export function cast(o: Ops, to: ComputeDType, from: ComputeDType, a: Values): Values {
  const x = a[0] as Expression
  if (to === from) return a
  if (to === 'bool') return toBool(o, from, a)
  if (from === 'bool') return fromBool(o, to, x)
  switch (from) {
    case 'float32':
      return to === 'float64' ? promote(o, x) : [o.v(to === 'int32' ? 'i32x4.trunc_sat_f32x4_s' : 'i32x4.trunc_sat_f32x4_u', x)]
    case 'float64':
      return [fromFloat64(o, to, a)]
    default:
      return fromInteger(o, to, from, x)
  }
}

function toBool(o: Ops, from: ComputeDType, a: Values): Values {
  const x = a[0] as Expression
  if (from === 'float32') return [o.v('f32x4.ne', x, o.f32(0))]
  if (from !== 'float64') return [o.v('i32x4.ne', x, o.i32(0))]
  const [low, upper] = a.map(h => o.v('f64x2.ne', h, o.f64(0))) as [Expression, Expression]
  return [narrow(o, low, upper)]
}

function fromBool(o: Ops, to: ComputeDType, mask: Expression): Values {
  const one = constant(o, to, 1)
  return (one.length === 1 ? [mask] : widen(o, mask)).map((m, i) => o.v('v128.and', m, one[i] as Expression))
}

function fromFloat64(o: Ops, to: ComputeDType, a: Values): Expression {
  const [low, upper] = a as [Expression, Expression]
  if (to === 'float32') return joinF32(o, low, upper)
  const name = to === 'int32' ? 'i32x4.trunc_sat_f64x2_s_zero' : 'i32x4.trunc_sat_f64x2_u_zero'
  return joinLow(o, o.v(name, low), o.v(name, upper))
}

function fromInteger(o: Ops, to: ComputeDType, from: ComputeDType, x: Expression): Values {
  const suffix = from === 'int32' ? 's' : 'u'
  if (to === 'float32') return [o.v(`f32x4.convert_i32x4_${suffix}`, x)]
  if (to === 'float64') return [x, high(o, x)].map(h => o.v(`f64x2.convert_low_i32x4_${suffix}`, h))
  return [x]
}
