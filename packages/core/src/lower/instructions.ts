/**
 * The scalar instructions of kernels. A backend supplies a printer for each (`satisfies Record<InstructionName, ...>`), so a new one is
 * a name and a line here, and one line a backend, found by the compiler. `evaluate` is the specification, in float64 / wrapped integers.
 *
 * Types: `T` is the node's dtype. `compare` instructions take two operands of one dtype and give bool. Booleans are 0 and 1.
 */
import { bitsOf, convert, type DType, isFloat, isInteger, isUnsigned } from '../dtype.ts'
import { roundHalf } from '../half.ts'

/** Which dtypes an instruction's operands may have. */
export type Domain = 'any' | 'number' | 'float' | 'integer' | 'bitwise'

export function inDomain(domain: Domain, dtype: DType): boolean {
  switch (domain) {
    case 'any':
      return true
    case 'number':
      return dtype !== 'bool'
    case 'float':
      return isFloat(dtype)
    case 'integer':
      return isInteger(dtype)
    case 'bitwise':
      return !isFloat(dtype)
  }
}

/** `same`: the result has the operands' dtype. `bool`: a predicate. `free`: the node's own dtype (conversions). */
export type ResultRule = 'same' | 'bool' | 'free'

export interface Instruction {
  readonly arity: 1 | 2 | 3
  readonly domain: Domain
  readonly result: ResultRule
  /** On numbers already of the operand dtype; the caller rounds or wraps the result to the node's dtype. */
  readonly evaluate: (args: readonly number[], dtype: DType, from: DType) => number
}

const op = (
  arity: 1 | 2 | 3,
  domain: Domain,
  evaluate: (a: number, b: number, c: number, d: DType, from: DType) => number,
  result: ResultRule = 'same',
): Instruction => ({ arity, domain, result, evaluate: (x, d, from) => evaluate(x[0] as number, x[1] as number, x[2] as number, d, from) })

const bits = new DataView(new ArrayBuffer(8))
const nanMax = (a: number, b: number): number => (a !== a || b !== b ? NaN : Math.max(a, b))
const nanMin = (a: number, b: number): number => (a !== a || b !== b ? NaN : Math.min(a, b))

/** Half to even, as IEEE 754, NumPy and JAX's `round`. */
export function roundHalfEven(x: number): number {
  const r = Math.round(x)
  const y = Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r
  return y === 0 ? (Object.is(x, -0) || x < 0 ? -0 : 0) : y
}

export type InstructionName =
  | 'add'
  | 'sub'
  | 'mul'
  | 'madd'
  | 'div'
  | 'rem'
  | 'neg'
  | 'abs'
  | 'max'
  | 'min'
  | 'sign'
  | 'floor'
  | 'ceil'
  | 'trunc'
  | 'round'
  | 'sqrt'
  | 'exp'
  | 'expm1'
  | 'log'
  | 'log1p'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'atan2'
  | 'sinh'
  | 'cosh'
  | 'tanh'
  | 'asinh'
  | 'acosh'
  | 'atanh'
  | 'erf'
  | 'pow'
  | 'roundFloat16'
  | 'roundBfloat16'
  | 'isFinite'
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'and'
  | 'or'
  | 'xor'
  | 'not'
  | 'shiftLeft'
  | 'shiftRightLogical'
  | 'shiftRightArithmetic'
  | 'select'
  | 'cast'
  | 'bitcast'

