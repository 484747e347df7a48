/** Parts of floats, bit for bit as NumPy (tools/fixtures-indexing.py), and in float64; limits of dtypes. */
import { describe, expect, test } from 'vitest'
import { clz, populationCount, reducePrecision } from '../../src/lax/index.ts'
import * as np from '../../src/numpy/index.ts'
import { array } from '../../src/numpy/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import known from '../fixtures/indexing.json' with { type: 'json' }
import { double, float, int, uint, values } from '../support/values.ts'

const given = known.floats
const line = array(new Float32Array(Uint32Array.from(given.line).buffer))
const n = line.size
const x = np.repeat(line, n),
  y = np.tile(line, n)
/** One pattern for all NaN. */
const bitsOf = (t: Tensor): readonly number[] => [...new Uint32Array(Float32Array.from(t.dataSync(), v => (v !== v ? NaN : v)).buffer)]
const canonical = (bits: readonly number[]): readonly number[] => bitsOf(array(new Float32Array(Uint32Array.from(bits).buffer)))

describe('bit for bit', () => {
  const [mantissa, exponent] = np.frexp(line),
    [fraction, whole] = np.modf(line)
  const shifts = int(...given.shifts)
  const made = {
    copysign: np.copysign(x, y),
    nextafter: np.nextafter(x, y),
    fmax: np.fmax(x, y),
    fmin: np.fmin(x, y),
    heaviside: np.heaviside(x, y),
    mantissa,
    fraction,
    whole,
    rint: np.rint(line),
    ldexp: np.ldexp(np.repeat(line, shifts.size), np.tile(shifts, n)),
  }
  test.each(Object.keys(made) as (keyof typeof made)[])('%s', name => {
    // Of two zeros NumPy leaves open which is the larger.
    const eitherZero = (bits: readonly number[]): readonly number[] =>
      name === 'fmax' || name === 'fmin' ? bits.map(b => (b === 2 ** 31 ? 0 : b)) : bits
    const got = eitherZero(bitsOf(made[name])),
      wanted = eitherZero(canonical(given[name]))
    const at = got.findIndex((b, i) => b !== wanted[i])
    expect(at < 0 ? 'equal' : `element ${at} is ${made[name].dataSync()[at]}, bits ${got[at]} instead of ${wanted[at]}`).toBe('equal')
  })
  test('exponents, signs, cube roots', () => {
    expect([...exponent.dataSync()]).toEqual(given.exponent)
    const numbers = array([...line.dataSync()].filter(v => v === v))
    expect(values(np.signbit(numbers))).toEqual(given.signbit)
    const roots = np.cbrt(line).dataSync()
    given.cbrt.forEach((wanted, i) => {
      if (wanted !== null) expect(Math.abs((roots[i] as number) - wanted)).toBeLessThanOrEqual(2 ** -22 * Math.abs(wanted))
    })
    expect([...np.cbrt(float(Infinity, -Infinity, NaN)).dataSync()]).toEqual([Infinity, -Infinity, NaN])
  })
})

describe('float64', () => {
  test('neighbours and exponents over the whole range', () => {
    expect(values(np.nextafter(double(1, 1, 0, Number.MAX_VALUE), double(2, 0, -1, Infinity)))).toEqual([
      1 + 2 ** -52,
      1 - 2 ** -53,
      -(2 ** -1074),
      Infinity,
    ])
    const [m, e] = np.frexp(double(2 ** -1074, 1e308, -0.1))
    const exponents = e.dataSync(),
      rebuilt = [...m.dataSync()].map(
        (v, i) => v * 2 ** Math.ceil((exponents[i] as number) / 2) * 2 ** Math.floor((exponents[i] as number) / 2),
      )
    expect(rebuilt).toEqual([2 ** -1074, 1e308, -0.1])
    expect(values(np.ldexp(double(2 ** -1074, 1, 3), int(2097, -1075, -1076)))).toEqual([2 ** 1023, 0, 2 ** -1074])
    expect(np.cbrt(double(-27)).item()).toBe(-3)
  })
})

