/** ZIP archives of stored (not compressed) files, as `np.savez` writes them (PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16). */
import { fail, described } from '../errors.ts'

const LOCAL = 0x04034b50,
  CENTRAL = 0x02014b50,
  END = 0x06054b50
/** Bytes of the fixed parts of the three records. */
const LOCAL_SIZE = 30,
  CENTRAL_SIZE = 46,
  END_SIZE = 22
/** 1980-01-01, the first day of the format. */
const DATE = 0x21

export interface ZipFile {
  readonly name: string
  readonly data: Uint8Array
}

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

/** An archive of the files. */
export function zip(files: readonly ZipFile[]): Uint8Array {
  const entries = files.map(({ name, data }) => ({ name: new TextEncoder().encode(name), data, crc: crc32(data) }))
  const total = entries.reduce((sum, e) => sum + LOCAL_SIZE + CENTRAL_SIZE + 2 * e.name.length + e.data.length, END_SIZE)
  const out = new Uint8Array(total),
    view = new DataView(out.buffer)
  const offsets: number[] = []
  let at = 0
  /** What both records of a file say, from the version needed on. */
  const common = (from: number, e: (typeof entries)[number]): void => {
    view.setUint16(from, 20, true)
    view.setUint16(from + 8, DATE, true)
    view.setUint32(from + 10, e.crc, true)
    view.setUint32(from + 14, e.data.length, true)
    view.setUint32(from + 18, e.data.length, true)
    view.setUint16(from + 22, e.name.length, true)
  }
  for (const e of entries) {
    offsets.push(at)
    view.setUint32(at, LOCAL, true)
    common(at + 4, e)
    out.set(e.name, at + LOCAL_SIZE)
    out.set(e.data, at + LOCAL_SIZE + e.name.length)
    at += LOCAL_SIZE + e.name.length + e.data.length
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

/** The files of an archive. `where` names the caller. */
export function unzip(where: string, bytes: Uint8Array): readonly ZipFile[] {
  if (!(bytes instanceof Uint8Array)) fail('ValueError', `${where}: needs the bytes of a file as a Uint8Array, got ${described(bytes)}.`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  // A comment of up to 65535 bytes may follow the last record.
  let end = bytes.length - END_SIZE
  while (end >= 0 && view.getUint32(end, true) !== END) end--
  if (end < 0) fail('ValueError', `${where}: the ${bytes.length} bytes are no ZIP archive. Pass what savez or NumPy's savez wrote.`)
  const files: ZipFile[] = []
  let at = view.getUint32(end + 16, true)
  for (let i = view.getUint16(end + 10, true); i > 0; i--) {
    if (at + CENTRAL_SIZE > bytes.length || view.getUint32(at, true) !== CENTRAL)
      fail('ValueError', `${where}: the archive is broken at byte ${at}.`)
    const method = view.getUint16(at + 10, true),
      size = view.getUint32(at + 24, true),
      length = view.getUint16(at + 28, true),
      local = view.getUint32(at + 42, true)
    const name = new TextDecoder().decode(bytes.subarray(at + CENTRAL_SIZE, at + CENTRAL_SIZE + length))
    if (method !== 0) fail('ValueError', `${where}: ${name} is compressed. Write it by np.savez instead of np.savez_compressed.`)
    const from = local + LOCAL_SIZE + view.getUint16(local + 26, true) + view.getUint16(local + 28, true)
    files.push({ name, data: bytes.subarray(from, from + size) })
    at += CENTRAL_SIZE + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
  }
  return files
}
