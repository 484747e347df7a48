/** Values by SciPy (tools/fixtures-special.py); ends of the domains; gradients where functions have limits. */
import { describe, expect, test } from 'vitest'
import { array } from '../../src/numpy/creation.ts'
import * as special from '../../src/special/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import known from '../fixtures/special.json' with { type: 'json' }
import { useReference } from '../support/laws.ts'
import { double, float, values } from '../support/values.ts'

useReference()

interface Known {
  readonly args: readonly (readonly (number | string)[])[]
  readonly values: readonly (number | string)[]
}
const numbers = (xs: readonly (number | string)[]): Float64Array =>
  Float64Array.from(xs, x => (x === 'inf' ? Infinity : Number(x === '-inf' ? -Infinity : x)))

/** Largest errors relative to max(|value|, scale): in float64, and in float32 in units of 2^-23. */
interface Bounds {
  readonly double: number
  readonly single: number
  readonly scale: number
}
const bounds: Readonly<Record<keyof typeof known, Bounds>> = {
  gammaln: { double: 1e-14, single: 16, scale: 1 },
  digamma: { double: 1e-14, single: 16, scale: 1 },
  polygamma1: { double: 1e-14, single: 8, scale: 0 },
  polygamma4: { double: 1e-14, single: 16, scale: 0 },
  betaln: { double: 1e-12, single: 512, scale: 1 },
  gammainc: { double: 1e-10, single: 64, scale: 1e-30 },
  gammaincc: { double: 1e-10, single: 64, scale: 0.01 },
  i0e: { double: 1e-14, single: 8, scale: 0 },
  i1e: { double: 3e-14, single: 8, scale: 0 },
  ndtr: { double: 1e-13, single: 128, scale: 1e-37 },
  ndtri: { double: 1e-14, single: 16, scale: 0.1 },
  logNdtr: { double: 1e-13, single: 128, scale: 1e-37 },
  erfcx: { double: 1e-13, single: 64, scale: 0 },
  entr: { double: 1e-15, single: 4, scale: 0.1 },
  relEntr: { double: 1e-14, single: 8, scale: 0.1 },
  klDiv: { double: 1e-14, single: 8, scale: 0.1 },
  logit: { double: 1e-14, single: 8, scale: 0.1 },
  xlogy: { double: 1e-15, single: 4, scale: 0 },
  xlog1py: { double: 1e-15, single: 4, scale: 0 },
}
const functions: Readonly<Record<keyof typeof known, (...args: readonly Tensor[]) => Tensor>> = {
  ...(special as unknown as Record<keyof typeof known, (...args: readonly Tensor[]) => Tensor>),
  polygamma1: x => special.polygamma(1, x as Tensor),
  polygamma4: x => special.polygamma(4, x as Tensor),
}

/** The largest error of `f` at float32 or float64 arguments; float32 arguments are rounded, so only those that need no rounding count. */
function worst(name: keyof typeof known, dtype: 'float32' | 'float64'): number {
  const { args, values: wanted } = known[name] as Known
  const { scale } = bounds[name],
    all = args.map(numbers)
  const exact = Array.from(numbers(wanted), (_, i) => i).filter(
    i => dtype === 'float64' || all.every(x => Math.fround(x[i] as number) === x[i]),
  )
  const got = functions[name](
    ...all.map(x =>
      array(
        Float64Array.from(exact, i => x[i] as number),
        { dtype },
      ),
    ),
  ).dataSync()
  return exact.reduce((m, i, k) => {
    const w = numbers(wanted)[i] as number,
      g = got[k] as number
    if (Object.is(g, w) || g === w) return m
    const error = Math.abs(g - w) / Math.max(Math.abs(w), scale)
    return Number.isNaN(error) ? Infinity : Math.max(m, error)
  }, 0)
}

describe('SciPy', () => {
  for (const name of Object.keys(known) as (keyof typeof known)[])
    test(name, () => {
      expect(worst(name, 'float64'), 'float64').toBeLessThanOrEqual(bounds[name].double)
      expect(worst(name, 'float32') * 2 ** 23, 'float32, in ulp').toBeLessThanOrEqual(bounds[name].single)
    })
})

describe('ends of the domains', () => {
  const inf = Infinity
  test('gamma functions', () => {
    expect(values(special.gammaln(double(0, -1, -2, inf, NaN)))).toEqual([inf, inf, inf, inf, NaN])
    expect(values(special.digamma(double(0, -1, inf, NaN)))).toEqual([-inf, NaN, inf, NaN])
    expect(values(special.polygamma(1, double(0, -1, inf)))).toEqual([inf, inf, 0])
    expect(values(special.gammainc(double(1, 0, 1, -1, 1, inf, NaN), double(0, 1, inf, 1, -1, 1, 1)))).toEqual([0, 1, 1, NaN, NaN, 0, NaN])
    expect(values(special.gammaincc(double(1, 0, 1, -1, 1, inf), double(0, 1, inf, 1, -1, 1)))).toEqual([1, 0, 0, NaN, NaN, 1])
  })
  test('normal distribution', () => {
    expect(values(special.ndtri(double(0, 1, 0.5, -0.1, 1.1, NaN)))).toEqual([-inf, inf, 0, NaN, NaN, NaN])
    expect(values(special.ndtr(double(-inf, inf, NaN)))).toEqual([0, 1, NaN])
    expect(values(special.logNdtr(float(-inf, inf, NaN)))).toEqual([-inf, -0, NaN])
    expect(special.erfcx(float(inf)).item()).toBe(0)
    expect(special.erfcx(float(2 ** 100)).item() * 2 ** 100).toBeCloseTo(1 / Math.sqrt(Math.PI), 6)
  })
  test('entropies', () => {
    expect(values(special.entr(double(0, -1, NaN)))).toEqual([0, -inf, NaN])
    expect(values(special.relEntr(double(0, 1, -1, 0, NaN), double(0, 0, 1, -1, 1)))).toEqual([0, inf, inf, inf, NaN])
    expect(values(special.xlogy(double(0, 0, 1), double(0, NaN, 0)))).toEqual([0, NaN, -inf])
    expect(values(special.logit(double(0, 1)))).toEqual([-inf, inf])
  })
  test('gradients are finite where the value is and a limit exists', () => {
    const at = (f: (x: Tensor) => Tensor, x: number): number => grad((t: Tensor) => f(t))(x).item()
    expect(at(special.logNdtr, -100)).toBeCloseTo(100.01, 1)
    expect(at(x => special.xlogy(0, x), 0)).toBe(0)
    expect(at(x => special.relEntr(0, x), 0)).toBe(0)
    expect(at(special.i1e, 0)).toBeCloseTo(0.5, 6)
    expect(at(x => special.gammainc(2, x), 0)).toBe(0)
    expect(at(special.erfcx, 0)).toBeCloseTo(-2 / Math.sqrt(Math.PI), 6)
  })
  test('the derivative of gammainc by its shape, against a difference of SciPy values', () => {
    // (gammainc(2.5001, 3) - gammainc(2.4999, 3)) / 0.0002
    const slope = grad((a: Tensor) => special.gammainc(a, 3))
    expect(jit(slope)(2.5).item()).toBeCloseTo(-0.22754855, 5)
  })
})
