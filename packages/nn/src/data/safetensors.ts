/**
 * The safetensors layout (https://github.com/huggingface/safetensors#format): eight bytes with the length of a JSON header, the header
 * `{ name: { dtype, shape, data_offsets }, __metadata__: { ... } }`, then the elements, little-endian and without gaps.
 */
import { type DType, type Tensor, array } from '@cotangent/core'
import { bitsOf, fail, fromStored, sizeOf, storedView, toStored } from '@cotangent/core/extend'
import { checkBytes } from '../checks.ts'

type Name = 'F64' | 'F32' | 'F16' | 'BF16' | 'I32' | 'U32' | 'I8' | 'U8' | 'BOOL'
const names = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int32: 'I32',
  uint32: 'U32',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
} as const satisfies Readonly<Record<DType, Name>>
const dtypes = Object.fromEntries(Object.entries(names).map(([dtype, name]) => [name, dtype])) as Readonly<Record<string, DType>>

/** Integers that there is no dtype for: read into one that holds them, or refused. */
interface Wide {
  readonly dtype: DType
  readonly bytes: number
  readonly get: (view: DataView, at: number) => number
}
const wide: Readonly<Record<string, Wide>> = {
  I16: { dtype: 'int32', bytes: 2, get: (v, at) => v.getInt16(at, true) },
  U16: { dtype: 'int32', bytes: 2, get: (v, at) => v.getUint16(at, true) },
  I64: { dtype: 'int32', bytes: 8, get: (v, at) => Number(v.getBigInt64(at, true)) },
  U64: { dtype: 'uint32', bytes: 8, get: (v, at) => Number(v.getBigUint64(at, true)) },
}

interface Entry {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly [begin: number, end: number]
}
const METADATA = '__metadata__'

export interface Safetensors {
  readonly tensors: Readonly<Record<string, Tensor>>
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Named tensors as the bytes of a `.safetensors` file: any dtype and shape. `metadata` are texts beside them. The widest elements come first, so that all are
 * aligned.
 * @example await writeFile('model.safetensors', await encodeSafetensors({ 'dense.kernel': kernel }))
 */
export async function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  if (Object.hasOwn(tensors, METADATA)) fail('ValueError', `safetensors: no tensor can be called ${METADATA}.`)
  const list = Object.entries(tensors).sort(([, a], [, b]) => bitsOf(b.dtype) - bitsOf(a.dtype))
  const parts = await Promise.all(list.map(async ([, t]) => bytesOf(toStored(await t.data(), t.dtype))))
  let end = 0
  const entries = list.map(([name, t], i): [string, Entry] => {
    const begin = end
    end += (parts[i] as Uint8Array).length
    return [name, { dtype: names[t.dtype], shape: t.shape, data_offsets: [begin, end] }]
  })
  // Not by assignment: a tensor may be called `__proto__`.
  const header = Object.fromEntries<Entry | typeof metadata>([
    ...(Object.keys(metadata).length === 0 ? [] : [[METADATA, metadata] as const]),
    ...entries,
  ])
  return joined(new TextEncoder().encode(JSON.stringify(header)), parts, end)
}

const bytesOf = (a: ArrayBufferView): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength)

