/** Elementwise functions. Ranges keep away from kinks and poles; the accuracy bounds are those of the cpu backend's mathematics. */
import fc from 'fast-check'
import * as np from '../../numpy/index.ts'
import type { DType } from '../../dtype.ts'
import type { Tensor } from '../../tensor.ts'
import {
  type OpEntry,
  type Range,
  all,
  anyShape,
  binaryCases,
  exact,
  floats,
  input,
  integers,
  drawn,
  arbBroadcast,
  notATensor,
  numbers,
  refusal,
  shapedCases,
  text,
  ulps,
  unaryCases,
} from '../entry.ts'
import type { Accuracy } from '../compare.ts'

interface UnaryOptions {
  readonly range?: Range
  readonly dtypes?: readonly DType[]
  readonly differentiable?: true | string
  /** Why law 8 is not checked. */
  readonly notSpecial?: string
}

export const unary = (name: string, f: (x: Tensor) => Tensor, accuracy: Accuracy, options: UnaryOptions = {}): OpEntry => ({
  cases: unaryCases(f, options.range ?? [-2, 2], options.dtypes ?? floats),
  accuracy,
  differentiable: options.differentiable ?? true,
  refused: [notATensor(name, () => f(text))],
  ...(options.notSpecial === undefined &&
    (options.dtypes ?? floats).includes('float32') && { special: f as OpEntry['special'] & object, specialArity: 1 as const }),
})
export const binary = (
  name: string,
  f: (x: Tensor, y: Tensor) => Tensor,
  accuracy: Accuracy,
  options: { ranges?: readonly [Range, Range]; dtypes?: readonly DType[]; differentiable?: true | string } = {},
): OpEntry => ({
  cases: binaryCases(f, options.ranges, options.dtypes ?? numbers),
  accuracy,
  differentiable: options.differentiable ?? true,
  refused: [
    notATensor(name, () => f(text, np.ones([2]))),
    refusal('shapes that do not broadcast', 'ShapeError', [name, '[2]', '[3]'], () =>
      f(np.ones([2]).astype((options.dtypes ?? numbers)[0] as DType), np.ones([3]).astype((options.dtypes ?? numbers)[0] as DType)),
    ),
  ],
  ...((options.dtypes ?? numbers).includes('float32') && { special: f as OpEntry['special'] & object, specialArity: 2 as const }),
})

export const math: Accuracy = ulps(4, 'polynomial approximation')
const one = ulps(1, 'one rounding')
const flat = 'piecewise constant',
  whole = 'integers'
const positive: Range = [0.2, 3]

/** To integers; law 1 also to tenths and tens. */
function roundEntry(): OpEntry {
  const whole = unary('round', x => np.round(x), exact, { differentiable: flat })
  return {
    ...whole,
    cases: fc.oneof(
      whole.cases,
      shapedCases(
        fc.record({ shape: anyShape, decimals: fc.constantFrom(1, -1) }),
        (x, { decimals }) => np.round(x, { decimals }),
        floats,
        [-30, 30],
      ),
    ),
    accuracy: one,
    refused: [...whole.refused, refusal('a fraction', 'ValueError', ['round', '0.5'], () => np.round(1, { decimals: 0.5 }))],
  }
}

