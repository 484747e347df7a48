/** Every instruction whose result is exact, at all combinations of edge values, against the reference; approximated ones: math.browser.test.ts. */
import { type DType, hostArray, inDomain, type InstructionName, instructions, type Loop, type TypedArray } from '@cotangent/core/kernel'
import { describe, expect, test } from 'vitest'
import type { Lanes } from '../src/glsl/types.ts'
import { type Argument, evaluate, interpret, runKernel } from './draw.ts'
import { backendFor } from './kit.ts'

const dtypes = ['float32', 'int32', 'uint32', 'bool'] as const
type Held = (typeof dtypes)[number]

const edges: Readonly<Record<Held, readonly number[]>> = {
  float32: [
    0,
    -0,
    1,
    -1,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    3,
    2 ** -126,
    -(2 ** -126),
    0.1,
    -7.25,
    1e10,
    16777217,
    2147483648,
    -2147483648,
    4294967296,
    3e9,
    3.4028234663852886e38,
    -3.4028234663852886e38,
    Infinity,
    -Infinity,
    NaN,
  ],
  int32: [0, 1, -1, 2, -2, 3, 7, -7, 31, 32, 33, 16777217, 2147483647, -2147483648, -2147483647, 65536, 1000000007],
  uint32: [0, 1, 2, 3, 7, 31, 32, 33, 16777217, 2147483647, 2147483648, 4294967295, 4294967294, 65537],
  bool: [0, 1],
}

/** What the mathematics approximates. */
const approximate: ReadonlySet<string> = new Set(
  'exp expm1 log log1p sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh erf pow sqrt madd'.split(' '),
)

/** Every combination of the operands' edge values. */
function combinations(from: readonly Held[]): TypedArray[] {
  const size = from.reduce((n, d) => n * edges[d].length, 1)
  let repeat = size
  return from.map(d => {
    repeat /= edges[d].length
    return hostArray(d, size).map((_, i) => edges[d][Math.floor(i / repeat) % edges[d].length] as number)
  })
}

const stored = (dtype: DType, value: number): number => hostArray(dtype, 1).fill(value)[0] as number
const subnormal = (x: number): boolean => x !== 0 && Math.abs(x) < 2 ** -126

function check(name: InstructionName, to: Held, from: readonly Held[], args: readonly Argument[], lanes: Lanes): void {
  evaluate({ name, to, from, args }, lanes).forEach((got, i) => {
    const operands = args.map((a, k) => stored(from[k] as DType, typeof a === 'number' ? a : (a[i] as number)))
    const wanted = stored(to, instructions[name].evaluate(operands, to, from[0] as DType))
    if (to === 'float32' && subnormal(wanted)) return
    if (!Object.is(wanted, got)) expect(`${name} of ${from.join()} (${operands.join(', ')}) = ${got}`).toBe(`${wanted}`)
  })
}

/** The dtypes of an instruction: of its result, then of its operands. */
function signatures(name: InstructionName): (readonly [Held, readonly Held[]])[] {
  const { arity, domain, result } = instructions[name]
  if (name === 'select') return dtypes.map(d => [d, ['bool', d, d]])
  const bits = dtypes.filter(d => d !== 'bool')
  if (name === 'cast') return dtypes.flatMap(a => dtypes.map(b => [b, [a]] as const))
  if (name === 'bitcast') return bits.flatMap(a => bits.map(b => [b, [a]] as const))
  return dtypes
    .filter(d => inDomain(domain, d) && !(d === 'float32' && approximate.has(name)))
    .map(d => [result === 'bool' ? 'bool' : d, new Array<Held>(arity).fill(d)])
}

const names = (Object.keys(instructions) as InstructionName[]).filter(name => signatures(name).length > 0)
describe.each([1, 4] as const)('%i lanes', lanes => {
  test.each(names)('%s', name => {
    for (const [to, from] of signatures(name)) check(name, to, from, combinations(from), lanes)
  })

  test.each(['shiftLeft', 'shiftRightLogical', 'shiftRightArithmetic'] as const)('%s by a constant', name => {
    for (const dtype of ['int32', 'uint32'] as const)
      for (const amount of [0, 13, 31, 32, -1]) check(name, dtype, [dtype, dtype], [...combinations([dtype]), stored(dtype, amount)], lanes)
  })

  test.each(['add', 'sub', 'mul', 'div', 'max', 'min'] as const)('%s with a constant on either side', name => {
    for (const c of [0, -0, 1, Infinity, NaN]) {
      const x = combinations(['float32'])[0] as TypedArray
      check(name, 'float32', ['float32', 'float32'], [x, c], lanes)
      check(name, 'float32', ['float32', 'float32'], [c, x], lanes)
    }
  })
})

test('constants arrive exactly', () => {
  const bits = [0, 0x80000000, 1, 0x007fffff, 0x00800000, 0x3dcccccd, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000]
  const values = [...new Float32Array(Uint32Array.from(bits).buffer)]
  for (const value of [...values, Math.PI, 1e-7])
    for (const lanes of [1, 4] as const) {
      const args = [Uint8Array.of(1), value, 5]
      expect(evaluate({ name: 'select', to: 'float32', from: ['bool', 'float32', 'float32'], args }, lanes)).toEqual(Float32Array.of(value))
    }
})

test.each(['lt', 'le', 'gt', 'ge'] as const)('a choice by %s that looks like a maximum or minimum keeps NaN', op => {
  const backend = backendFor({ debug: true }),
    map = { offset: 0, strides: [1] }
  const x = Float32Array.of(NaN, -1, 1, -0, 0, Infinity, -Infinity, 2),
    spec = { dtype: 'float32', size: x.length } as const
  for (const args of [
    [2, 1, 0],
    [2, 0, 1],
  ]) {
    const kernel: Loop = {
      kind: 'loop',
      extents: [x.length],
      parallel: 1,
      body: [],
      bodyStores: [],
      reductions: [],
      epilogue: [
        { op: 'load', buffer: 0, dtype: 'float32', map },
        { op: 'const', dtype: 'float32', value: 0 },
        { op, dtype: 'bool', args: [0, 1] },
        { op: 'select', dtype: 'float32', args },
      ],
      stores: [{ buffer: 1, map, value: 3 }],
    }
    const data = [x, new Float32Array(x.length)]
    expect(runKernel(backend, kernel, [spec, spec], data)).toEqual(interpret(kernel, data))
  }
  void backend.dispose()
})

test.each(['add', 'sub', 'mul'] as const)('%s with a zero that drivers know', op => {
  const backend = backendFor({ debug: true })
  const x = Float32Array.of(NaN, Infinity, -0, 0, -2),
    map = { offset: 0, strides: [1] },
    spec = { dtype: 'float32', size: x.length } as const
  for (const zero of [0, -0])
    for (const args of [
      [0, 1],
      [1, 0],
    ]) {
      const kernel: Loop = {
        kind: 'loop',
        extents: [x.length],
        parallel: 1,
        body: [],
        bodyStores: [],
        reductions: [],
        epilogue: [
          { op: 'load', buffer: 0, dtype: 'float32', map },
          { op: 'const', dtype: 'float32', value: zero },
          { op, dtype: 'float32', args },
        ],
        stores: [{ buffer: 1, map, value: 2 }],
      }
      const data = [x, new Float32Array(x.length)]
      expect(runKernel(backend, kernel, [spec, spec], data), `${zero} ${args}`).toEqual(interpret(kernel, data))
    }
  void backend.dispose()
})
