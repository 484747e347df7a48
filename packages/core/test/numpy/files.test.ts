/** Bytes of NumPy's files: read what NumPy wrote (tools/fixtures-files.py), and what we wrote ourselves. */
import { describe, expect, test } from 'vitest'
import { array, ones, scalar, zeros } from '../../src/numpy/creation.ts'
import { load, loadz, save, savez } from '../../src/numpy/files.ts'
import { crc32 } from '../../src/numpy/zip.ts'
import { dtypes } from '../../src/dtype.ts'
import type { Tensor } from '../../src/tensor.ts'
import known from '../fixtures/files.json' with { type: 'json' }
import { useReference } from '../support/laws.ts'

useReference()
const list = (t: Tensor | undefined): number[] => Array.from(t?.dataSync() ?? [])
const decoded = (text: string): Uint8Array => Uint8Array.from(atob(text), c => c.charCodeAt(0))

describe('files by NumPy', () => {
  test.each(known.npy.map((file, i) => [i, file] as const))('npy %d', (_, { file, shape, values }) => {
    const t = load(decoded(file))
    expect(t.shape).toEqual(shape)
    expect(Array.from(t.dataSync())).toEqual(values)
  })
  test('float16 as NumPy writes it', () => {
    // np.save of np.array([1.5, 65504, -0.0, 6e-8, inf], '<f2'): its data, behind our header.
    const bytes = save(array([1.5, 65504, -0, 6e-8, Infinity], { dtype: 'float16' }))
    expect(Array.from(bytes.subarray(-10))).toEqual([0x00, 0x3e, 0xff, 0x7b, 0x00, 0x80, 0x01, 0x00, 0x00, 0x7c])
    expect(new TextDecoder().decode(bytes.subarray(10, 60))).toContain("'descr': '<f2'")
    expect([load(bytes).dtype, list(load(bytes))]).toEqual(['float16', [1.5, 65504, -0, 2 ** -24, Infinity]])
  })
  test('npz', () => {
    const { w, b } = loadz(decoded(known.npz))
    expect([w?.shape, w?.dtype, list(w)]).toEqual([[2, 3], 'float32', [0, 1, 2, 3, 100, 5]])
    expect([b?.dtype, list(b)]).toEqual(['int32', [0, 1, 2]])
  })
  test('what cannot be read is refused', () => {
    expect(() => loadz(decoded(known.compressed))).toThrow(/loadz: w.npy is compressed/)
    expect(() => load(decoded(known.large))).toThrow(/load: 1099511627776 at position 0 does not fit int32/)
    expect(() => load(decoded(known.complex))).toThrow(/load: there is no dtype for '<c16'/)
    expect(() => load(new Uint8Array(3))).toThrow(/load: the 3 bytes are no .npy file/)
    const whole = save(ones([4]))
    for (let n = 0; n < whole.length; n++) expect(() => load(whole.subarray(0, n))).toThrow(expect.objectContaining({ kind: 'ValueError' }))
    expect(() => load('x.npy' as never)).toThrow(/load: needs the bytes of a file as a Uint8Array, got 'x.npy'/)
    expect(() => loadz('x.npz' as never)).toThrow(/loadz: needs the bytes/)
    expect(() => loadz(new Uint8Array(3))).toThrow(/loadz: the 3 bytes are no ZIP/)
    expect(() => load(save(ones([4])).subarray(0, 130))).toThrow(/2 bytes of data are too few for 4 elements of shape \[4\]/)
  })
})

describe('what was saved is loaded', () => {
  test.each(dtypes)('%s', dtype => {
    for (const t of [
      array(
        [
          [0, 1],
          [1, 0],
        ],
        { dtype },
      ),
      scalar(1, { dtype }),
      zeros([0, 2], { dtype }),
      ones([3], { dtype }),
    ]) {
      const back = load(save(t))
      expect([back.dtype, back.shape, Array.from(back.dataSync())]).toEqual([
        dtype === 'bfloat16' ? 'float32' : dtype,
        t.shape,
        Array.from(t.dataSync()),
      ])
    }
  })
  test('in an archive with a comment behind it', () => {
    const bytes = savez({ 'layer.0': array([1, 2]), b: scalar(3) })
    const { 'layer.0': a, b } = loadz(Uint8Array.of(...bytes, 7, 7, 7))
    expect([list(a), b?.item()]).toEqual([[1, 2], 3])
    expect(loadz(savez({}))).toEqual({})
  })
  test('damaged archives are refused, wherever the damage is', () => {
    const bytes = savez({ a: array([1, 2]) }),
      end = bytes.length - 22
    // A byte of the data, of the checksum and the name in the directory, of the number of files.
    for (const at of [end - 60, end - 35, end - 1, end + 10]) {
      const damaged = bytes.slice()
      damaged[at] = (damaged[at] as number) ^ 1
      expect(() => loadz(damaged), `${at}`).toThrow(/loadz: (the archive is broken at byte \d+|a\.npy is damaged)/)
    }
  })
  test('the check value of CRC-32', () => expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926))
})
