import { describe, expect, test } from 'vitest'
import { type ComputeDType, convert } from '../../src/dtype.ts'
import { erf, identityOf, type InstructionName, instructions } from '../../src/lower/instructions.ts'

/** Both are the same number, NaN and the sign of zero included, but for `ulps` units in the last place of float64. */
function expectClose(actual: number, expected: number, ulps: number, what: string): void {
  const close = Object.is(actual, expected) || (expected !== 0 && Math.abs(actual - expected) <= ulps * 2 ** -52 * Math.abs(expected))
  if (!close) expect.fail(`${what}: got ${actual}, NumPy gives ${expected}`)
}

const evaluate = (name: InstructionName, args: readonly number[], dtype: ComputeDType, from = dtype): number =>
  convert(instructions[name].evaluate(args, dtype, from), dtype)

/** Rows of a name and numbers. */
function table(text: string): Partial<Record<InstructionName, number[]>> {
  const rows: Partial<Record<InstructionName, number[]>> = {}
  let row: number[] = []
  for (const token of text.trim().split(/\s+/)) {
    if (token in instructions) rows[token as InstructionName] = row = []
    else row.push(Number(token))
  }
  return rows
}

// NumPy 2.4.6 in float64 (erf: Python's math.erf). Only sign(-0) is not NumPy's 0: it stays -0, as in JAX.
const points = [-0, 0, 0.5, -0.5, 1, -1, 2.5, -2.5, 1e-310, 710, 1e300, Infinity, -Infinity, NaN]
const unary = table(`
  neg 0 -0 -0.5 0.5 -1 1 -2.5 2.5 -1e-310 -710 -1e+300 -Infinity Infinity NaN
  abs 0 0 0.5 0.5 1 1 2.5 2.5 1e-310 710 1e+300 Infinity Infinity NaN
  sign -0 0 1 -1 1 -1 1 -1 1 1 1 1 -1 NaN
  floor -0 0 0 -1 1 -1 2 -3 0 710 1e+300 Infinity -Infinity NaN
  ceil -0 0 1 -0 1 -1 3 -2 1 710 1e+300 Infinity -Infinity NaN
  trunc -0 0 0 -0 1 -1 2 -2 0 710 1e+300 Infinity -Infinity NaN
  round -0 0 0 -0 1 -1 2 -2 0 710 1e+300 Infinity -Infinity NaN
  sqrt -0 0 0.7071067811865476 NaN 1 NaN 1.5811388300841898 NaN 9.999999999999986e-156 26.645825188948457
    1e+150 Infinity NaN NaN
  exp 1 1 1.6487212707001282 0.6065306597126334 2.718281828459045 0.36787944117144233 12.182493960703473
    0.0820849986238988 1 Infinity Infinity Infinity 0 NaN
  expm1 -0 0 0.6487212707001282 -0.3934693402873666 1.7182818284590453 -0.6321205588285577 11.182493960703473
    -0.9179150013761012 1e-310 Infinity Infinity Infinity -1 NaN
  log -Infinity -Infinity -0.6931471805599453 NaN 0 NaN 0.9162907318741551 NaN -713.8013788281542
    6.565264970035361 690.7755278982137 Infinity NaN NaN
  log1p -0 0 0.4054651081081644 -0.6931471805599453 0.6931471805599453 -Infinity 1.252762968495368 NaN 1e-310
    6.566672429803241 690.7755278982137 Infinity NaN NaN
  sin -0 0 0.479425538604203 -0.479425538604203 0.8414709848078965 -0.8414709848078965 0.5984721441039565
    -0.5984721441039565 1e-310 6.0288706691585265e-05 -0.8178819121159085 NaN NaN NaN
  cos 1 1 0.8775825618903728 0.8775825618903728 0.5403023058681398 0.5403023058681398 -0.8011436155469337
    -0.8011436155469337 1 0.999999998182636 -0.5753861119575491 NaN NaN NaN
  tan -0 0 0.5463024898437905 -0.5463024898437905 1.5574077246549023 -1.5574077246549023 -0.7470222972386603
    0.7470222972386603 1e-310 6.0288706801151796e-05 1.4214488238747245 NaN NaN NaN
  asin -0 0 0.5235987755982989 -0.5235987755982989 1.5707963267948966 -1.5707963267948966 NaN NaN 1e-310 NaN
    NaN NaN NaN NaN
  acos 1.5707963267948966 1.5707963267948966 1.0471975511965976 2.0943951023931957 0 3.141592653589793 NaN NaN
    1.5707963267948966 NaN NaN NaN NaN NaN
  atan -0 0 0.4636476090008061 -0.4636476090008061 0.7853981633974483 -0.7853981633974483 1.1902899496825317
    -1.1902899496825317 1e-310 1.5693878770220004 1.5707963267948966 1.5707963267948966 -1.5707963267948966
    NaN
  sinh -0 0 0.5210953054937474 -0.5210953054937474 1.1752011936438014 -1.1752011936438014 6.0502044810397875
    -6.0502044810397875 1e-310 1.1169973830808555e+308 Infinity Infinity -Infinity NaN
  cosh 1 1 1.1276259652063807 1.1276259652063807 1.5430806348152437 1.5430806348152437 6.132289479663686
    6.132289479663686 1 1.1169973830808555e+308 Infinity Infinity Infinity NaN
  tanh -0 0 0.46211715726000974 -0.46211715726000974 0.7615941559557649 -0.7615941559557649 0.9866142981514303
    -0.9866142981514303 1e-310 1 1 1 -1 NaN
  asinh -0 0 0.48121182505960347 -0.48121182505960347 0.881373587019543 -0.881373587019543 1.6472311463710958
    -1.6472311463710958 1e-310 7.258412646528284 691.4686750787737 Infinity -Infinity NaN
  acosh NaN NaN NaN NaN 0 NaN 1.566799236972411 NaN NaN 7.258411654661591 691.4686750787737 Infinity NaN NaN
  atanh -0 0 0.5493061443340549 -0.5493061443340549 Infinity -Infinity NaN NaN 1e-310 NaN NaN NaN NaN NaN
  erf -0 0 0.5204998778130465 -0.5204998778130465 0.8427007929497149 -0.8427007929497149 0.999593047982555
    -0.999593047982555 1.1283791670955e-310 1 1 1 -1 NaN
`)

