/** Every instruction at all combinations of edge values, on a backend and on the reference: bit for bit where the result is exact. */
import { describe, expect, test } from 'vitest'
import { compileKernels } from '../../src/backend/reference/kernels.ts'
import type { Memory } from '../../src/backend/reference/memory.ts'
import { type ComputeDType, computeDTypes, hostArray, type TypedArray } from '../../src/dtype.ts'
import { type InstructionName, instructions } from '../../src/lower/instructions.ts'
import type { BufferSpec, Loop } from '../../src/lower/kernel.ts'

/** Runs a Loop on data for all its buffers, and gives what these hold afterwards. */
export type RunLoop = (loop: Loop, buffers: readonly BufferSpec[], data: readonly TypedArray[]) => readonly TypedArray[]

function interpret(loop: Loop, data: readonly TypedArray[]): TypedArray[] {
  const copies = data.map(d => d.slice())
  compileKernels([loop], 64)(copies as Memory)
  return copies
}

/** Edge values of each dtype, so that all pairs of them are tried. */
const special: Readonly<Record<ComputeDType, readonly number[]>> = {
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
    1e-45,
    -1e-45,
    1e-38,
    3.4028234663852886e38,
    -3.4028234663852886e38,
    Infinity,
    -Infinity,
    NaN,
    2147483648,
    -2147483648,
    4294967296,
    1e10,
    -7.25,
    16777217,
    0.1,
  ],
  float64: [
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
    5e-324,
    -5e-324,
    1e300,
    -1e300,
    Infinity,
    -Infinity,
    NaN,
    2147483647,
    2147483648,
    -2147483649,
    4294967295,
    4294967296,
    1e10,
    -7.25,
    0.1,
  ],
  int32: [0, 1, -1, 2, -2, 3, 7, -7, 31, 32, 33, 16777217, 2147483647, -2147483648, -2147483647, 65536, 1000000007],
  uint32: [0, 1, 2, 3, 7, 31, 32, 33, 16777217, 2147483647, 2147483648, 4294967295, 4294967294, 65537],
  bool: [0, 1],
}

const domains: Readonly<Record<string, readonly ComputeDType[]>> = {
  any: computeDTypes,
  number: ['float32', 'float64', 'int32', 'uint32'],
  float: ['float32', 'float64'],
  integer: ['int32', 'uint32'],
  bitwise: ['int32', 'uint32', 'bool'],
}

/** float32 functions that are approximated, and madd: see below. */
const approximate: ReadonlySet<string> = new Set([
  'madd',
  'exp',
  'expm1',
  'log',
  'log1p',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'atan2',
  'sinh',
  'cosh',
  'tanh',
  'asinh',
  'acosh',
  'atanh',
  'erf',
  'pow',
])

/** `out[i] = name(operands[i])` as a loop. */
function elementwise(name: InstructionName, to: ComputeDType, operands: readonly ComputeDType[], size: number): Loop {
  const map = { offset: 0, strides: [1] }
  const loads = operands.map((dtype, buffer) => ({ op: 'load', buffer, dtype, map }) as const)
  const epilogue = [...loads, { op: name, dtype: to, args: loads.map((_, i) => i) }]
  return {
    kind: 'loop',
    extents: [size],
    parallel: 1,
    body: [],
    bodyStores: [],
    reductions: [],
    epilogue,
    stores: [{ buffer: operands.length, map, value: operands.length }],
  }
}

/** Every combination of the operands' edge values. */
function combinations(operands: readonly ComputeDType[]): TypedArray[] {
  const size = operands.reduce((n, d) => n * special[d].length, 1)
  let repeat = size
  return operands.map(d => {
    repeat /= special[d].length
    return hostArray(d, size).map((_, i) => special[d][Math.floor(i / repeat) % special[d].length] as number)
  })
}

const spacing: Readonly<Record<ComputeDType, number>> = { float32: 2 ** -23, float64: 2 ** -52, int32: 0, uint32: 0, bool: 0 }
const isNear = (got: number, want: number, relative: number): boolean =>
  Number.isFinite(want) && Math.abs(got - want) <= relative * Math.abs(want)

function check(runKernel: RunLoop, name: InstructionName, to: ComputeDType, operands: readonly ComputeDType[], ulps = 0): void {
  const inputs = combinations(operands),
    size = (inputs[0] as TypedArray).length
  const loop = elementwise(name, to, operands, size)
  const data = [...inputs, hostArray(to, size)],
    buffers = [...operands, to].map(dtype => ({ dtype, size }))
  const wanted = interpret(loop, data).at(-1) as TypedArray,
    got = runKernel(loop, buffers, data).at(-1) as TypedArray
  wanted.forEach((w, i) => {
    if (!Object.is(w, got[i]) && !isNear(got[i] as number, w, ulps * spacing[to]))
      expect(`${name}(${inputs.map(x => x[i]).join(', ')}) = ${got[i]}`).toBe(`${name}(${inputs.map(x => x[i]).join(', ')}) = ${w}`)
  })
}

