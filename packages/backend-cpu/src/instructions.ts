/** How each scalar instruction of the kernel IR is written in WebAssembly SIMD, by the dtype of its operands. */
import { type ComputeDType, fail, type InstructionName, isFloat } from '@cotangent/core/kernel'
import { choose, constant, narrow } from './math/value.ts'
import { cast } from './math/cast.ts'
import type { Expression, Ops } from './math/expression.ts'
import { constantShift, integerDivide, integerRemainder, shift } from './math/integer.ts'
import { roundBfloat16, roundFloat16 } from './math/half.ts'
import { hostFunction } from './math/host.ts'
import { math, type MathName } from './math/float32.ts'
import { remainder } from './math/remainder.ts'
import type { SimdName } from './wasm/simd.ts'

/** On single vectors: for float64 it is applied to each half. */
type Each = (o: Ops, a: Expression, b: Expression, c: Expression) => Expression
type Values = readonly Expression[]
/** For instructions whose halves do not correspond: conversions and selections. */
type Whole = (o: Ops, to: ComputeDType, from: ComputeDType, args: readonly Values[]) => Values
export type Printer = Partial<Record<ComputeDType, Each>> | Whole

const simple =
  (name: SimdName): Each =>
  (o, a, b) =>
    o.v(name, ...(unary.has(name.slice(6)) ? [a] : [a, b]))
const unary: ReadonlySet<string> = new Set(['neg', 'abs', 'sqrt', 'floor', 'ceil', 'trunc', 'nearest'])
const floats = (
  name: 'add' | 'sub' | 'mul' | 'div' | 'neg' | 'abs' | 'sqrt' | 'floor' | 'ceil' | 'trunc' | 'nearest' | 'min' | 'max',
): Printer & object => ({ float32: simple(`f32x4.${name}`), float64: simple(`f64x2.${name}`) })
const integers = (each: Each): Printer & object => ({ int32: each, uint32: each })
const bitwise = (each: Each): Printer & object => ({ int32: each, uint32: each, bool: each })
const identity: Each = (_, a) => a

/** A float64 function of the host, lane by lane: accuracy before speed. */
const host =
  (name: InstructionName, arity: number): Each =>
  (o, a, b) =>
    o.eachF64(hostFunction(o.module, name, arity), [a, b].slice(0, arity))
const transcendental = (name: MathName, arity = 1): Printer => ({ float32: math[name], float64: host(name, arity) })

/** bool is a mask here, so false < true is an unsigned comparison. */
const comparison = (name: 'lt' | 'le' | 'gt' | 'ge'): Printer => ({
  float32: simple(`f32x4.${name}`),
  float64: simple(`f64x2.${name}`),
  int32: simple(`i32x4.${name}_s`),
  uint32: simple(`i32x4.${name}_u`),
  bool: simple(`i32x4.${name}_u`),
})
const equality = (name: 'eq' | 'ne'): Printer => ({
  float32: simple(`f32x4.${name}`),
  float64: simple(`f64x2.${name}`),
  ...bitwise(simple(`i32x4.${name}`)),
})

const floatSign =
  (type: 'f32x4' | 'f64x2'): Each =>
  (o, a) => {
    const number = (x: number): Expression => (type === 'f32x4' ? o.f32(x) : o.f64(x))
    return o.select(o.v(`${type}.gt`, a, number(0)), number(1), o.select(o.v(`${type}.lt`, a, number(0)), number(-1), a))
  }
const finite =
  (type: 'f32x4' | 'f64x2'): Each =>
  (o, a) =>
    o.v(`${type}.lt`, o.v(`${type}.abs`, a), type === 'f32x4' ? o.f32(Infinity) : o.f64(Infinity))