const left = [1, 1, NaN, 0, 0, -0, -0, -1, -1, -2, -8, 2, 0, Infinity, -Infinity, -Infinity, 2, 0.5, -0]
const right = [NaN, Infinity, 0, 0, -1, -1, -2, Infinity, -Infinity, 3, 1 / 3, 0.5, 0.5, -1, 3, 2, -Infinity, Infinity, NaN]
const binary = table(`
  pow 1 1 1 1 Infinity -Infinity Infinity 1 1 -8 NaN 1.4142135623730951 0 0 -Infinity Infinity 0 0 NaN
  atan2 NaN 0 NaN 0 3.141592653589793 -3.141592653589793 -3.141592653589793 -0 -3.141592653589793
    -0.5880026035475675 -1.5291537476963082 1.3258176636680326 0 1.5707963267948966 -1.5707963267948966
    -1.5707963267948966 3.141592653589793 0 NaN
  rem NaN 1 NaN NaN 0 -0 -0 -1 -1 -2 -4.440892098500626e-16 0 0 NaN NaN NaN 2 0.5 NaN
  div NaN 0 NaN NaN -0 0 0 -0 0 -0.6666666666666666 -24 4 0 -Infinity -Infinity -Infinity -0 0 NaN
  max NaN Infinity NaN 0 0 -0 -0 Infinity -1 3 0.3333333333333333 2 0.5 Infinity 3 2 2 Infinity NaN
  min NaN 1 NaN 0 -1 -1 -2 -1 -Infinity -2 -8 0.5 0 -1 -Infinity -Infinity -Infinity 0.5 NaN
`)

describe('float64 corner cases', () => {
  for (const [name, expected] of Object.entries(unary))
    test(name, () =>
      points.forEach((x, i) => expectClose(evaluate(name as InstructionName, [x], 'float64'), expected[i] as number, 4, `${name}(${x})`)),
    )
  for (const [name, expected] of Object.entries(binary))
    test(name, () =>
      left.forEach((a, i) =>
        expectClose(
          evaluate(name as InstructionName, [a, right[i] as number], 'float64'),
          expected[i] as number,
          4,
          `${name}(${a}, ${right[i]})`,
        ),
      ),
    )
})

test('erf is accurate on both sides of the change of method', () => {
  const table = [
    [0.1, 0.1124629160182849],
    [2, 0.9953222650189527],
    [2.4, 0.999311486103355],
    [2.5, 0.999593047982555],
    [3, 0.9999779095030014],
    [4.5, 0.9999999998033839],
  ] as const
  for (const [x, y] of table) {
    expectClose(erf(x), y, 4, `erf(${x})`)
    expectClose(erf(-x), -y, 4, `erf(-${x})`)
  }
})

// NumPy's wrapping arithmetic; division truncates as C's.
const integers = {
  int32: [
    [2147483647, -2147483648, -7, 7, -7, 65537],
    [1, -1, 2, -2, -2, 65537],
  ],
  uint32: [
    [2147483647, 2147483648, 4294967289, 7, 4294967289, 65537],
    [1, 4294967295, 2, 4294967294, 4294967294, 65537],
  ],
} as const
const wrapped: Record<'int32' | 'uint32', Partial<Record<InstructionName, readonly number[]>>> = {
  int32: {
    add: [-2147483648, 2147483647, -5, 5, -9, 131074],
    sub: [2147483646, -2147483647, -9, 9, -5, 0],
    mul: [2147483647, -2147483648, -14, -14, 14, 131073],
    div: [2147483647, -2147483648, -3, -3, 3, 1],
    rem: [0, 0, -1, 1, -1, 0],
    max: [2147483647, -1, 2, 7, -2, 65537],
    min: [1, -2147483648, -7, -2, -7, 65537],
    lt: [0, 1, 1, 0, 1, 0],
  },
  uint32: {
    add: [2147483648, 2147483647, 4294967291, 5, 4294967287, 131074],
    sub: [2147483646, 2147483649, 4294967287, 9, 4294967291, 0],
    mul: [2147483647, 2147483648, 4294967282, 4294967282, 14, 131073],
    max: [2147483647, 4294967295, 4294967289, 4294967294, 4294967294, 65537],
    min: [1, 2147483648, 2, 7, 4294967289, 65537],
    lt: [0, 1, 0, 1, 1, 0],
  },
}

