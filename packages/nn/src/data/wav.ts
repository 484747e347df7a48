/** Sound: the WAV format (Microsoft's RIFF WAVE, 1991 and 1994), and the spectra that recognisers hear. */
import { fail } from '@cotangent/core/extend'
import { checkBytes, checkNumber } from '../checks.ts'
import { type HostArray, checkHostArray } from './dataset.ts'

export interface Sound {
  /** Samples a second. */
  readonly sampleRate: number
  /** Float32 `[n, channels]`, integers scaled to -1..1. */
  readonly samples: HostArray
}

const PCM = 1,
  FLOAT = 3,
  EXTENSIBLE = 0xfffe
type Get = (view: DataView, at: number) => number
/** By format and bits. */
const readers: Readonly<Record<string, Get>> = {
  [`${PCM}:8`]: (v, at) => (v.getUint8(at) - 128) / 128,
  [`${PCM}:16`]: (v, at) => v.getInt16(at, true) / 2 ** 15,
  [`${PCM}:24`]: (v, at) => (v.getUint16(at, true) + v.getInt8(at + 2) * 2 ** 16) / 2 ** 23,
  [`${PCM}:32`]: (v, at) => v.getInt32(at, true) / 2 ** 31,
  [`${FLOAT}:32`]: (v, at) => v.getFloat32(at, true),
  [`${FLOAT}:64`]: (v, at) => v.getFloat64(at, true),
}

/**
 * The sound in the bytes of a WAV file: PCM of 8 to 32 bits, or floats. `name` stands for them in messages.
 * @throws ValueError if they are something else, compressed, or cut short.
 */
export function decodeWav(bytes: Uint8Array, name: string = 'WAV'): Sound {
  const refuse = (why: string): never => fail('ValueError', `${name}: ${why}.`)
  checkBytes(name, bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 12 || textAt(bytes, 0) !== 'RIFF' || textAt(bytes, 8) !== 'WAVE') refuse('is no WAV file')
  const chunks = chunksOf(view, bytes)
  const format = chunks.get('fmt ') ?? refuse('has no format'),
    data = chunks.get('data') ?? refuse('has no samples')
  if (format.end - format.start < 16 || data.end > bytes.length) refuse('is cut short')
  const code = view.getUint16(format.start, true),
    channels = view.getUint16(format.start + 2, true),
    bits = view.getUint16(format.start + 14, true)
  const kind = code === EXTENSIBLE && format.end - format.start >= 26 ? view.getUint16(format.start + 24, true) : code
  const get = readers[`${kind}:${bits}`] ?? refuse(`has samples of format ${kind} with ${bits} bits, which are not known here`)
  if (channels === 0) refuse('has no channels')
  const sampleRate = view.getUint32(format.start + 4, true)
  if (sampleRate === 0) refuse('has 0 samples a second')
  const width = (channels * bits) / 8,
    count = Math.floor((data.end - data.start) / width)
  const samples = Float32Array.from({ length: count * channels }, (_, i) => get(view, data.start + (i * bits) / 8))
  return { sampleRate, samples: { data: samples, shape: [count, channels] } }
}

interface Chunk {
  readonly start: number
  readonly end: number
}

/** The first chunk of each name. They begin at even places. */
function chunksOf(view: DataView, bytes: Uint8Array): ReadonlyMap<string, Chunk> {
  const chunks = new Map<string, Chunk>()
  for (let at = 12; at + 8 <= bytes.length; ) {
    const start = at + 8,
      end = start + view.getUint32(at + 4, true)
    if (!chunks.has(textAt(bytes, at))) chunks.set(textAt(bytes, at), { start, end })
    at = end + (end & 1)
  }
  return chunks
}
const textAt = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4))

/** A sound as a WAV file: PCM of 16 bits (what is beyond -1..1 is cut), or floats of 32. */
export function encodeWav(
  { sampleRate, samples: { data, shape } }: Sound,
  { bits = 16 }: { readonly bits?: 16 | 32 } = {},
): Uint8Array<ArrayBuffer> {
  checkHostArray('encodeWav', { data, shape })
  checkNumber('encodeWav', 'sampleRate', sampleRate, 'a positive integer of 32 bits', n => Number.isInteger(n) && n > 0 && n < 2 ** 32)
  checkNumber('encodeWav', 'bits', bits, '16 or 32', n => n === 16 || n === 32)
  const channels = shape[1] ?? 1,
    bytes = bits / 8,
    length = data.length * bytes
  const out = new Uint8Array(44 + length),
    view = new DataView(out.buffer)
  const text = (at: number, s: string): void => [...s].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)))
  text(0, 'RIFF')
  view.setUint32(4, 36 + length, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, bits === 16 ? PCM : FLOAT, true)
  view.setUint16(22, channels, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, sampleRate * channels * bytes, true)
  view.setUint16(32, channels * bytes, true)
  view.setUint16(34, bits, true)
  text(36, 'data')
  view.setUint32(40, length, true)
  for (let i = 0; i < data.length; i++) {
    const x = data[i] as number
    if (bits === 32) view.setFloat32(44 + 4 * i, x, true)
    else view.setInt16(44 + 2 * i, Math.max(-(2 ** 15), Math.min(2 ** 15 - 1, Math.round(x * 2 ** 15))), true)
  }
  return out
}
