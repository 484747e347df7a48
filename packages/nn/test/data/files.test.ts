/** Bytes of files: those of other programs (tools/fixtures-nn-data.py), our own again, and what is refused. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { type Tensor, array, init } from '@cotangent/core'
import {
  categoriesOf,
  decodeCsv,
  decodeIdx,
  decodeNpz,
  decodeSafetensors,
  decodeTree,
  decodeWav,
  encodeCsv,
  encodeIdx,
  encodeNpz,
  encodeTree,
  encodeWav,
  logMel,
  numbersOf,
} from '../../src/data/index.ts'
import { readFixtures } from '../support/fixtures.ts'

await init({ backend: 'reference' })

const known = readFixtures<{
  readonly npz: string
  readonly safetensors: string
  readonly wav: readonly { readonly file: string; readonly values: readonly number[] }[]
  readonly csv: string
  readonly logMel: readonly (readonly number[])[]
}>('data.json')
const decoded = (text: string): Uint8Array => Buffer.from(text, 'base64')
const shown = (t: Tensor | undefined): unknown => t && [t.dtype, t.shape, [...t.dataSync()]]

describe('tensors', () => {
  it('npz by NumPy, compressed', () => {
    const { w, half, n } = decodeNpz(decoded(known.npz))
    expect(shown(w)).toEqual(['float32', [3, 20], Array.from({ length: 60 }, (_, i) => i)])
    expect(shown(half)).toEqual(['float16', [3], [1, -0.5, 65504]])
    expect(shown(n)).toEqual(['int32', [], [7]])
  })
  it('npz of our own', () => {
    for (const compress of [false, true]) {
      const { a, b } = decodeNpz(encodeNpz({ a: array([1, NaN, -0]), b: array([[true], [false]]) }, { compress }))
      expect([shown(a), shown(b)]).toEqual([
        ['float32', [3], [1, NaN, -0]],
        ['bool', [2, 1], [1, 0]],
      ])
    }
    expect(() => decodeNpz(Uint8Array.of(1, 2, 3), 'x.npz')).toThrow(/x\.npz: the 3 bytes are no ZIP archive/)
    expect(() => decodeNpz(encodeNpz({ a: array([1]) }).subarray(0, 100), 'x.npz')).toThrow(/x\.npz/)
  })
  it('safetensors by Python', () => {
    const { tensors, metadata } = decodeSafetensors(decoded(known.safetensors))
    expect(metadata).toEqual({ format: 'pt' })
    expect(Object.entries(tensors).map(([name, t]) => [name, shown(t)])).toEqual([
      ['a.weight', ['float32', [1, 2], [1.5, -2]]],
      ['b', ['bfloat16', [2], [1, -2]]],
      ['c', ['float16', [2], [1, 2]]],
      ['d', ['bool', [2], [1, 0]]],
    ])
  })
  it('trees, by their paths', async () => {
    const params = [null, { kernel: array([[1, 2]]), bias: array([3]) }] as const
    const bytes = await encodeTree(params, { epochs: '5' })
    expect(Object.keys(decodeSafetensors(bytes).tensors).sort()).toEqual(['[1].bias', '[1].kernel'])
    expect(shown(decodeTree(bytes, params)[1].kernel)).toEqual(['float32', [1, 2], [1, 2]])
    const load = (like: unknown) => () => decodeTree(bytes, like, 'w.safetensors')
    expect(load([null, { kernel: array([[1, 2]]) }])).toThrow(/w\.safetensors: has \[1\]\.bias, which the model has not/)
    expect(load([array(1), params[1]])).toThrow(/has no \[0\]/)
    expect(load([null, { ...params[1], bias: array([3, 4]) }])).toThrow(/has float32\[1\] for \[1\]\.bias, not float32\[2\]/)
  })
})

describe('IDX', () => {
  it('reads what it writes, big-endian', () => {
    const types = fc.constantFrom(Uint8Array, Int8Array, Int32Array, Float32Array, Float64Array)
    fc.assert(
      fc.property(
        types,
        fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }),
        fc.array(fc.integer(), { minLength: 27, maxLength: 27 }),
        (type, shape, values) => {
          const data = type.from(
            values.slice(
              0,
              shape.reduce((a, b) => a * b, 1),
            ),
          )
          expect(decodeIdx(Buffer.concat([Uint8Array.of(1), encodeIdx({ data, shape })]).subarray(1))).toEqual({ data, shape })
        },
      ),
      { numRuns: 30 },
    )
    expect([...encodeIdx({ data: Int32Array.of(258), shape: [1] })]).toEqual([0, 0, 0x0c, 1, 0, 0, 0, 1, 0, 0, 1, 2])
    expect(decodeIdx(Uint8Array.of(0, 0, 0x0b, 1, 0, 0, 0, 1, 0xff, 0xfe)).data).toEqual(Int32Array.of(-2))
  })
  const file = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 5, 6, 7)
  it.each([
    ['nothing', new Uint8Array(0), /labels: is no IDX file/],
    ['another beginning', Uint8Array.of(1, ...file.subarray(1)), /is no IDX file/],
    ['an unknown type', Uint8Array.of(0, 0, 7, ...file.subarray(3)), /is no IDX file/],
    ['too few elements', file.subarray(0, 10), /says 3 = 3 bytes, but 2 follow the header/],
    ['too many', Uint8Array.of(...file, 1), /but 4 follow the header/],
  ])('refuses %s', (_, bytes, message) => expect(() => decodeIdx(bytes, 'labels')).toThrow(message))
})

describe('CSV', () => {
  it('by Python, with quotes and line breaks', () => {
    expect(decodeCsv(known.csv)).toEqual({
      names: ['name', 'x, y', 'a "b"'],
      rows: [
        ['line\nbreak', '1', ''],
        ['', '-2.5e3', '""'],
      ],
    })
  })
  it('reads what it writes', () => {
    const field = fc.string({ unit: fc.constantFrom('a', ',', ';', '"', '\n', '\r', ' ', 'é'), maxLength: 4 })
    const table = fc
      .integer({ min: 1, max: 3 })
      .chain(n => fc.array(fc.array(field, { minLength: n, maxLength: n }), { minLength: 1, maxLength: 4 }))
    fc.assert(
      fc.property(table, fc.constantFrom(',', ';', '\t'), ([names = [], ...rows], separator) => {
        expect(decodeCsv(encodeCsv({ names, rows }, { separator }), { separator })).toEqual({ names, rows })
      }),
    )
  })
  it('knows ends of lines and a mark of bytes', () => {
    expect(decodeCsv('\uFEFFa,b\r\n1,\r\n\r\n,2\n\n')).toEqual({
      names: ['a', 'b'],
      rows: [
        ['1', ''],
        ['', '2'],
      ],
    })
    expect(decodeCsv('1 2\n3 4\n', { header: false, separator: ' ' })).toEqual({
      names: ['0', '1'],
      rows: [
        ['1', '2'],
        ['3', '4'],
      ],
    })
    expect(decodeCsv('')).toEqual({ names: [], rows: [] })
  })
  it('gives numbers and categories', () => {
    const t = decodeCsv('x,kind,y\n1,b,2\n,a,3.5\n4,b,nan\n')
    expect(numbersOf(t, 'y', 'x')).toEqual({ data: Float32Array.of(2, 1, 3.5, NaN, NaN, 4), shape: [3, 2] })
    expect(categoriesOf(t, 'kind')).toEqual({ codes: Int32Array.of(1, 0, 1), categories: ['a', 'b'] })
    expect(categoriesOf(t, 'kind', ['b']).codes).toEqual(Int32Array.of(0, -1, 0))
    expect(() => numbersOf(t, 'kind')).toThrow(/row 0 of kind is "b", no number/)
    expect(() => numbersOf(t, 'z')).toThrow(/there is no column z among x, kind, y/)
  })
  it('refuses what is no table, by the line', () => {
    expect(() => decodeCsv('a,b\n1\n')).toThrow(/line 2 has 1 fields, the first one has 2/)
    expect(() => decodeCsv('a\n"x\ny"\n1,2\n')).toThrow(/line 4 has 2 fields/)
    expect(() => decodeCsv('a\n"x\n')).toThrow(/the quote in line 2 does not end/)
    expect(() => decodeCsv('a\n"x"y\n')).toThrow(/line 2: "y" after a field in quotes/)
  })
})

describe('sound', () => {
  it.each(known.wav.map((w, i) => [i + 1, w] as const))('WAV of %d bytes a sample, by Python', (_, { file, values }) => {
    const { sampleRate, samples } = decodeWav(decoded(file))
    expect([sampleRate, samples.shape]).toEqual([8000, [2, 2]])
    values.forEach((v, i) => expect(samples.data[i]).toBeCloseTo(v, 9))
  })
  it('is read as written', () => {
    const samples = { data: Float32Array.of(0, 0.5, -1, 0.25, 2, -3), shape: [3, 2] }
    expect(decodeWav(encodeWav({ sampleRate: 16000, samples }, { bits: 32 }))).toEqual({ sampleRate: 16000, samples })
    expect([...decodeWav(encodeWav({ sampleRate: 16000, samples })).samples.data]).toEqual(
      [0, 0.5, -1, 0.25, 1 - 2 ** -15, -1].map(Math.fround),
    )
  })
  it('that is something else is refused', () => {
    const bytes = encodeWav({ sampleRate: 1, samples: { data: Float32Array.of(1, 2), shape: [2, 1] } })
    const changed = (at: number, byte: number): Uint8Array => bytes.map((b, i) => (i === at ? byte : b))
    expect(() => decodeWav(new Uint8Array(3), 'a.wav')).toThrow(/^a\.wav: is no WAV file/)
    expect(() => decodeWav(bytes.subarray(0, 47), 'a.wav')).toThrow(/is cut short/)
    expect(() => decodeWav(changed(20, 85), 'a.wav')).toThrow(/format 85 with 16 bits/)
    expect(() => decodeWav(changed(36, 0), 'a.wav')).toThrow(/has no samples/)
    expect(() => decodeWav(changed(22, 0), 'a.wav')).toThrow(/has no channels/)
  })
  it('as log-mel spectra equals SciPy', () => {
    const x = array(Float32Array.from({ length: 400 }, (_, i) => Math.sin((i * i) / 300)))
    const got = logMel(x, 8000, { bands: 8 })
    expect(got.shape).toEqual([known.logMel.length, 8])
    known.logMel.flat().forEach((v, i) => expect(got.dataSync()[i]).toBeCloseTo(v, 3))
  })
})
