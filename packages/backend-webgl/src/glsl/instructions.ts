/** How each scalar instruction of the kernel IR is written in GLSL, by the dtype of its first operand. One text serves one lane and four. */
import { type ComputeDType, fail, type InstructionName } from '@cotangent/core/kernel'
import { constant, glslType, type Lanes, noFloat64 } from './types.ts'

/** A variable, or an expression without side effects that may be repeated. */
export interface Operand {
  readonly text: string
  /** Known: `text` is this constant. */
  readonly value?: number
}

type Each = (lanes: Lanes, a: Operand, b: Operand) => string
type Whole = (lanes: Lanes, to: ComputeDType, from: ComputeDType, a: Operand, b: Operand, c: Operand) => string
/** By the operands' dtype, or for all of them. */
type Printer = Partial<Record<ComputeDType, Each>> | Whole

/** A function of prelude.ts. */
const call =
  (name: string): Each =>
  (lanes, a, b) =>
    `${name}_${lanes}(${b.text === '' ? a.text : `${a.text}, ${b.text}`})`
const infix =
  (operator: string): Each =>
  (_, a, b) =>
    `(${a.text} ${operator} ${b.text})`
/** Drivers take x * 0, 0 / x and x / Infinity for 0 and x + 0 for x, whatever x is. */
const hide = (lanes: Lanes, x: Operand): Operand =>
  x.value === 0 || Math.abs(x.value ?? 1) === Infinity ? { text: `opaque_${lanes}(${x.text})` } : x
const float32Infix =
  (operator: string): Each =>
  (lanes, a, b) =>
    infix(operator)(lanes, hide(lanes, a), hide(lanes, b))
const arithmetic = (operator: string): Printer & object => ({ ...numbers(infix(operator)), float32: float32Infix(operator) })
const builtin =
  (name: string): Each =>
  (_, a, b) =>
    `${name}(${b.text === '' ? a.text : `${a.text}, ${b.text}`})`
const prefix =
  (operator: string): Each =>
  (_, a) =>
    `(${operator}${a.text})`

const type = (dtype: ComputeDType, lanes: Lanes): string => glslType(dtype, lanes)
const integers = (each: Each): Printer & object => ({ int32: each, uint32: each })
const numbers = (each: Each): Printer & object => ({ float32: each, ...integers(each) })
const float = (name: string): Printer => ({ float32: call(name) })
/** Keeps the sign of zero, which not every device does. */
const rounded = (name: string): Printer => ({ float32: (lanes, a) => `copySign_${lanes}(${name}(${a.text}), ${a.text})` })

const comparison = (name: string, ofBools: Each): Printer => ({ ...numbers(call(name)), bool: ofBools })
/** `not(first) op second` of bools: how they compare. */
const ordered =
  (join: 'both' | 'either', first: 'a' | 'b'): Each =>
  (lanes, a, b) => {
    const [x, y] = first === 'a' ? [a, b] : [b, a]
    return `${join}_${lanes}(opposite_${lanes}(${x.text}), ${y.text})`
  }

/**
 * With a constant one comparison does: a NaN of the other operand fails it, and equal operands are chosen so that zeros come out right.
 * Mesa takes c for x < c, else x as its own max, which is neither: hence `opaque`. Otherwise see `maximum` in bits.ts.
 */
const extremum =
  (name: 'maximum' | 'minimum'): Each =>
  (lanes, a, b) => {
    const [x, c] = a.value === undefined ? [a, b] : [b, a]
    if (c.value === undefined || Number.isNaN(c.value)) return `${name}_${lanes}(${a.text}, ${b.text})`
    const strict = name === 'maximum' ? Object.is(c.value, -0) : Object.is(c.value, 0)
    const compare = `${name === 'maximum' ? 'l' : 'g'}${strict ? 't' : 'e'}`
    return `pick_${lanes}(${compare}_${lanes}(${x.text}, ${c.text}), opaque_${lanes}(${c.text}), ${x.text})`
  }

const asUint = (lanes: Lanes, o: Operand): string => `${type('uint32', lanes)}(${o.text})`
/** Shifts of the bits as uint or int; by a constant without a check. */
const shift =
  (name: 'shiftLeft' | 'shiftRight' | 'shiftSigned', as: ComputeDType): Whole =>
  (lanes, to, _from, a, b) => {
    const value = `${type(as, lanes)}(${a.text})`
    if (b.value === undefined) return `${type(to, lanes)}(${name}_${lanes}(${value}, ${asUint(lanes, b)}))`
    const n = b.value >>> 0
    if (n > 31 && name !== 'shiftSigned') return constant(to, 0, lanes)
    return `${type(to, lanes)}(${value} ${name === 'shiftLeft' ? '<<' : '>>'} ${Math.min(n, 31)})`
  }

