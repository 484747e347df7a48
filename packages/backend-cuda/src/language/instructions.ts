/** How each scalar instruction of the kernel IR is written in C, by the dtype of its first operand. Operands are names or constants. */
import { type ComputeDType, fail, type InstructionName } from '@cotangent/core/kernel'

type Each = (a: string, b: string, c: string) => string
type Whole = (to: ComputeDType, from: ComputeDType, a: string, b: string, c: string) => string
/** By the operands' dtype, or for all of them. */
type Printer = Partial<Record<ComputeDType, Each>> | Whole

const infix =
  (operator: string): Each =>
  (a, b) =>
    `(${a} ${operator} ${b})`
const call =
  (name: string): Each =>
  (a, b) =>
    `${name}(${b === '' ? a : `${a}, ${b}`})`
/** Signed overflow is undefined in C; unsigned arithmetic wraps. */
const wrapping =
  (operator: string): Each =>
  (a, b) =>
    `(int)((unsigned)${a} ${operator} (unsigned)${b})`

const floats = (each: Each): Printer & object => ({ float32: each, float64: each })
const integers = (each: Each): Printer & object => ({ int32: each, uint32: each })
/** A function of C's mathematics, `NAMEf` for float32. */
const math = (name: string): Printer & object => ({ float32: call(`${name}f`), float64: call(name) })
const arithmetic = (operator: string): Printer => ({
  ...floats(infix(operator)),
  int32: wrapping(operator),
  uint32: infix(operator),
})
const extremum = (name: 'max' | 'min', keep: '>' | '<', ofBools: '|' | '&'): Printer => ({
  float32: call(`${name}_f32`),
  float64: call(`${name}_f64`),
  ...integers((a, b) => `(${a} ${keep} ${b} ? ${a} : ${b})`),
  bool: infix(ofBools),
})
const comparison =
  (operator: string): Whole =>
  (_to, _from, a, b) =>
    `(${a} ${operator} ${b})`
const bitwise =
  (operator: string): Whole =>
  (_to, _from, a, b) =>
    `(${a} ${operator} ${b})`

const typed = (dtype: ComputeDType, text: string): string => (dtype === 'int32' ? `(int)${text}` : text)

const cast: Whole = (to, from, a) => {
  if (to === from) return a
  if (to === 'bool') return `(${a} != 0)`
  if (to === 'float32') return `(float)${a}`
  if (to === 'float64') return `(double)${a}`
  const name = to === 'int32' ? 'int' : 'unsigned'
  if (from === 'float32' || from === 'float64') return `${to === 'int32' ? 'int' : 'uint'}_of_${from === 'float32' ? 'f32' : 'f64'}(${a})`
  return `(${name})${a}`
}

const bitcast: Whole = (to, from, a) => {
  if (to === from) return a
  if (from === 'float32') return `float_as_${to === 'int32' ? 'int' : 'uint'}(${a})`
  if (to === 'float32') return `${from === 'int32' ? 'int' : 'uint'}_as_float(${a})`
  return cast(to, from, a, '', '')
}

export const instructions = {
  add: arithmetic('+'),
  sub: arithmetic('-'),
  mul: arithmetic('*'),
  madd: floats((a, b, c) => `(${a} * ${b} + ${c})`),
  div: { ...floats(infix('/')), int32: call('div_i32'), uint32: call('div_u32') },
  rem: { ...math('fmod'), int32: call('rem_i32'), uint32: call('rem_u32') },
  neg: { ...floats(a => `(- ${a})`), int32: a => `(int)(0u - (unsigned)${a})`, uint32: a => `(0u - ${a})` },
  abs: { ...math('fabs'), int32: call('abs_i32'), uint32: a => a },
  max: extremum('max', '>', '|'),
  min: extremum('min', '<', '&'),
  sign: {
    float32: call('sign_f32'),
    float64: call('sign_f64'),
    int32: a => `((${a} > 0) - (${a} < 0))`,
    uint32: a => `(${a} != 0u ? 1u : 0u)`,
  },
  floor: math('floor'),
  ceil: math('ceil'),
  trunc: math('trunc'),
  /** Half to even, as the rounding mode has it. */
  round: math('rint'),
  sqrt: math('sqrt'),
  exp: math('exp'),
  expm1: math('expm1'),
  log: math('log'),
  log1p: math('log1p'),
  sin: math('sin'),
  cos: math('cos'),
  tan: math('tan'),
  asin: math('asin'),
  acos: math('acos'),
  atan: math('atan'),
  atan2: math('atan2'),
  sinh: math('sinh'),
  cosh: math('cosh'),
  tanh: math('tanh'),
  asinh: math('asinh'),
  acosh: math('acosh'),
  atanh: math('atanh'),
  erf: math('erf'),
  pow: math('pow'),
  roundFloat16: { float32: call('round_f16_f32'), float64: call('round_f16_f64') },
  roundBfloat16: { float32: call('round_bf16_f32'), float64: call('round_bf16_f64') },
  isFinite: { float32: a => `(fabsf(${a}) <= 3.4028234663852886e+38f)`, float64: a => `(fabs(${a}) <= 1.7976931348623157e+308)` },
  eq: comparison('=='),
  ne: comparison('!='),
  lt: comparison('<'),
  le: comparison('<='),
  gt: comparison('>'),
  ge: comparison('>='),
  and: bitwise('&'),
  or: bitwise('|'),
  xor: bitwise('^'),
  not: { ...integers(a => `(~${a})`), bool: a => `(${a} ^ 1)` },
  shiftLeft: (to, _from, a, b) => typed(to, `shl_u32((unsigned)${a}, (unsigned)${b})`),
  shiftRightLogical: (to, _from, a, b) => typed(to, `shr_u32((unsigned)${a}, (unsigned)${b})`),
  shiftRightArithmetic: (to, _from, a, b) => `${to === 'uint32' ? '(unsigned)' : ''}sar_i32((int)${a}, (unsigned)${b})`,
  select: (_to, _from, p, a, b) => `(${p} ? ${a} : ${b})`,
  cast,
  bitcast,
} satisfies Record<InstructionName, Printer>

/** The expression of an instruction: `to` is the node's dtype, `from` that of its first operand. */
export function instruction(name: InstructionName, to: ComputeDType, from: ComputeDType, args: readonly string[]): string {
  const printer: Printer = instructions[name]
  const [a = '', b = '', c = ''] = args
  if (typeof printer === 'function') return printer(to, from, a, b, c)
  const each = printer[from]
  return each === undefined ? fail('DTypeError', `cuda: instruction ${name} does not take ${from}.`) : each(a, b, c)
}