function joined(text: Uint8Array, parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  // Spaces at the end of the header align the elements.
  const start = 8 + Math.ceil(text.length / 8) * 8
  const out = new Uint8Array(start + length).fill(0x20, 8, start)
  new DataView(out.buffer).setBigUint64(0, BigInt(start - 8), true)
  out.set(text, 8)
  let at = start
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/**
 * The tensors in the bytes of a `.safetensors` file. Integers of 16 and 64 bits become int32 (unsigned 64: uint32) if they fit. `name` stands for the bytes in
 * messages: the path.
 * @throws ValueError where the bytes are no such file: cut, damaged in the header, or something else.
 */
export function decodeSafetensors(bytes: Uint8Array, name: string = 'safetensors'): Safetensors {
  const refuse = (why: string): never => fail('ValueError', `${name}: ${why}. It is damaged, or no safetensors file.`)
  checkBytes(name, bytes)
  const { entries, metadata, start } = headerOf(bytes, refuse)
  checkLayout(entries, bytes.length - start, refuse)
  const tensors = entries.map(([key, e]) => [key, tensorOf(bytes, start, key, e, refuse)] as const)
  return { tensors: Object.fromEntries(tensors), metadata }
}

type Refuse = (why: string) => never

function headerOf(bytes: Uint8Array, refuse: Refuse) {
  const length = bytes.length < 8 ? 0 : Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)),
    start = 8 + length
  if (length < 2 || start > bytes.length) refuse(`its ${bytes.length} bytes do not begin with the length of a header`)
  const header = parse(new TextDecoder().decode(bytes.subarray(8, start)))
  if (header === null) return refuse('its header cannot be read')
  const { [METADATA]: metadata = {}, ...rest } = header
  const entries = Object.entries(rest)
  const bad = entries.find(([, e]) => !isEntry(e))
  if (bad !== undefined) refuse(`its header says nothing that makes sense of ${bad[0]}`)
  if (!isRecord(metadata) || !Object.values(metadata).every(v => typeof v === 'string')) refuse('its metadata are no texts')
  return { entries: entries as (readonly [string, Entry])[], metadata: metadata as Readonly<Record<string, string>>, start }
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const header: unknown = JSON.parse(text)
    return isRecord(header) ? header : null
  } catch {
    return null
  }
}
const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === 'object' && x !== null && !Array.isArray(x)
const isSizes = (x: unknown): x is readonly number[] => Array.isArray(x) && x.every(n => Number.isSafeInteger(n) && (n as number) >= 0)
const isEntry = (e: unknown): e is Entry =>
  isRecord(e) && typeof e['dtype'] === 'string' && isSizes(e['shape']) && isSizes(e['data_offsets']) && e['data_offsets'].length === 2

const bytesOfElement = (dtype: string): number | undefined =>
  Object.hasOwn(dtypes, dtype) ? bitsOf(dtypes[dtype] as DType) / 8 : wide[dtype]?.bytes

/** By place: an empty tensor begins and ends where another one begins or ends, and JavaScript has names that are numbers first. */
const inOrder = (entries: readonly (readonly [string, Entry])[]): readonly (readonly [string, Entry])[] =>
  entries.toSorted(([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1])

/** Every byte belongs to one tensor, as the format asks for. */
function checkLayout(entries: readonly (readonly [string, Entry])[], length: number, refuse: Refuse): void {
  let at = 0
  for (const [key, entry] of inOrder(entries)) {
    const { dtype, shape } = entry,
      [begin, end] = entry.data_offsets
    const width = bytesOfElement(dtype)
    if (width === undefined) return refuse(`${key} has dtype ${dtype}, which there is none for here`)
    if (begin !== at || end - begin !== sizeOf(shape) * width) refuse(`${key}, ${dtype}[${shape.join()}], cannot be at ${begin} to ${end}`)
    at = end
  }
  if (at !== length) refuse(`${length} bytes of elements are there, not the ${at} of its header`)
}

function tensorOf(bytes: Uint8Array, start: number, key: string, { dtype: code, shape, data_offsets }: Entry, refuse: Refuse): Tensor {
  const size = sizeOf(shape),
    // A copy, since views need aligned memory; not by slice, which for a Buffer makes none.
    part = new Uint8Array(bytes.subarray(start + data_offsets[0], start + data_offsets[1]))
  const other = wide[code]
  if (other === undefined) {
    const dtype = dtypes[code] as DType
    return array(fromStored(storedView(dtype, part.buffer, 0, size), dtype), { dtype, shape })
  }
  const view = new DataView(part.buffer)
  const values = Float64Array.from({ length: size }, (_, i) => other.get(view, i * other.bytes))
  const [low, high] = other.dtype === 'int32' ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1]
  if (values.some(v => v < low || v > high)) refuse(`${key} has integers that do not fit ${other.dtype}`)
  return array(values, { dtype: other.dtype, shape })
}
