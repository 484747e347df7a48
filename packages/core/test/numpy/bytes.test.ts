/** Integers of 8 bits in the functions that look at bits, signs and ranges. */
import { expect, test } from 'vitest'
import * as np from '../../src/numpy/index.ts'
import { clz, populationCount } from '../../src/lax/index.ts'
import { rightShiftLogical } from '../../src/primitives/bitwise.ts'
import { useReference } from '../support/laws.ts'
import { values } from '../support/values.ts'

useReference()

const all = Array.from({ length: 256 }, (_, i) => i)
const bytes = np.array(all, { dtype: 'uint8' }),
  signed = np.array(all, { dtype: 'int8' })
const onBytes = (f: (byte: number) => number): number[] => all.map(i => (f(i) << 24) >> 24)

test('bits', () => {
  const ones = all.map(i => i.toString(2).replaceAll('0', '').length)
  expect(values(populationCount(bytes))).toEqual(ones)
  expect(values(populationCount(signed))).toEqual(ones)
  expect(values(clz(bytes))).toEqual(all.map(i => Math.clz32(i) - 24))
  expect(values(clz(signed))).toEqual(all.map(i => Math.clz32(i) - 24))
  expect(values(np.bitwiseNot(bytes))).toEqual(all.map(i => 255 - i))
  for (const n of [0, 1, 5, 8, 40, -1]) {
    const far = n < 0 || n > 7
    expect(values(np.leftShift(signed, n))).toEqual(onBytes(i => (far ? 0 : i << n)))
    expect(values(np.rightShift(signed, n))).toEqual(all.map(i => ((i << 24) >> 24) >> (far ? 7 : n)))
    expect(values(np.rightShift(bytes, n))).toEqual(all.map(i => (far ? 0 : i >> n)))
    expect(values(rightShiftLogical(signed, n))).toEqual(onBytes(i => (far ? 0 : i >> n)))
  }
})
test('arithmetic wraps', () => {
  expect(values(np.negative(signed))).toEqual(onBytes(i => -i))
  expect(values(np.abs(signed))).toEqual(onBytes(i => Math.abs((i << 24) >> 24)))
  expect(values(np.abs(bytes))).toEqual(all)
  expect(values(np.multiply(bytes, 3))).toEqual(all.map(i => (3 * i) & 255))
  expect(values(np.square(signed))).toEqual(onBytes(i => i * i))
  expect(values(np.floorDivide(signed, 7))).toEqual(all.map(i => Math.floor(((i << 24) >> 24) / 7)))
  expect(values(np.floorDivide(bytes, 7))).toEqual(all.map(i => Math.floor(i / 7)))
  expect(values(np.floorDivide(bytes, 0))).toEqual(all.map(() => 255))
})
test('conversions', () => {
  const x = np.array([-200, -1.9, 1.9, 127.9, 300, NaN, Infinity, -Infinity])
  expect(values(x.astype('int8'))).toEqual([-128, -1, 1, 127, 127, 0, 127, -128])
  expect(values(x.astype('uint8'))).toEqual([0, 0, 1, 127, 255, 0, 255, 0])
  expect(values(np.array([-1, 128, 255, 256], { dtype: 'int32' }).astype('int8'))).toEqual([-1, -128, -1, 0])
  expect(values(signed.astype('uint8'))).toEqual(all)
})
test('numbers beside them must fit, unless something wider is there too', () => {
  expect(values(np.add(bytes.slice(250), -1))).toEqual([249, 250, 251, 252, 253, 254])
  for (const call of [() => np.less(bytes, 256), () => np.add(signed, -129)])
    expect(call).toThrow(/: (256|-129) does not fit u?int8\. Convert the tensor first/)
  expect(np.where(np.less(bytes, 3), 1000, np.array(1, { dtype: 'int32' })).dtype).toBe('int32')
  expect(np.add(bytes, 0.5).dtype).toBe('float32')
  expect(np.resultType(bytes, np.array(1), 300)).toBe('float32')
})
