import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { promote, type WeakDType } from '../src/dtype.ts'

/** `int32~` is weak. */
const parse = (s: string): WeakDType => ({ dtype: s.replace('~', '') as WeakDType['dtype'], weak: s.endsWith('~') })
const show = ({ dtype, weak }: WeakDType): string => `${dtype}${weak ? '~' : ''}`

// https://docs.jax.dev/en/latest/type_promotion.html, with 64-bit integers off: the rows u4, i4, i*, f4, f8, f*.
const names = ['bool', 'uint32', 'int32', 'int32~', 'float32', 'float64', 'float32~']
const table: Record<string, string> = {
  bool: 'bool uint32 int32 int32~ float32 float64 float32~',
  uint32: 'uint32 uint32 int32 uint32 float32 float64 float32~',
  int32: 'int32 int32 int32 int32 float32 float64 float32~',
  'int32~': 'int32~ uint32 int32 int32~ float32 float64 float32~',
  float32: 'float32 float32 float32 float32 float32 float64 float32',
  float64: 'float64 float64 float64 float64 float64 float64 float64',
  'float32~': 'float32~ float32~ float32~ float32~ float32 float64 float32~',
}

describe('promotion', () => {
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