const cast: Whole = (lanes, to, from, a) => {
  if (to === from) return a.text
  if (from === 'float32')
    return `floatTo${{ int32: 'Int', uint32: 'Uint', bool: 'Bool', float32: '', float64: '' }[to]}_${lanes}(${a.text})`
  return `${type(to, lanes)}(${a.text})`
}

const bitcast: Whole = (lanes, to, from, a) => {
  if (to === from) return a.text
  if (from === 'float32') return `floatBitsTo${to === 'int32' ? 'Int' : 'Uint'}(${a.text})`
  return to === 'float32' ? `${from === 'int32' ? 'int' : 'uint'}BitsToFloat(${a.text})` : `${type(to, lanes)}(${a.text})`
}

export const instructions = {
  add: arithmetic('+'),
  sub: arithmetic('-'),
  mul: arithmetic('*'),
  madd: (lanes, _to, _from, ...operands) => {
    const [a, b, c] = operands.map(x => hide(lanes, x).text)
    return `(${a} * ${b} + ${c})`
  },
  div: { float32: float32Infix('/'), int32: call('divideInt'), uint32: call('divideUint') },
  rem: { float32: call('fmod'), int32: call('remainderInt'), uint32: call('remainderUint') },
  neg: numbers(prefix('-')),
  abs: { float32: builtin('abs'), int32: call('absInt'), uint32: (_, a) => a.text },
  max: { float32: extremum('maximum'), ...integers(builtin('max')), bool: call('either') },
  min: { float32: extremum('minimum'), ...integers(builtin('min')), bool: call('both') },
  sign: { float32: call('sign'), int32: builtin('sign'), uint32: (_, a) => `min(${a.text}, 1u)` },
  floor: rounded('floor'),
  ceil: rounded('ceil'),
  trunc: rounded('trunc'),
  round: rounded('roundEven'),
  sqrt: float('squareRoot'),
  exp: float('exp'),
  expm1: float('expm1'),
  log: float('log'),
  log1p: float('log1p'),
  sin: float('sin'),
  cos: float('cos'),
  tan: float('tan'),
  asin: float('asin'),
  acos: float('acos'),
  atan: float('atan'),
  atan2: float('atan2'),
  sinh: float('sinh'),
  cosh: float('cosh'),
  tanh: float('tanh'),
  asinh: float('asinh'),
  acosh: float('acosh'),
  atanh: float('atanh'),
  erf: float('erf'),
  pow: float('pow'),
  roundFloat16: float('roundFloat16'),
  roundBfloat16: float('roundBfloat16'),
  isFinite: float('isFinite'),
  eq: comparison('eq', call('eq')),
  ne: comparison('ne', call('ne')),
  lt: comparison('lt', ordered('both', 'a')),
  le: comparison('le', ordered('either', 'a')),
  gt: comparison('gt', ordered('both', 'b')),
  ge: comparison('ge', ordered('either', 'b')),
  and: { ...integers(infix('&')), bool: call('both') },
  or: { ...integers(infix('|')), bool: call('either') },
  xor: { ...integers(infix('^')), bool: call('differ') },
  not: { ...integers(prefix('~')), bool: call('opposite') },
  shiftLeft: shift('shiftLeft', 'uint32'),
  shiftRightLogical: shift('shiftRight', 'uint32'),
  shiftRightArithmetic: shift('shiftSigned', 'int32'),
  select: (lanes, _to, _from, p, a, b) => `choose_${lanes}(${p.text}, ${a.text}, ${b.text})`,
  cast,
  bitcast,
} satisfies Record<InstructionName, Printer>

/**
 * The expression of an instruction: `to` is the node's dtype, `from` that of its first operand. It may name functions of prelude.ts: pass the
 * finished text of the shader to `preludeOf`.
 */
export function instruction(name: InstructionName, to: ComputeDType, from: ComputeDType, args: readonly Operand[], lanes: Lanes): string {
  if (to === 'float64' || from === 'float64') noFloat64()
  const printer: Printer = instructions[name],
    none = { text: '' }
  const [a = none, b = none, c = none] = args
  if (typeof printer === 'function') return printer(lanes, to, from, a, b, c)
  const each = printer[from]
  return each === undefined ? fail('DTypeError', `webgl: instruction ${name} does not take ${from}.`) : each(lanes, a, b)
}
