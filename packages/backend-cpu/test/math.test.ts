/** Accuracy of the float32 functions against float64, over the whole range of float32 and densely where a function is delicate. */
import { type InstructionName, instructions, type Loop } from '@cotangent/core/kernel'
import { describe, expect, test } from 'vitest'
import { runKernel } from './kernel-kit.ts'

interface Bound {
  /** Greatest error in units in the last place of the exact result. */
  readonly ulp: number
  /** Intervals that are sampled densely, besides all of float32. */
  readonly dense: readonly (readonly [number, number])[]
}

const bounds: Readonly<Record<string, Bound>> = {
  exp: {
    ulp: 1.2,
    dense: [
      [-104, 89],
      [-1, 1],
    ],
  },
  expm1: {
    ulp: 0.51,
    dense: [
      [-20, 89],
      [-1, 1],
    ],
  },
  log: {
    ulp: 1,
    dense: [
      [0, 4],
      [0.5, 2],
    ],
  },
  log1p: {
    ulp: 0.51,
    dense: [
      [-1, 4],
      [-0.5, 0.5],
    ],
  },
  sin: {
    ulp: 1.6,
    dense: [
      [-10, 10],
      [-1e5, 1e5],
      [-1e9, 1e9],
    ],
  },
  cos: {
    ulp: 1.6,
    dense: [
      [-10, 10],
      [-1e5, 1e5],
      [-1e9, 1e9],
    ],
  },
  tan: {
    ulp: 0.51,
    dense: [
      [-10, 10],
      [-1e5, 1e5],
    ],
  },
  asin: {
    ulp: 0.51,
    dense: [
      [-1, 1],
      [-1e-3, 1e-3],
    ],
  },
  acos: {
    ulp: 0.51,
    dense: [
      [-1, 1],
      [0.99, 1],
    ],
  },
  atan: {
    ulp: 0.51,
    dense: [
      [-10, 10],
      [-1, 1],
    ],
  },
  sinh: {
    ulp: 0.51,
    dense: [
      [-90, 90],
      [-1, 1],
    ],
  },
  cosh: {
    ulp: 0.51,
    dense: [
      [-90, 90],
      [-1, 1],
    ],
  },
  tanh: {
    ulp: 1.95,
    dense: [
      [-10, 10],
      [-1, 1],
    ],
  },
  asinh: {
    ulp: 0.51,
    dense: [
      [-10, 10],
      [-1, 1],
    ],
  },
  acosh: {
    ulp: 0.51,
    dense: [
      [1, 10],
      [1, 1.01],
    ],
  },
  atanh: {
    ulp: 0.51,
    dense: [
      [-1, 1],
      [-1e-2, 1e-2],
    ],
  },
  erf: {
    ulp: 0.51,
    dense: [
      [-4, 4],
      [-1, 1],
    ],
  },
}

const N = 4099

/** Floats whose bit patterns are spread over all of float32, the dense intervals, and the special values. */
function samples(dense: Bound['dense']): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(N).map((_, i) => Math.imul(i, 1048343) >>> 0)
  const parts = dense.flatMap(([low, high]) => Array.from({ length: N }, (_, i) => low + ((high - low) * i) / (N - 1)))
  const specials = [
    0,
    -0,
    Infinity,
    -Infinity,
    NaN,
    1,
    -1,
    1e-45,
    -1e-45,
    1.1754942106924411e-38,
    3.4028234663852886e38,
    -3.4028234663852886e38,
  ]
  return Float32Array.from([...new Float32Array(bits.buffer), ...parts, ...specials])
}

/** Distance of `got` from the float64 result in ulps of that result's float32 binade. */
function ulps(got: number, exact: number): number {
  if (Object.is(got, exact) || (got !== got && exact !== exact)) return 0
  const rounded = Math.fround(exact)
  if (Object.is(got, rounded)) return rounded === exact ? 0 : Number.isFinite(rounded) ? Math.abs(got - exact) / ulpOf(exact) : 0
  if (!Number.isFinite(got) || !Number.isFinite(exact) || (got === 0 && exact === 0)) return Infinity
  return Math.abs(got - exact) / ulpOf(exact)
}
const ulpOf = (x: number): number => 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(x)))) - 23)

function run(name: InstructionName, inputs: readonly Float32Array<ArrayBuffer>[], fma: boolean): Float32Array {
  const size = (inputs[0] as Float32Array).length,
    map = { offset: 0, strides: [1] }
  const loads = inputs.map((_, buffer) => ({ op: 'load', buffer, dtype: 'float32', map }) as const)
  const loop: Loop = {
    kind: 'loop',
    extents: [size],
    parallel: 1,
    body: [],
    bodyStores: [],
    reductions: [],
    epilogue: [...loads, { op: name, dtype: 'float32', args: inputs.map((_, i) => i) }],
    stores: [{ buffer: inputs.length, map, value: inputs.length }],
  }
  const buffers = [...inputs, 0].map(() => ({ dtype: 'float32', size }) as const)
  return runKernel(loop, buffers, [...inputs, new Float32Array(size)], { fma }).at(-1) as Float32Array
}

/** The worst error and where it is. */
function worst(
  name: InstructionName,
  inputs: readonly Float32Array<ArrayBuffer>[],
  fma: boolean,
): { readonly ulp: number; readonly at: string } {
  let ulp = 0,
    at = ''
  run(name, inputs, fma).forEach((got, i) => {
    const args = inputs.map(x => x[i] as number),
      exact = instructions[name].evaluate(args, 'float64', 'float64')
    const e = ulps(got, exact)
    if (e > ulp) [ulp, at] = [e, `${name}(${args.join(', ')}) = ${got}, not ${exact}`]
  })
  return { ulp, at }
}

describe.each([true, false])('fma %s', fma => {
  test.each(Object.entries(bounds))('%s', (name, { ulp, dense }) => {
    const w = worst(name as InstructionName, [samples(dense)], fma)
    expect(w.ulp, w.at).toBeLessThanOrEqual(ulp)
  })

  /** All pairs of a coarser set, and pairs whose power is an ordinary number. */
  test.each([
    ['atan2', 0.51],
    ['pow', 0.51],
  ] as const)('%s', (name, ulp) => {
    const all = samples([[-4, 4]]).filter((_, i) => i % 37 === 0 || i >= 2 * N)
    const a = Float32Array.from(all, x => [...all].map(() => x)[0] as number)
    const pairs = [...a].flatMap(x => [...all].map(y => [x, y] as const))
    const ordinary = Array.from({ length: 8 * N }, (_, i) => [2 ** (((i * 0.618) % 1) * 20 - 10), ((i * 0.7548) % 1) * 24 - 12] as const)
    const xs = [...pairs, ...ordinary]
    const w = worst(name, [Float32Array.from(xs, p => p[0]), Float32Array.from(xs, p => p[1])], fma)
    expect(w.ulp, w.at).toBeLessThanOrEqual(ulp)
  })
})
