/** Bytes of the binary format, written one after another into one growing array: a large graph is some 100,000 instructions. */

/** Unsigned LEB128. */
export function leb(n: number): number[] {
  const out: number[] = []
  do {
    const b = n % 128
    n = Math.floor(n / 128)
    out.push(n > 0 ? b | 128 : b)
  } while (n > 0)
  return out
}

/** Signed LEB128 of a 32-bit integer. */
export function sleb(n: number): number[] {
  const out: number[] = []
  n |= 0
  for (;;) {
    const b = n & 127
    n >>= 7
    if ((n === 0 && (b & 64) === 0) || (n === -1 && (b & 64) !== 0)) {
      out.push(b)
      return out
    }
    out.push(b | 128)
  }
}

export class Bytes {
  length = 0
  private bytes: Uint8Array

  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity)
  }

  push(byte: number): void {
    if (this.length === this.bytes.length) this.grow(1)
    this.bytes[this.length++] = byte
  }

  /** Unsigned LEB128. */
  leb(n: number): void {
    for (; n >= 128; n = Math.floor(n / 128)) this.push((n % 128) | 128)
    this.push(n)
  }

  /** Signed LEB128 of a 32-bit integer. */
  sleb(n: number): void {
    for (n |= 0; n < -64 || n > 63; n >>= 7) this.push((n & 127) | 128)
    this.push(n & 127)
  }

  /** The bytes of another array, or those between two places. */
  append(other: Bytes | readonly number[], from = 0, to: number = other.length): void {
    const source = other instanceof Bytes ? other.bytes.subarray(from, to) : other
    if (this.length + source.length > this.bytes.length) this.grow(source.length)
    this.bytes.set(source, this.length)
    this.length += source.length
  }

  /** What has been written: a view. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  private grow(more: number): void {
    const bytes = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more))
    bytes.set(this.written())
    this.bytes = bytes
  }
}
