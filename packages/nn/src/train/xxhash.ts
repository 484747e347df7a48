/** xxHash of 32 bits (Yann Collet, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md): a fast checksum. */
const P1 = 0x9e3779b1,
  P2 = 0x85ebca77,
  P3 = 0xc2b2ae3d,
  P4 = 0x27d4eb2f,
  P5 = 0x165667b1
const rotate = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits))
const round = (lane: number, word: number): number => Math.imul(rotate((lane + Math.imul(word, P2)) | 0, 13), P1)

/** The hash, 0 to 2^32 - 1. */
export function xxHash32(bytes: Uint8Array, seed: number = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0,
    h = (seed + P5) | 0
  if (bytes.length >= 16) {
    let a = (seed + P1 + P2) | 0,
      b = (seed + P2) | 0,
      c = seed | 0,
      d = (seed - P1) | 0
    for (; at + 16 <= bytes.length; at += 16) {
      a = round(a, view.getInt32(at, true))
      b = round(b, view.getInt32(at + 4, true))
      c = round(c, view.getInt32(at + 8, true))
      d = round(d, view.getInt32(at + 12, true))
    }
    h = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0
  }
  h = (h + bytes.length) | 0
  for (; at + 4 <= bytes.length; at += 4) h = Math.imul(rotate((h + Math.imul(view.getInt32(at, true), P3)) | 0, 17), P4)
  for (; at < bytes.length; at++) h = Math.imul(rotate((h + Math.imul(view.getUint8(at), P5)) | 0, 11), P1)
  h = Math.imul(h ^ (h >>> 15), P2)
  h = Math.imul(h ^ (h >>> 13), P3)
  return (h ^ (h >>> 16)) >>> 0
}
