/// <reference lib="esnext.float16" preserve="true" />
/**
 * The two floats of 16 bits: float16 (IEEE 754 binary16: 5 bits of exponent, 10 of mantissa) and bfloat16 (8 and 7: the upper half of a float32). Rounding is
 * half to even, to infinity beyond the range; subnormal numbers and NaN are kept.
 */

export type Half = 'float16' | 'bfloat16'

interface Format {
  /** Bits of the mantissa, without the leading one. */
  readonly nmant: number
  /** The exponent of the smallest normal number. */
  readonly minexp: number
  /** The bits of infinity. */
  readonly infinity: number
  readonly max: number
}
const formats: Readonly<Record<Half, Format>> = {
  float16: { nmant: 10, minexp: -14, infinity: 0x7c00, max: 65504 },
  bfloat16: { nmant: 7, minexp: -126, infinity: 0x7f80, max: (2 - 2 ** -7) * 2 ** 127 },
}

/** Some engines (Node before 24) have no Float16Array. */
export const hasFloat16Array: boolean = typeof Float16Array !== 'undefined'

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)
const highWord = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0
/** e with 2^e <= |x| < 2^(e + 1), for normal numbers. */
function exponentOf(x: number): number {
  double[0] = x
  return (((words[highWord] as number) >>> 20) & 0x7ff) - 1023
}

/** The nearest number of the format. */
export function roundHalf(x: number, half: Half): number {
  const { nmant, minexp, max } = formats[half]
  if (x === 0 || x !== x) return x
  if (Math.abs(x) >= 2 * max) return Math.sign(x) * Infinity
  // Adding 1.5 * 2^52 units in the last place moves the rest of the mantissa out, and rounds.
  const magic = 1.5 * 2 ** 52 * 2 ** (Math.max(exponentOf(x), minexp) - nmant)
  const rounded = Math.abs(x) + magic - magic
  return (x < 0 ? -1 : 1) * (rounded > max ? Infinity : rounded)
}

/** The bits of the nearest number of the format; NaN has one representation. */
export function halfBits(x: number, half: Half): number {
  const { nmant, minexp, infinity } = formats[half]
  if (x !== x) return infinity | (1 << (nmant - 1))
  const y = Math.abs(roundHalf(x, half)),
    sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0
  if (y === Infinity) return sign | infinity
  if (y < 2 ** minexp) return sign | (y * 2 ** (nmant - minexp))
  const e = exponentOf(y)
  // The leading one of the mantissa carries into the exponent.
  return sign | (((e - minexp) << nmant) + y * 2 ** (nmant - e))
}

/** The number with these bits. */
export function halfValue(bits: number, half: Half): number {
  const { nmant, minexp, infinity } = formats[half]
  const sign = (bits & 0x8000) === 0 ? 1 : -1,
    rest = bits & 0x7fff,
    mantissa = rest & ((1 << nmant) - 1)
  if (rest >= infinity) return rest === infinity ? sign * Infinity : NaN
  const e = rest >> nmant
  return e === 0 ? sign * mantissa * 2 ** (minexp - nmant) : sign * (mantissa + (1 << nmant)) * 2 ** (minexp - nmant + e - 1)
}

const tables: Partial<Record<Half, Float32Array>> = {}
/** The values of all bits. */
export const halfTable = (half: Half): Float32Array =>
  (tables[half] ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => halfValue(bits, half)))