export const instructions: Readonly<Record<InstructionName, Instruction>> = {
  // arithmetic; integers wrap modulo their bits, integer division by zero gives -1 (as XLA on CPU), remainder by zero gives the dividend
  add: op(2, 'number', (a, b) => a + b),
  sub: op(2, 'number', (a, b) => a - b),
  mul: op(2, 'number', (a, b, _, d) => (isInteger(d) ? Math.imul(a, b) : a * b)),
  /** a b + c, rounded once or twice, as a backend does it fastest: for sums that core arranges itself, never for the user's own operations. */
  madd: op(3, 'float', (a, b, c) => a * b + c),
  /** Truncates for integers. */
  div: op(2, 'number', (a, b, _, d) => (isInteger(d) ? (b === 0 ? -1 : Math.trunc(a / b)) : a / b)),
  /** C's remainder: the sign of the dividend. */
  rem: op(2, 'number', (a, b, _, d) => (isInteger(d) && b === 0 ? a : a % b)),
  neg: op(1, 'number', a => -a),
  abs: op(1, 'number', a => Math.abs(a)),
  /** NaN if either operand is NaN; -0 < +0. For bool: or. */
  max: op(2, 'any', nanMax),
  /** NaN if either operand is NaN; -0 < +0. For bool: and. */
  min: op(2, 'any', nanMin),
  /** -1, 0 or 1; keeps -0 and NaN. */
  sign: op(1, 'number', Math.sign),
  // floating point
  floor: op(1, 'float', Math.floor),
  ceil: op(1, 'float', Math.ceil),
  trunc: op(1, 'float', Math.trunc),
  round: op(1, 'float', roundHalfEven),
  sqrt: op(1, 'float', Math.sqrt),
  exp: op(1, 'float', Math.exp),
  expm1: op(1, 'float', Math.expm1),
  log: op(1, 'float', Math.log),
  log1p: op(1, 'float', Math.log1p),
  sin: op(1, 'float', Math.sin),
  cos: op(1, 'float', Math.cos),
  tan: op(1, 'float', Math.tan),
  asin: op(1, 'float', Math.asin),
  acos: op(1, 'float', Math.acos),
  atan: op(1, 'float', Math.atan),
  atan2: op(2, 'float', Math.atan2),
  sinh: op(1, 'float', Math.sinh),
  cosh: op(1, 'float', Math.cosh),
  tanh: op(1, 'float', Math.tanh),
  asinh: op(1, 'float', Math.asinh),
  acosh: op(1, 'float', Math.acosh),
  atanh: op(1, 'float', Math.atanh),
  erf: op(1, 'float', erf),
  /** IEEE pow: pow(x, 0) = pow(1, y) = 1 even for NaN (unlike Math.pow(1, NaN)). */
  pow: op(2, 'float', (a, b) => (a === 1 ? 1 : a === -1 && !Number.isFinite(b) && b === b ? 1 : a ** b)),
  /** To the nearest number that float16 has (half to even; infinity beyond its range; NaN and -0 stay), as the instruction's own dtype. */
  roundFloat16: op(1, 'float', a => roundHalf(a, 'float16')),
  /** The same for bfloat16. */
  roundBfloat16: op(1, 'float', a => roundHalf(a, 'bfloat16')),
  isFinite: op(1, 'float', a => (Number.isFinite(a) ? 1 : 0), 'bool'),
  // comparison
  eq: op(2, 'any', (a, b) => (a === b ? 1 : 0), 'bool'),
  ne: op(2, 'any', (a, b) => (a !== b ? 1 : 0), 'bool'),
  lt: op(2, 'any', (a, b) => (a < b ? 1 : 0), 'bool'),
  le: op(2, 'any', (a, b) => (a <= b ? 1 : 0), 'bool'),
  gt: op(2, 'any', (a, b) => (a > b ? 1 : 0), 'bool'),
  ge: op(2, 'any', (a, b) => (a >= b ? 1 : 0), 'bool'),
  // bits: integers and bool
  and: op(2, 'bitwise', (a, b) => a & b),
  or: op(2, 'bitwise', (a, b) => a | b),
  xor: op(2, 'bitwise', (a, b) => a ^ b),
  /** For bool: logical not. */
  not: op(1, 'bitwise', (a, _b, _c, d) => (d === 'bool' ? 1 - a : ~a)),
  /** A shift by all bits or more gives 0 (the sign for shiftRightArithmetic), as XLA. */
  shiftLeft: op(2, 'integer', (a, b) => (b >>> 0 > 31 ? 0 : a << b)),
  shiftRightLogical: op(2, 'integer', (a, b, _, d) => (b >>> 0 > 31 ? 0 : (bitsOf(d) === 8 ? a & 0xff : a) >>> b)),
  shiftRightArithmetic: op(2, 'integer', (a, b, _, d) => (bitsOf(d) === 8 ? (a << 24) >> 24 : a | 0) >> (b >>> 0 > 31 ? 31 : b)),
  // selection and conversion
  /** select(predicate: bool, whenTrue: T, whenFalse: T). */
  select: op(3, 'any', (p, a, b) => (p !== 0 ? a : b)),
  /** Conversion: see castTo. */
  cast: op(1, 'any', (a, _b, _c, d, from) => castTo(a, from, d), 'free'),
  /** Reinterprets 32 bits: float32, int32 and uint32 only. */
  bitcast: op(1, 'any', (a, _b, _c, d, from) => bitcast(a, from, d), 'free'),
}

