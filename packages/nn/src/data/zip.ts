/** What a ZIP archive says of its files (PKWARE's APPNOTE.TXT, 4.3.12 and 4.3.16), to check what was unpacked. */

/** A file as the directory at the end of the archive has it. */
export interface ZipEntry {
  readonly name: string
  /** CRC-32 of the unpacked bytes. */
  readonly crc: number
  /** Whether the header before its bytes has the same name: a damaged one has not. */
  readonly isNamedTwice: boolean
}

const END = 0x06054b50,
  ENTRY = 0x02014b50,
  LOCAL = 0x04034b50

/** The directory of an archive that can be unpacked. @throws RangeError where it points out of the bytes. */
export function zipEntries(bytes: Uint8Array): readonly ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let end = bytes.length - 22
  while (view.getUint32(end, true) !== END) end--
  const count = view.getUint16(end + 10, true)
  let at = view.getUint32(end + 16, true)
  return Array.from({ length: count }, () => {
    if (view.getUint32(at, true) !== ENTRY) throw new RangeError('its directory is damaged')
    const length = view.getUint16(at + 28, true),
      name = textOf(bytes, at + 46, length),
      local = view.getUint32(at + 42, true)
    const isNamedTwice = view.getUint32(local, true) === LOCAL && textOf(bytes, local + 30, view.getUint16(local + 26, true)) === name
    const entry = { name, crc: view.getUint32(at + 16, true), isNamedTwice }
    at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
    return entry
  })
}

const textOf = (bytes: Uint8Array, start: number, length: number): string => new TextDecoder().decode(bytes.subarray(start, start + length))

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let c = byte
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  return c
})

/** CRC-32 (ISO 3309), as ZIP, gzip and PNG have it. */
export function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff
  for (let i = 0; i < bytes.length; i++) c = (c >>> 8) ^ (table[(c ^ (bytes[i] as number)) & 0xff] as number)
  return (c ^ 0xffffffff) >>> 0
}