test('integers wrap', () => {
  for (const dtype of ['int32', 'uint32'] as const) {
    const [a, b] = integers[dtype]
    for (const [name, expected] of Object.entries(wrapped[dtype]))
      expect(
        a.map((x, i) => evaluate(name as InstructionName, [x, b[i] as number], dtype)),
        `${name} ${dtype}`,
      ).toEqual(expected)
  }
})

test('what XLA defines and NumPy does not: division by zero, long shifts', () => {
  expect(evaluate('div', [7, 0], 'int32')).toBe(-1)
  expect(evaluate('div', [7, 0], 'uint32')).toBe(4294967295)
  expect(evaluate('rem', [7, 0], 'int32')).toBe(7)
  expect(evaluate('neg', [-2147483648], 'int32')).toBe(-2147483648)
  expect(evaluate('neg', [0], 'int32')).toBe(0)
  expect(evaluate('neg', [1], 'uint32')).toBe(4294967295)
  expect(evaluate('abs', [-2147483648], 'int32')).toBe(-2147483648)
  for (const by of [32, 33, -1]) {
    expect(evaluate('shiftLeft', [1, by], 'int32')).toBe(0)
    expect(evaluate('shiftRightLogical', [-1, by], 'int32')).toBe(0)
    expect(evaluate('shiftRightArithmetic', [-8, by], 'int32')).toBe(-1)
  }
  expect(evaluate('shiftRightLogical', [-1, 0], 'int32')).toBe(-1)
  expect(evaluate('shiftRightLogical', [-1, 28], 'int32')).toBe(15)
  expect(evaluate('shiftRightArithmetic', [4294967288, 1], 'uint32')).toBe(4294967292)
})

test('comparisons with NaN and of zeros', () => {
  for (const name of ['eq', 'lt', 'le', 'gt', 'ge'] as const) expect(instructions[name].evaluate([NaN, NaN], 'bool', 'float32')).toBe(0)
  expect(instructions.ne.evaluate([NaN, NaN], 'bool', 'float32')).toBe(1)
  expect(instructions.eq.evaluate([-0, 0], 'bool', 'float32')).toBe(1)
  expect(evaluate('not', [1], 'bool')).toBe(0)
  expect(evaluate('not', [0], 'uint32')).toBe(4294967295)
})

test('conversions', () => {
  const floats = [NaN, Infinity, -Infinity, 3e9, -3e9, 5e9, -1.9, 1.9, -0]
  expect(floats.map(x => evaluate('cast', [x], 'int32', 'float32'))).toEqual([
    0, 2147483647, -2147483648, 2147483647, -2147483648, 2147483647, -1, 1, 0,
  ])
  expect(floats.map(x => evaluate('cast', [x], 'uint32', 'float64'))).toEqual([0, 4294967295, 0, 3000000000, 0, 4294967295, 0, 1, 0])
  expect(floats.map(x => evaluate('cast', [x], 'bool', 'float32'))).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0])
  expect(evaluate('cast', [-1], 'uint32', 'int32')).toBe(4294967295)
  expect(evaluate('cast', [4294967295], 'int32', 'uint32')).toBe(-1)
  expect(evaluate('cast', [16777217], 'float32', 'int32')).toBe(16777216)
  expect(evaluate('bitcast', [1], 'int32', 'float32')).toBe(0x3f800000)
  expect(evaluate('bitcast', [-0], 'uint32', 'float32')).toBe(0x80000000)
  expect(evaluate('bitcast', [0x7f800000], 'float32', 'uint32')).toBe(Infinity)
})

test('identities are neutral', () => {
  const values: Record<ComputeDType, readonly number[]> = {
    float32: [-Infinity, -1, 0, Infinity],
    float64: [-Infinity, 3, Infinity],
    int32: [-2147483648, 0, 2147483647],
    uint32: [0, 5, 4294967295],
    bool: [0, 1],
  }
  for (const [dtype, xs] of Object.entries(values) as [ComputeDType, readonly number[]][]) {
    for (const [op, name] of [
      ['sum', 'add'],
      ['prod', 'mul'],
      ['max', 'max'],
      ['min', 'min'],
      ['and', 'and'],
      ['or', 'or'],
      ['xor', 'xor'],
    ] as const) {
      const isFloat = dtype === 'float32' || dtype === 'float64'
      if ((dtype === 'bool' && (op === 'sum' || op === 'prod')) || (isFloat && ['and', 'or', 'xor'].includes(op))) continue
      for (const x of xs) expect(evaluate(name, [identityOf(op, dtype), x], dtype), `${op} ${dtype} ${x}`).toBe(x)
    }
  }
})