export const elementwise = {
  add: binary('add', np.add, one),
  subtract: binary('subtract', np.subtract, one),
  multiply: binary('multiply', np.multiply, one),
  divide: binary('divide', np.divide, one, {
    ranges: [
      [-2, 2],
      [0.5, 2],
    ],
  }),
  floorDivide: binary('floorDivide', np.floorDivide, one, {
    ranges: [
      [-2, 2],
      [0.5, 2],
    ],
    differentiable: flat,
  }),
  remainder: binary('remainder', np.remainder, one, {
    ranges: [
      [0.1, 0.9],
      [1, 2],
    ],
  }),
  fmod: binary('fmod', np.fmod, one, {
    ranges: [
      [0.1, 0.9],
      [1, 2],
    ],
  }),
  power: binary('power', np.power, ulps(8, 'exp of a product of a logarithm'), { ranges: [positive, [-2, 2]], dtypes: floats }),
  floatPower: binary('floatPower', np.floatPower, ulps(8, 'exp of a product of a logarithm'), {
    ranges: [positive, [-2, 2]],
    dtypes: floats,
  }),
  maximum: binary('maximum', np.maximum, exact),
  minimum: binary('minimum', np.minimum, exact),
  arctan2: binary('arctan2', np.arctan2, math, {
    ranges: [
      [0.2, 2],
      [-2, 2],
    ],
    dtypes: floats,
  }),
  hypot: binary('hypot', np.hypot, ulps(4, 'composed'), { dtypes: floats }),
  logaddexp: binary(
    'logaddexp',
    np.logaddexp,
    { ulp: 4, of: 'largest', reason: 'the logarithm is added to the larger operand' },
    { dtypes: floats },
  ),
  negative: unary('negative', np.negative, exact),
  abs: unary('abs', np.abs, exact, { range: [0.1, 2] }),
  sign: unary('sign', np.sign, exact, { differentiable: flat }),
  square: unary('square', np.square, one),
  sqrt: unary('sqrt', np.sqrt, one, { range: positive }),
  reciprocal: unary('reciprocal', np.reciprocal, one, { range: positive }),
  exp: unary('exp', np.exp, math),
  exp2: unary('exp2', np.exp2, ulps(64, 'exp of a rounded product')),
  expm1: unary('expm1', np.expm1, math),
  log: unary('log', np.log, math, { range: positive }),
  log2: unary('log2', np.log2, ulps(6, 'composed'), { range: [1.2, 3] }),
  log10: unary('log10', np.log10, ulps(6, 'composed'), { range: [1.2, 3] }),
  log1p: unary('log1p', np.log1p, math, { range: [-0.5, 3] }),
  sin: unary('sin', np.sin, math),
  cos: unary('cos', np.cos, math),
  tan: unary('tan', np.tan, math, { range: [-1.3, 1.3] }),
  arcsin: unary('arcsin', np.arcsin, math, { range: [-0.9, 0.9] }),
  arccos: unary('arccos', np.arccos, math, { range: [-0.9, 0.9] }),
  arctan: unary('arctan', np.arctan, math),
  sinh: unary('sinh', np.sinh, math),
  cosh: unary('cosh', np.cosh, math),
  tanh: unary('tanh', np.tanh, math),
  arcsinh: unary('arcsinh', np.arcsinh, math),
  arccosh: unary('arccosh', np.arccosh, math, { range: [1.2, 3] }),
  arctanh: unary('arctanh', np.arctanh, math, { range: [-0.9, 0.9] }),
  erf: unary('erf', np.erf, math),
  erfc: unary('erfc', np.erfc, ulps(64, 'one minus erf')),
  erfInv: unary('erfInv', np.erfInv, ulps(16, 'polynomials by range'), { range: [-0.95, 0.95] }),
  sinc: unary(
    'sinc',
    np.sinc,
    { ulp: 64, of: 'element', floor: 2 ** -22, reason: 'at integers the sine of a rounded multiple of pi' },
    { range: [0.1, 0.9], notSpecial: 'pi x overflows where x does not, as in NumPy' },
  ),
  deg2rad: unary('deg2rad', np.deg2rad, one),
  rad2deg: unary('rad2deg', np.rad2deg, one),
  floor: unary('floor', np.floor, exact, { differentiable: flat }),
  ceil: unary('ceil', np.ceil, exact, { differentiable: flat }),
  round: roundEntry(),
  trunc: unary('trunc', np.trunc, exact, { differentiable: flat }),
  isnan: unary('isnan', np.isnan, exact, { differentiable: 'boolean' }),
  isinf: unary('isinf', np.isinf, exact, { differentiable: 'boolean' }),
  isfinite: unary('isfinite', np.isfinite, exact, { differentiable: 'boolean' }),
  nanToNum: unary('nanToNum', np.nanToNum, exact),
  equal: binary('equal', np.equal, exact, { differentiable: 'boolean', dtypes: all }),
  notEqual: binary('notEqual', np.notEqual, exact, { differentiable: 'boolean', dtypes: all }),
  less: binary('less', np.less, exact, { differentiable: 'boolean', dtypes: all }),
  lessEqual: binary('lessEqual', np.lessEqual, exact, { differentiable: 'boolean', dtypes: all }),
  greater: binary('greater', np.greater, exact, { differentiable: 'boolean', dtypes: all }),
  greaterEqual: binary('greaterEqual', np.greaterEqual, exact, { differentiable: 'boolean', dtypes: all }),
  logicalAnd: binary('logicalAnd', np.logicalAnd, exact, { differentiable: 'boolean', dtypes: ['bool'] }),
  logicalOr: binary('logicalOr', np.logicalOr, exact, { differentiable: 'boolean', dtypes: ['bool'] }),
  logicalXor: binary('logicalXor', np.logicalXor, exact, { differentiable: 'boolean', dtypes: ['bool'] }),
  logicalNot: unary('logicalNot', np.logicalNot, exact, { differentiable: 'boolean', dtypes: ['bool'] }),
  bitwiseAnd: binary('bitwiseAnd', np.bitwiseAnd, exact, { differentiable: whole, dtypes: integers }),
  bitwiseOr: binary('bitwiseOr', np.bitwiseOr, exact, { differentiable: whole, dtypes: integers }),
  bitwiseXor: binary('bitwiseXor', np.bitwiseXor, exact, { differentiable: whole, dtypes: integers }),
  bitwiseNot: unary('bitwiseNot', np.bitwiseNot, exact, { differentiable: whole, dtypes: integers }),
  leftShift: binary('leftShift', np.leftShift, exact, { differentiable: whole, dtypes: ['uint32'] }),
  rightShift: binary('rightShift', np.rightShift, exact, { differentiable: whole, dtypes: ['uint32'] }),
  rightShiftLogical: binary('rightShiftLogical', np.rightShiftLogical, exact, { differentiable: whole, dtypes: ['uint32'] }),
  isclose: binary('isclose', (x, y) => np.isclose(x, y), exact, { differentiable: 'boolean', dtypes: floats }),
  where: {
    cases: drawn(arbBroadcast, ([a, b]) => ({
      inputs: [input(a, 'bool'), input(b, 'float32'), input(a, 'float32')],
      call: (p, x, y) => np.where(p as Tensor, x as Tensor, y as Tensor),
    })),
    accuracy: exact,
    differentiable: true,
    refused: [
      refusal('shapes that do not broadcast', 'ShapeError', ['where', '[3]'], () => np.where(np.ones([2]).astype('bool'), np.ones([3]), 0)),
    ],
  },
  clip: {
    cases: unaryCases(x => np.clip(x, -1.03, 1.07)),
    accuracy: exact,
    differentiable: true,
    special: x => np.clip(x as Tensor, -1, 1),
    specialArity: 1,
    refused: [notATensor('clip', () => np.clip(text, 0, 1))],
  },
  astype: {
    cases: drawn(arbBroadcast, ([a]) => ({ inputs: [input(a, 'float32', [-4, 4])], call: x => np.astype(x as Tensor, 'int32') })),
    accuracy: exact,
    differentiable: 'conversion to integers',
    refused: [refusal('an unknown dtype', 'DTypeError', ['astype', 'complex64'], () => np.astype(np.ones([2]), 'complex64' as never))],
  },
  bitcast: {
    cases: drawn(arbBroadcast, ([a]) => ({ inputs: [input(a, 'uint32', [0, 9])], call: x => np.bitcast(x as Tensor, 'float32') })),
    accuracy: exact,
    differentiable: whole,
    refused: [refusal('a dtype of another size', 'DTypeError', ['bitcast'], () => np.bitcast(np.ones([2]), 'bool'))],
  },
} satisfies Record<string, OpEntry>