/**
 * The reference for `cast`. Float to integer truncates towards zero and saturates (NaN gives 0; WebAssembly's trunc_sat, XLA's rule);
 * between integers the bits stay; anything to bool is `!= 0`.
 */
export function castTo(a: number, from: DType, to: DType): number {
  if (!isFloat(from) || !isInteger(to)) return convert(a, to)
  const [low, high] = rangeOfInteger(to)
  return a !== a ? 0 : convert(Math.min(high, Math.max(low, Math.trunc(a))), to)
}

/** The smallest and the largest number of an integer dtype. */
export function rangeOfInteger(dtype: DType): readonly [low: number, high: number] {
  const values = 2 ** bitsOf(dtype)
  return isUnsigned(dtype) ? [0, values - 1] : [-values / 2, values / 2 - 1]
}

function bitcast(a: number, from: DType, to: DType): number {
  if (from === 'float32') bits.setFloat32(0, a)
  else bits.setInt32(0, a | 0)
  return to === 'float32' ? bits.getFloat32(0) : to === 'uint32' ? bits.getUint32(0) : bits.getInt32(0)
}

/**
 * erf x = 2/sqrt(pi) e^(-x^2) sum_n 2^n x^(2n+1) / (1 3 ... (2n+1)) below 2.5, whose terms do not cancel; the continued fraction of erfc
 * above (Abramowitz & Stegun 7.1.6, 7.1.14).
 */
export function erf(x: number): number {
  const a = Math.abs(x)
  if (!(a > 0)) return x
  if (a > 6) return Math.sign(x)
  if (a < 2.5) {
    let term = a,
      sum = a
    for (let n = 1; term > 1e-18 * sum; n++) {
      term *= (2 * a * a) / (2 * n + 1)
      sum += term
    }
    return (Math.sign(x) * 2 * Math.exp(-a * a) * sum) / Math.sqrt(Math.PI)
  }
  let f = 0
  for (let k = 60; k > 0; k--) f = k / 2 / (a + f)
  return Math.sign(x) * (1 - Math.exp(-a * a) / ((a + f) * Math.sqrt(Math.PI)))
}

/** Operators that combine many values into one. `argmax`/`argmin` keep the index of the first winner; NaN wins, as in NumPy. */
export type ReduceOp = 'sum' | 'prod' | 'max' | 'min' | 'and' | 'or' | 'xor' | 'argmax' | 'argmin'

/** The value of an empty reduction. argmax and argmin have none: lowering refuses them. */
export function identityOf(op: ReduceOp, dtype: DType): number {
  const [low, high] = dtype === 'bool' ? [0, 1] : isInteger(dtype) ? rangeOfInteger(dtype) : [-Infinity, Infinity]
  switch (op) {
    case 'sum':
    case 'or':
    case 'xor':
      return 0
    case 'prod':
      return 1
    case 'and':
      return dtype === 'bool' || isUnsigned(dtype) ? high : -1
    case 'max':
      return low
    case 'min':
      return high
    case 'argmax':
    case 'argmin':
      return 0
  }
}

/** A value that leaves any other as it is, to start running totals from: for sums of floats -0, since 0 + -0 is 0. */
export const neutralOf = (op: ReduceOp, dtype: DType): number => (op === 'sum' && isFloat(dtype) ? -0 : identityOf(op, dtype))
