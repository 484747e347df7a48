/** Accuracy of the float32 functions against float64, over the whole range of float32 and densely where a function is delicate. */
import { type InstructionName, instructions } from '@cotangent/core/kernel'
import { describe, expect, test } from 'vitest'
import type { Lanes } from '../src/glsl/types.ts'
import { evaluate } from './draw.ts'

type Interval = readonly [low: number, high: number]
/** Greatest error in units in the last place of the exact result, and intervals that are sampled densely besides all of float32. */
type Bound = readonly [ulp: number, ...dense: Interval[]]

const bounds: Readonly<Record<string, Bound>> = {
  sqrt: [0.51, [0, 4]],
  exp: [1.2, [-87, 89], [-1, 1]],
  expm1: [2.5, [-20, 89], [-1, 1]],
  log: [1.2, [0, 4], [0.5, 2]],
  log1p: [1.5, [-1, 4], [-0.5, 0.5]],
  sin: [2.5, [-10, 10], [-3000, 3000], [-1e5, 1e5], [-1e9, 1e9]],
  cos: [2.5, [-10, 10], [-3000, 3000], [-1e5, 1e5], [-1e9, 1e9]],
  tan: [3.5, [-10, 10], [-3000, 3000], [-1e5, 1e5]],
  asin: [2.5, [-1, 1], [-1e-3, 1e-3]],
  acos: [2, [-1, 1], [0.99, 1]],
  atan: [2.5, [-10, 10], [-1, 1]],
  sinh: [2.5, [-90, 90], [-1, 1]],
  cosh: [2, [-90, 90], [-1, 1]],
  tanh: [2, [-10, 10], [-1, 1]],
  asinh: [3, [-10, 10], [-1, 1]],
  acosh: [3, [1, 10], [1, 1.01]],
  atanh: [3, [-1, 1], [-1e-2, 1e-2]],
  erf: [2.5, [-4, 4], [-1, 1]],
}

const N = 4099
/** Below this a device may take a number for zero. */
const LEAST = 2 ** -126

const specials = [0, -0, Infinity, -Infinity, NaN, 1, -1, 0.5, -0.5, LEAST, -LEAST, 3.4028234663852886e38, -3.4028234663852886e38]

/** Floats whose bit patterns are spread over all of float32, the dense intervals, and the special values. */
function samples(dense: readonly Interval[]): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(N).map((_, i) => Math.imul(i, 1048343) >>> 0)
  const parts = dense.flatMap(([low, high]) => Array.from({ length: N }, (_, i) => low + ((high - low) * i) / (N - 1)))
  return Float32Array.from([...new Float32Array(bits.buffer), ...parts, ...specials])
}

/** Distance of `got` from the float64 result in ulps of that result's float32 binade. Underflow may be abrupt. */
function ulps(got: number, exact: number): number {
  if (Object.is(got, exact) || (got !== got && exact !== exact)) return 0
  const rounded = Math.fround(exact)
  if (Object.is(got, rounded)) return rounded === exact || !Number.isFinite(rounded) ? 0 : Math.abs(got - exact) / ulpOf(exact)
  if (Math.abs(exact) < LEAST && exact !== 0 && Math.abs(got) <= LEAST) return 0
  if (!Number.isFinite(got) || !Number.isFinite(exact) || (got === 0 && exact === 0)) return Infinity
  return Math.abs(got - exact) / ulpOf(exact)
}
const ulpOf = (x: number): number => 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(x)))) - 23)

/** The worst error and where it is. Subnormal arguments are left out. */
function worst(
  name: InstructionName,
  inputs: readonly Float32Array<ArrayBuffer>[],
  lanes: Lanes,
): { readonly ulp: number; readonly at: string } {
  let ulp = 0,
    at = ''
  const from = inputs.map(() => 'float32' as const)
  evaluate({ name, to: 'float32', from, args: inputs }, lanes).forEach((got, i) => {
    const args = inputs.map(x => x[i] as number)
    if (args.some(x => x !== 0 && Math.abs(x) < LEAST)) return
    const exact = instructions[name].evaluate(args, 'float64', 'float64')
    const e = ulps(got, exact)
    if (e > ulp) [ulp, at] = [e, `${name}(${args.join(', ')}) = ${got}, not ${exact}`]
  })
  return { ulp, at }
}

describe.each([1, 4] as const)('%i lanes', lanes => {
  test.each(Object.entries(bounds))('%s', (name, [ulp, ...dense]) => {
    const w = worst(name as InstructionName, [samples(dense)], lanes)
    expect(w.ulp, w.at).toBeLessThanOrEqual(ulp)
  })

  /** All pairs of a coarser set, and pairs whose power is an ordinary number. */
  test.each([
    ['atan2', 2.5],
    ['pow', 3],
  ] as const)('%s', (name, ulp) => {
    const all = samples([[-4, 4]]).filter((_, i) => i % 37 === 0 || i >= 2 * N)
    const pairs = [...all].flatMap(x => [...all].map(y => [x, y] as const))
    const ordinary = Array.from({ length: 8 * N }, (_, i) => [2 ** (((i * 0.618) % 1) * 20 - 10), ((i * 0.7548) % 1) * 24 - 12] as const)
    const xs = [...pairs, ...ordinary]
    const w = worst(name, [Float32Array.from(xs, p => p[0]), Float32Array.from(xs, p => p[1])], lanes)
    expect(w.ulp, w.at).toBeLessThanOrEqual(ulp)
  })
})
