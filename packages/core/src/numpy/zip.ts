/** ZIP archives, as `np.savez` and, with a codec of the caller, `np.savez_compressed` write them (PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16). */
import { described, fail, reasonOf } from '../errors.ts'

const LOCAL = 0x04034b50,
  CENTRAL = 0x02014b50,
  END = 0x06054b50
/** Bytes of the fixed parts of the three records. */
const LOCAL_SIZE = 30,
  CENTRAL_SIZE = 46,
  END_SIZE = 22
/** 1980-01-01, the first day of the format. */
const DATE = 0x21
/** Names are UTF-8. */
const FLAGS = 0x800
/** Methods. */
const STORED = 0,
  DEFLATED = 8
/** What the format has room for, without its extension to 64 bits. */
const MOST_BYTES = 0xffffffff,
  MOST_FILES = 0xffff

export interface ZipFile {
  readonly name: string
  readonly data: Uint8Array
}

/** To or from the bytes of DEFLATE (RFC 1951), without a header. Core has none itself: a program that does not compress need not load one. */
export type Codec = (data: Uint8Array) => Uint8Array

/** The remainders of all bytes by the polynomial of ISO 3309, reflected. */
const remainders = (): Uint32Array =>
  Uint32Array.from({ length: 256 }, (_, byte) => {
    let r = byte
    for (let bit = 0; bit < 8; bit++) r = r & 1 ? (r >>> 1) ^ 0xedb88320 : r >>> 1
    return r
  })

/** CRC-32 of bytes. */
export function crc32(data: Uint8Array): number {
  const table = remainders()
  let crc = 0xffffffff
  for (const byte of data) crc = (table[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** An archive of the files, compressed by `deflate` if there is one. */
export function zip(files: readonly ZipFile[], deflate?: Codec): Uint8Array<ArrayBuffer> {
  const entries = files.map(({ name, data }) => ({
    name: new TextEncoder().encode(name),
    packed: deflate === undefined ? data : deflate(data),
    size: data.length,
    crc: crc32(data),
  }))
  const total = entries.reduce((sum, e) => sum + LOCAL_SIZE + CENTRAL_SIZE + 2 * e.name.length + e.packed.length, END_SIZE)
  if (Math.max(total, ...entries.map(e => e.size)) > MOST_BYTES || entries.length > MOST_FILES)
    fail('ValueError', `savez: ${entries.length} tensors of ${total} bytes are too many for one archive. Write several.`)
  const out = new Uint8Array(total),
    view = new DataView(out.buffer)
  const offsets: number[] = []
  let at = 0
  /** What both records of a file say, from the version needed on. */
  const common = (from: number, e: (typeof entries)[number]): void => {
    view.setUint16(from, 20, true)
    view.setUint16(from + 2, FLAGS, true)
    view.setUint16(from + 4, deflate === undefined ? STORED : DEFLATED, true)
    view.setUint16(from + 8, DATE, true)
    view.setUint32(from + 10, e.crc, true)
    view.setUint32(from + 14, e.packed.length, true)
    view.setUint32(from + 18, e.size, true)
    view.setUint16(from + 22, e.name.length, true)
  }
  for (const e of entries) {
    offsets.push(at)
    view.setUint32(at, LOCAL, true)
    common(at + 4, e)
    out.set(e.name, at + LOCAL_SIZE)
    out.set(e.packed, at + LOCAL_SIZE + e.name.length)
    at += LOCAL_SIZE + e.name.length + e.packed.length
  }
  const directory = at
  entries.forEach((e, i) => {
    view.setUint32(at, CENTRAL, true)
    view.setUint16(at + 4, 20, true)
    common(at + 6, e)
    view.setUint32(at + 42, offsets[i] as number, true)
    out.set(e.name, at + CENTRAL_SIZE)
    at += CENTRAL_SIZE + e.name.length
  })
  view.setUint32(at, END, true)
  view.setUint16(at + 8, entries.length, true)
  view.setUint16(at + 10, entries.length, true)
  view.setUint32(at + 12, at - directory, true)
  view.setUint32(at + 16, directory, true)
  return out
}

interface Entry {
  readonly name: string
  readonly method: number
  readonly crc: number
  /** Bytes in the archive, and unpacked. */
  readonly packed: number
  readonly size: number
  /** Where the record before its bytes is. */
  readonly local: number
  /** Where the next entry of the directory is. */
  readonly next: number
}
const textOf = (bytes: Uint8Array, start: number, length: number): string => new TextDecoder().decode(bytes.subarray(start, start + length))

function entryAt(bytes: Uint8Array, view: DataView, at: number): Entry {
  const length = view.getUint16(at + 28, true)
  return {
    name: textOf(bytes, at + CENTRAL_SIZE, length),
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    packed: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    local: view.getUint32(at + 42, true),
    next: at + CENTRAL_SIZE + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true),
  }
}

/** The files of an archive, `inflate` those that are compressed. `where` names the caller. @throws ValueError when it is damaged. */
export function unzip(where: string, bytes: Uint8Array, inflate?: Codec): readonly ZipFile[] {
  if (!(bytes instanceof Uint8Array)) fail('ValueError', `${where}: needs the bytes of a file as a Uint8Array, got ${described(bytes)}.`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  // A comment of up to 65535 bytes may follow the last record.
  let end = bytes.length - END_SIZE
  while (end >= 0 && view.getUint32(end, true) !== END) end--
  if (end < 0) fail('ValueError', `${where}: the ${bytes.length} bytes are no ZIP archive. Pass what savez or NumPy's savez wrote.`)
  const broken = (at: number): never => fail('ValueError', `${where}: the archive is broken at byte ${at}.`)
  const files: ZipFile[] = []
  let at = view.getUint32(end + 16, true)
  for (let i = view.getUint16(end + 10, true); i > 0; i--) {
    if (at + CENTRAL_SIZE > end || view.getUint32(at, true) !== CENTRAL) broken(at)
    const entry = entryAt(bytes, view, at),
      { name, local } = entry
    // A damaged entry and the record that it points to say different things.
    if (local + LOCAL_SIZE > end || view.getUint32(local, true) !== LOCAL) broken(at)
    const length = view.getUint16(local + 26, true),
      from = local + LOCAL_SIZE + length + view.getUint16(local + 28, true)
    if (textOf(bytes, local + LOCAL_SIZE, length) !== name) broken(local)
    files.push({ name, data: unpacked(`${where}: ${name}`, entry, bytes.subarray(from, from + entry.packed), inflate) })
    at = entry.next
  }
  return at === end ? files : broken(at)
}

function unpacked(where: string, { method, size, crc }: Entry, packed: Uint8Array, inflate: Codec | undefined): Uint8Array {
  if (method !== STORED && (method !== DEFLATED || inflate === undefined))
    fail(
      'ValueError',
      `${where} is compressed${inflate === undefined ? '. Write it by np.savez instead of np.savez_compressed' : ` by the unknown method ${method}`}.`,
    )
  const data = method === STORED ? packed : inflated(where, packed, inflate as Codec)
  return data.length === size && crc32(data) === crc ? data : fail('ValueError', `${where} is damaged: its checksum is wrong.`)
}

function inflated(where: string, packed: Uint8Array, inflate: Codec): Uint8Array {
  try {
    return inflate(packed)
  } catch (cause) {
    return fail('ValueError', `${where} is damaged (${reasonOf(cause)}).`, cause)
  }
}