describe('bits and precision', () => {
  test('ones and leading zeros', () => {
    expect(values(populationCount(int(0, 1, -1, 255, -(2 ** 31))))).toEqual([0, 1, 32, 8, 1])
    expect(values(np.bitwiseCount(int(0, 1, -1, 255, -(2 ** 31), 2 ** 31 - 1)))).toEqual(known.places.bitwiseCount.data)
    expect(values(clz(int(0, 1, -1, 255)))).toEqual([32, 31, 0, 24])
    expect(values(clz(uint(2 ** 31, 2 ** 16)))).toEqual([0, 15])
  })
  test('what 5 and 10, or 8 and 7 bits hold', () => {
    // Half to even at 2049; 65504 is the largest float16, 2 ** -14 the smallest normal one.
    const got = reducePrecision(float(0.1, 2049, 2051, 65504, 65519, 65520, -1e9, 2 ** -14, 2 ** -15, -(2 ** -15), NaN, Infinity), 5, 10)
    expect(values(got)).toEqual([0.0999755859375, 2048, 2052, 65504, 65504, Infinity, -Infinity, 2 ** -14, 0, -0, NaN, Infinity])
    expect(values(reducePrecision(float(1.005, 3.4e38, 1e-40), 8, 7))).toEqual([1.0078125, Infinity, Math.fround(9.183549615799121e-41)])
    expect(values(grad((t: Tensor) => reducePrecision(t, 5, 3).mul(t).sum())(float(1.3)) as Tensor)).toEqual(
      [Math.fround(1.25 + 1.3)].map(Math.fround),
    )
  })
})

describe('dtypes', () => {
  test('limits', () => {
    expect(np.finfo('float32')).toMatchObject({
      bits: 32,
      eps: 2 ** -23,
      max: 3.4028234663852886e38,
      smallestNormal: 1.1754943508222875e-38,
      smallestSubnormal: 2 ** -149,
      precision: 6,
      resolution: 1e-6,
      minexp: -126,
      maxexp: 128,
    })
    expect(np.finfo(double(1))).toMatchObject({
      eps: Number.EPSILON,
      max: Number.MAX_VALUE,
      smallestSubnormal: Number.MIN_VALUE,
      precision: 15,
    })
    expect(np.iinfo('int32')).toEqual({ dtype: 'int32', bits: 32, min: -2147483648, max: 2147483647 })
    expect(np.iinfo(uint(1)).max).toBe(4294967295)
    expect(() => np.finfo('int32')).toThrow(/finfo: needs a float dtype, got int32. Use iinfo/)
    expect(() => np.iinfo('float32')).toThrow(/iinfo: needs an integer dtype, got float32. Use finfo/)
  })
  test('kinds', () => {
    expect(np.isdtype('uint32', ['bool', 'unsigned integer'])).toBe(true)
    expect(np.isdtype('bool', 'numeric')).toBe(false)
    expect(np.isdtype('float32', 'float64')).toBe(false)
    expect(np.issubdtype('float64', 'floating')).toBe(true)
    expect(np.issubdtype('uint32', 'signedinteger')).toBe(false)
    expect(np.issubdtype('bool', 'generic')).toBe(true)
    expect(() => np.isdtype('float32', 'complex' as never)).toThrow(/isdtype: unknown kind "complex"/)
    expect(() => np.issubdtype('float32', 'toString' as never)).toThrow(/issubdtype: unknown type "toString"/)
    expect([1, true, np.scalar(1), float(1), [1], 'x'].map(np.isscalar)).toEqual([true, true, true, false, false, false])
  })
  test('promotion', () => {
    expect(np.promoteTypes('int32', 'uint32')).toBe('int32')
    expect(np.promoteTypes('bool', 'float64')).toBe('float64')
    expect(np.resultType(int(1), 1)).toBe('int32')
    expect(np.resultType(int(1), 0.5)).toBe('float32')
    expect(np.resultType('uint32', double(1))).toBe('float64')
    expect(np.resultType(1)).toBe('float32')
    expect(() => np.resultType()).toThrow(/resultType: needs at least one/)
    expect(() => np.resultType('int16' as never)).toThrow(/resultType: unknown dtype "int16"/)
  })
})