export const instructions: Readonly<Record<InstructionName, Printer>> = {
  add: { ...floats('add'), ...integers(simple('i32x4.add')) },
  sub: { ...floats('sub'), ...integers(simple('i32x4.sub')) },
  mul: { ...floats('mul'), ...integers(simple('i32x4.mul')) },
  madd: {
    float32: (o, a, b, c) => o.madd('f32x4', a, b, c),
    float64: (o, a, b, c) => o.v('f64x2.add', o.v('f64x2.mul', a, b), c),
  },
  div: { ...floats('div'), int32: integerDivide('s'), uint32: integerDivide('u') },
  rem: { float32: remainder, float64: host('rem', 2), int32: integerRemainder('s'), uint32: integerRemainder('u') },
  neg: { ...floats('neg'), ...integers(simple('i32x4.neg')) },
  abs: { ...floats('abs'), int32: simple('i32x4.abs'), uint32: identity },
  max: { ...floats('max'), int32: simple('i32x4.max_s'), uint32: simple('i32x4.max_u'), bool: simple('v128.or') },
  min: { ...floats('min'), int32: simple('i32x4.min_s'), uint32: simple('i32x4.min_u'), bool: simple('v128.and') },
  sign: {
    float32: floatSign('f32x4'),
    float64: floatSign('f64x2'),
    int32: (o, a) => o.v('i32x4.sub', o.v('i32x4.lt_s', a, o.i32(0)), o.v('i32x4.gt_s', a, o.i32(0))),
    uint32: (o, a) => o.v('i32x4.min_u', a, o.i32(1)),
  },
  floor: floats('floor'),
  ceil: floats('ceil'),
  trunc: floats('trunc'),
  round: floats('nearest'),
  sqrt: floats('sqrt'),
  exp: transcendental('exp'),
  expm1: transcendental('expm1'),
  log: transcendental('log'),
  log1p: transcendental('log1p'),
  sin: transcendental('sin'),
  cos: transcendental('cos'),
  tan: transcendental('tan'),
  asin: transcendental('asin'),
  acos: transcendental('acos'),
  atan: transcendental('atan'),
  atan2: transcendental('atan2', 2),
  sinh: transcendental('sinh'),
  cosh: transcendental('cosh'),
  tanh: transcendental('tanh'),
  asinh: transcendental('asinh'),
  acosh: transcendental('acosh'),
  atanh: transcendental('atanh'),
  erf: transcendental('erf'),
  pow: transcendental('pow', 2),
  roundFloat16,
  roundBfloat16,
  isFinite: { float32: finite('f32x4'), float64: finite('f64x2') },
  eq: equality('eq'),
  ne: equality('ne'),
  lt: comparison('lt'),
  le: comparison('le'),
  gt: comparison('gt'),
  ge: comparison('ge'),
  and: bitwise(simple('v128.and')),
  or: bitwise(simple('v128.or')),
  xor: bitwise(simple('v128.xor')),
  not: bitwise((o, a) => o.v('v128.not', a)),
  shiftLeft: integers(shift('shl')),
  shiftRightLogical: integers(shift('shr_u')),
  shiftRightArithmetic: integers(shift('shr_s')),
  select: (o, _to, _from, [p, a, b]) => choose(o, (p as Values)[0] as Expression, a as Values, b as Values),
  cast: (o, to, from, [a]) => cast(o, to, from, a as Values),
  bitcast: (_o, _to, _from, [a]) => a as Values,
}

/** Comparisons of float64 give two 64-bit masks; every bool is one 32-bit mask. */
const predicates: ReadonlySet<InstructionName> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'isFinite'])

const shifts: Partial<Record<InstructionName, 'shl' | 'shr_s' | 'shr_u'>> = {
  shiftLeft: 'shl',
  shiftRightLogical: 'shr_u',
  shiftRightArithmetic: 'shr_s',
}

/** The instruction with a constant as its second operand, where that is cheaper than with a value. */
export function withConstant(o: Ops, name: InstructionName, dtype: ComputeDType, a: Values, second: number): Values | undefined {
  const kind = shifts[name]
  if (kind !== undefined) return [constantShift(o, kind, a[0] as Expression, second)]
  return (name === 'max' || name === 'min') && isFloat(dtype) ? clampBy(o, name, dtype, a, second) : undefined
}

/**
 * pmax and pmin are one instruction where max and min are eight: they keep a NaN in their first operand, and of equal operands take the first,
 * which is wrong for zeros alone: max(-0, 0) is put right by adding 0, min(0, -0) is left to the general way.
 */
function clampBy(o: Ops, name: 'max' | 'min', dtype: ComputeDType, a: Values, c: number): Values | undefined {
  if (Number.isNaN(c) || (name === 'min' && Object.is(c, -0))) return undefined
  const type = dtype === 'float64' ? 'f64x2' : 'f32x4',
    bound = constant(o, dtype, c)
  const clamped = a.map((x, i) => o.v(`${type}.p${name}`, x, bound[i] as Expression))
  return name === 'max' && Object.is(c, 0) ? clamped.map((x, i) => o.v(`${type}.add`, x, bound[i] as Expression)) : clamped
}

/** The instruction on values; `from` is the dtype of its first operand. Operands are used several times: give locals or constants. */
export function instruction(o: Ops, name: InstructionName, to: ComputeDType, from: ComputeDType, args: readonly Values[]): Values {
  const printer: Printer = instructions[name]
  if (typeof printer === 'function') return printer(o, to, from, args)
  const each = printer[from]
  if (each === undefined) return fail('DTypeError', `backend cpu: instruction ${name} does not take ${from}`)
  const zero = o.i32(0)
  const half = (h: number): Expression => each(o, args[0]?.[h] ?? zero, args[1]?.[h] ?? zero, args[2]?.[h] ?? zero)
  if (from !== 'float64') return [half(0)]
  return predicates.has(name) ? [narrow(o, half(0), half(1))] : [half(0), half(1)]
}
