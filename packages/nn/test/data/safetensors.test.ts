/** safetensors: round trips, files by hand as the format's page describes them, and all that a file can be instead. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { type DType, type Tensor, array, init } from '@cotangent/core'
import { decodeSafetensors, encodeSafetensors } from '../../src/data/index.ts'

await init({ backend: 'reference' })

/** A file as its specification has it. */
function byHand(header: unknown, data: readonly number[], text = JSON.stringify(header)): Uint8Array {
  const json = new TextEncoder().encode(text)
  const bytes = new Uint8Array(8 + json.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  bytes.set(data, 8 + json.length)
  return bytes
}
const valuesOf = (t: Tensor | undefined): readonly number[] => [...(t as Tensor).dataSync()]

describe('what is written', () => {
  const dtypes: readonly DType[] = ['float32', 'float64', 'float16', 'bfloat16', 'int32', 'uint32', 'int8', 'uint8', 'bool']
  const arbTensor = fc.record({
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.nat(3), { maxLength: 3 }),
    values: fc.array(fc.oneof(fc.double(), fc.integer()), { minLength: 27, maxLength: 27 }),
  })
  it('is read again bit for bit: all dtypes and shapes, any names, from the middle of a Buffer too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.string().filter(name => name !== '__metadata__'),
          arbTensor,
          { maxKeys: 4 },
        ),
        async specs => {
          const tensors = Object.fromEntries(
            Object.entries(specs).map(([name, { dtype, shape, values }]) => {
              const size = shape.reduce((a, b) => a * b, 1)
              return [name, array(values.slice(0, size), { dtype, shape })]
            }),
          )
          const bytes = await encodeSafetensors(tensors, { origin: 'a test' })
          const buffer = Buffer.concat([Uint8Array.of(1, 2, 3), bytes]).subarray(3)
          for (const given of [bytes, buffer]) {
            const { tensors: read, metadata } = decodeSafetensors(given)
            expect(metadata).toEqual({ origin: 'a test' })
            expect(Object.keys(read).sort()).toEqual(Object.keys(tensors).sort())
            for (const [name, t] of Object.entries(tensors))
              expect([read[name]?.dtype, read[name]?.shape, valuesOf(read[name])]).toEqual([t.dtype, t.shape, valuesOf(t)])
          }
        },
      ),
      { numRuns: 30 },
    )
  })
  it('may have an empty tensor whose name is a number', async () => {
    const tensors = { x: array([1], { dtype: 'float64' }), 0: array([]) }
    expect(valuesOf(decodeSafetensors(await encodeSafetensors(tensors)).tensors['x'])).toEqual([1])
  })
  it('is aligned, without gaps, the widest elements first', async () => {
    const bytes = await encodeSafetensors({ a: array([1], { dtype: 'uint8' }), b: array([1]), c: array([2], { dtype: 'bfloat16' }) })
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    expect(length % 8).toBe(0)
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      b: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
      c: { dtype: 'BF16', shape: [1], data_offsets: [4, 6] },
      a: { dtype: 'U8', shape: [1], data_offsets: [6, 7] },
    })
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0x80, 0x3f, 0, 0x40, 1])
  })
})

describe('a file by hand', () => {
  it('is read', () => {
    const header = {
      h: { dtype: 'F16', shape: [2], data_offsets: [0, 4] },
      'layers.0.weight': { data_offsets: [4, 12], shape: [1, 2], dtype: 'F32' },
      n: { dtype: 'I64', shape: [], data_offsets: [12, 20] },
      __metadata__: { format: 'pt' },
    }
    // 1 and -2 as float16, 1 and 2 as float32, -3 as int64.
    const data = [0, 0x3c, 0, 0xc0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0xfd, ...Array.from({ length: 7 }, () => 0xff)]
    const { tensors, metadata } = decodeSafetensors(byHand(header, data))
    expect(Object.entries(tensors).map(([name, t]) => [name, t.dtype, t.shape, valuesOf(t)])).toEqual([
      ['h', 'float16', [2], [1, -2]],
      ['layers.0.weight', 'float32', [1, 2], [1, 2]],
      ['n', 'int32', [], [-3]],
    ])
    expect(metadata).toEqual({ format: 'pt' })
  })
  const entry = { dtype: 'U8', shape: [2], data_offsets: [0, 2] }
  it.each([
    ['nothing', new Uint8Array(0), /its 0 bytes do not begin with the length/],
    ['a page', new TextEncoder().encode('<html>not found</html>'), /do not begin with the length of a header/],
    ['no JSON', byHand(null, [], '{]'), /its header cannot be read/],
    ['a list', byHand([], []), /its header cannot be read/],
    ['no entry', byHand({ a: 1 }, []), /nothing that makes sense of a/],
    ['numbers for metadata', byHand({ __metadata__: { a: 1 } }, []), /metadata are no texts/],
    ['a gap', byHand({ a: { ...entry, data_offsets: [1, 3] } }, [0, 1, 2]), /a, U8\[2\], cannot be at 1 to 3/],
    ['an overlap', byHand({ a: entry, b: { ...entry, data_offsets: [1, 3] } }, [0, 1, 2]), /b, U8\[2\], cannot be at 1 to 3/],
    ['another size', byHand({ a: { ...entry, shape: [3] } }, [0, 1]), /a, U8\[3\], cannot be at 0 to 2/],
    ['too few elements', byHand({ a: entry }, [0]), /1 bytes of elements are there, not the 2/],
    ['too many', byHand({ a: entry }, [0, 1, 2]), /3 bytes of elements are there, not the 2/],
    ['complex numbers', byHand({ a: { ...entry, dtype: 'C64' } }, [0, 1]), /a has dtype C64/],
    ['large integers', byHand({ a: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, [0, 0, 0, 0, 1, 0, 0, 0]), /do not fit int32/],
  ])('with %s is refused by name', (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes, 'w.safetensors')).toThrow(message)
    expect(() => decodeSafetensors(bytes, 'w.safetensors')).toThrow(/^w\.safetensors: /)
  })
})
