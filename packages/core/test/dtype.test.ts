import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { convert, type DType, dtypes, hostArray } from '../src/dtype.ts'
import { halfBits, halfValue, roundHalf } from '../src/half.ts'
import { promote, type WeakDType } from '../src/promotion.ts'
import { fromStored, toStored } from '../src/stored.ts'

/** `int32~` is weak. */
const parse = (s: string): WeakDType => ({ dtype: s.replace('~', '') as WeakDType['dtype'], weak: s.endsWith('~') })
const show = ({ dtype, weak }: WeakDType): string => `${dtype}${weak ? '~' : ''}`

// https://docs.jax.dev/en/latest/type_promotion.html, with 64-bit integers off: the rows u1, i1, u4, i4, i*, bf, f2, f4, f8, f*. Where JAX has int16, int32.
const names = 'bool uint8 int8 uint32 int32 int32~ bfloat16 float16 float32 float64 float32~'.split(' ')
const table: Record<string, string> = {
  bool: 'bool uint8 int8 uint32 int32 int32~ bfloat16 float16 float32 float64 float32~',
  uint8: 'uint8 uint8 int32 uint32 int32 uint8 bfloat16 float16 float32 float64 float32~',
  int8: 'int8 int32 int8 int32 int32 int8 bfloat16 float16 float32 float64 float32~',
  uint32: 'uint32 uint32 int32 uint32 int32 uint32 bfloat16 float16 float32 float64 float32~',
  int32: 'int32 int32 int32 int32 int32 int32 bfloat16 float16 float32 float64 float32~',
  'int32~': 'int32~ uint8 int8 uint32 int32 int32~ bfloat16 float16 float32 float64 float32~',
  bfloat16: 'bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 float32 float32 float64 bfloat16',
  float16: 'float16 float16 float16 float16 float16 float16 float32 float16 float32 float64 float16',
  float32: 'float32 float32 float32 float32 float32 float32 float32 float32 float32 float64 float32',
  float64: 'float64 float64 float64 float64 float64 float64 float64 float64 float64 float64 float64',
  'float32~': 'float32~ float32~ float32~ float32~ float32~ float32~ bfloat16 float16 float32 float64 float32~',
}

describe('promotion', () => {
  test('the table has all dtypes', () => expect(new Set(names.map(n => parse(n).dtype))).toEqual(new Set(dtypes)))
  for (const [row, cells] of Object.entries(table))
    test(row, () => expect(names.map(column => show(promote(parse(row), parse(column))))).toEqual(cells.split(' ')))

  const any = fc.constantFrom(...names.map(parse))
  test('is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(any, any, any, (a, b, c) => {
        expect(promote(a, b)).toEqual(promote(b, a))
        expect(promote(promote(a, b), c)).toEqual(promote(a, promote(b, c)))
        expect(promote(a, a)).toEqual({ dtype: a.dtype, weak: a.weak })
      }),
    )
  })
})

const halves = ['float16', 'bfloat16'] as const
/** All bits but those of NaN. */
const finite = (half: (typeof halves)[number]): number[] =>
  Array.from({ length: 1 << 16 }, (_, bits) => bits).filter(bits => !Number.isNaN(halfValue(bits, half)))

describe.each(halves)('%s', half => {
  test('bits and values are each other’s inverse', () => {
    const wrong = finite(half).filter(bits => halfBits(halfValue(bits, half), half) !== bits)
    expect(wrong).toEqual([])
    expect(halfBits(NaN, half)).toBe(half === 'float16' ? 0x7e00 : 0x7fc0)
  })
  test('rounds halves to even, and to infinity beyond the range', () => {
    for (const bits of finite(half).filter(b => b < 0x8000 && Number.isFinite(halfValue(b, half)))) {
      const low = halfValue(bits, half),
        next = halfValue(bits + 1, half),
        high = Number.isFinite(next) ? next : low + (low - halfValue(bits - 1, half)),
        middle = (low + high) / 2,
        even = bits % 2 === 0 ? low : next
      if (roundHalf(middle, half) !== even || roundHalf(-middle, half) !== -even)
        expect([bits, roundHalf(middle, half)]).toEqual([bits, even])
      const above = roundHalf(middle + (high - low) / 1024, half),
        below = roundHalf(middle - (high - low) / 1024, half)
      if (above !== next || below !== low) expect([bits, below, above]).toEqual([bits, low, next])
    }
  })
  test('keeps zeros, NaN and infinities', () =>
    expect([0, -0, NaN, Infinity, -Infinity, 1e300, 1e-300].map(x => roundHalf(x, half))).toEqual([
      0,
      -0,
      NaN,
      Infinity,
      -Infinity,
      Infinity,
      0,
    ]))
})

test('float16 is rounded as the engine does', () => {
  fc.assert(
    fc.property(fc.double(), x => {
      expect(roundHalf(x, 'float16')).toBe(Math.f16round(x))
    }),
  )
})
test('bfloat16 from a Float32Array is rounded as from any numbers', () => {
  const bits = Uint32Array.from({ length: 5000 }, (_, i) => Math.imul(i, 0x9e3779b1)),
    data = new Float32Array(bits.buffer)
  expect([...toStored(data, 'bfloat16')]).toEqual([...data].map(x => halfBits(x, 'bfloat16')))
})
test.each(dtypes)('host arrays of %s survive storing', dtype => {
  const values = [0, 1, 3, 100, -7, 0.1, 1e9].map(x => convert(x, dtype)),
    host = hostArray(dtype, values.length)
  host.set(values)
  expect([...fromStored(toStored(host, dtype), dtype)]).toEqual(values)
})
test('integers wrap modulo their bits, as typed arrays do', () => {
  for (const dtype of ['int8', 'uint8', 'int32', 'uint32'] satisfies DType[])
    for (const x of [0, -1, 127, 128, 255, 256, -129, 3.9, -3.9, 1e10, NaN, Infinity, -Infinity]) {
      const host = hostArray(dtype, 1)
      host[0] = x
      expect(convert(x, dtype)).toBe(host[0])
    }
})