/**
 * `ulps`: by how much approximated functions of float32 and float64 may be off; absent: those of float32 are not tried, and those of float64
 * are JavaScript's.
 */
export function describeInstructions(runKernel: RunLoop, ulps?: number): void {
  describe.each(Object.keys(instructions) as InstructionName[])('%s', name => {
    const { arity, domain, result } = instructions[name]
    if (name === 'select') test.each(computeDTypes)('%s', d => check(runKernel, name, d, ['bool', d, d]))
    else if (name === 'cast')
      test.each(computeDTypes.flatMap(a => computeDTypes.map(b => [a, b] as const)))('%s to %s', (from, to) =>
        check(runKernel, name, to, [from]),
      )
    else if (name === 'bitcast') {
      const types = ['float32', 'int32', 'uint32'] as const
      test.each(types.flatMap(a => types.map(b => [a, b] as const)))('%s to %s', (from, to) => check(runKernel, name, to, [from]))
    } else {
      const types = (domains[domain] as readonly ComputeDType[]).filter(
        d => d !== 'float32' || !approximate.has(name) || (ulps !== undefined && name !== 'madd'),
      )
      test.each(types)('%s', d =>
        check(runKernel, name, result === 'bool' ? 'bool' : d, new Array<ComputeDType>(arity).fill(d), approximate.has(name) ? ulps : 0),
      )
    }
  })

  test.each(['shiftLeft', 'shiftRightLogical', 'shiftRightArithmetic'] as const)('%s by a constant', name => {
    for (const dtype of ['int32', 'uint32'] as const)
      for (const amount of [0, 1, 13, 31, 32, 33, -1, 2147483647]) {
        const values = hostArray(dtype, special[dtype].length).map((_, i) => special[dtype][i] as number),
          map = { offset: 0, strides: [1] }
        const loop: Loop = {
          kind: 'loop',
          extents: [values.length],
          parallel: 1,
          body: [],
          bodyStores: [],
          reductions: [],
          stores: [{ buffer: 1, map, value: 2 }],
          epilogue: [
            { op: 'load', buffer: 0, dtype, map },
            { op: 'const', dtype, value: dtype === 'uint32' ? amount >>> 0 : amount },
            { op: name, dtype, args: [0, 1] },
          ],
        }
        const buffers = [0, 1].map(() => ({ dtype, size: values.length })),
          data = [values, hostArray(dtype, values.length)]
        expect(runKernel(loop, buffers, data)).toEqual(interpret(loop, data))
      }
  })

  test.each(['add', 'sub', 'mul', 'div', 'max', 'min'] as const)('%s with a constant on either side', name => {
    for (const dtype of (['float32', 'float64', 'int32', 'bool'] as const).filter(d => d !== 'bool' || name === 'max' || name === 'min'))
      for (const c of special[dtype])
        for (const args of [
          [0, 1],
          [1, 0],
        ]) {
          const values = hostArray(dtype, special[dtype].length).map((_, i) => special[dtype][i] as number),
            map = { offset: 0, strides: [1] }
          const loop: Loop = {
            kind: 'loop',
            extents: [values.length],
            parallel: 1,
            body: [],
            bodyStores: [],
            reductions: [],
            stores: [{ buffer: 1, map, value: 2 }],
            epilogue: [
              { op: 'load', buffer: 0, dtype, map },
              { op: 'const', dtype, value: hostArray(dtype, 1).fill(c)[0] as number },
              { op: name, dtype, args },
            ],
          }
          const buffers = [0, 1].map(() => ({ dtype, size: values.length })),
            data = [values, hostArray(dtype, values.length)]
          expect(runKernel(loop, buffers, data)).toEqual(interpret(loop, data))
        }
  })

  test('madd of float32 rounds once or twice', () => {
    const size = 1000
    const inputs = [1, 2, 3].map(seed => hostArray('float32', size).map((_, i) => Math.sin(seed * i * i) * 2 ** (((i * seed) % 21) - 10)))
    const loop = elementwise('madd', 'float32', ['float32', 'float32', 'float32'], size)
    const buffers = [0, 1, 2, 3].map(() => ({ dtype: 'float32', size }) as const)
    const got = runKernel(loop, buffers, [...inputs, hostArray('float32', size)]).at(-1) as TypedArray
    const [a, b, c] = inputs as [TypedArray, TypedArray, TypedArray]
    for (let i = 0; i < size; i++) {
      const product = Number(a[i]) * Number(b[i]),
        sum = product + Number(c[i])
      expect(Math.abs(Number(got[i]) - sum)).toBeLessThanOrEqual((Math.abs(product) + Math.abs(sum)) * 2 ** -24)
    }
  })
}
