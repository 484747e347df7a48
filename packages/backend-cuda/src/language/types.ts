/**
 * C types and constants of the dtypes. float16 and bfloat16 are bits in memory and floats in expressions: see prelude/stored.ts. In memory bool is a byte; in expressions it is an int, 0 or 1, since C and C++ disagree on `bool`.
 */
import { type ComputeDType, type DType, isHalf } from '@cotangent/core/kernel'

/** Ends the names of the prelude's functions: `load4_f32`, `shuffle_xor_i32`. */
export type Suffix = 'f32' | 'f64' | 'f16' | 'bf16' | 'i32' | 'u32' | 'i8' | 'u8' | 'b8'

interface CType {
  readonly stored: string
  readonly value: string
  readonly suffix: Suffix
  readonly bytes: number
}

const types: Readonly<Record<DType, CType>> = {
  float32: { stored: 'float', value: 'float', suffix: 'f32', bytes: 4 },
  float64: { stored: 'double', value: 'double', suffix: 'f64', bytes: 8 },
  float16: { stored: 'unsigned short', value: 'float', suffix: 'f16', bytes: 2 },
  bfloat16: { stored: 'unsigned short', value: 'float', suffix: 'bf16', bytes: 2 },
  int32: { stored: 'int', value: 'int', suffix: 'i32', bytes: 4 },
  uint32: { stored: 'unsigned', value: 'unsigned', suffix: 'u32', bytes: 4 },
  int8: { stored: 'signed char', value: 'int', suffix: 'i8', bytes: 1 },
  uint8: { stored: 'unsigned char', value: 'int', suffix: 'u8', bytes: 1 },
  bool: { stored: 'unsigned char', value: 'int', suffix: 'b8', bytes: 1 },
}

/** Of an element of a buffer. */
export const storedType = (dtype: DType): string => types[dtype].stored
/** Of a value in an expression. */
export const valueType = (dtype: DType): string => types[dtype].value
export const suffixOf = (dtype: DType): Suffix => types[dtype].suffix
/** The suffix of a value outside memory: shuffles and arithmetic take bool as int. */
export const valueSuffix = (dtype: DType): Suffix => (dtype === 'bool' ? 'i32' : types[dtype].suffix)
/** The value of what is in memory. */
export const loaded = (dtype: DType, text: string): string => (isHalf(dtype) ? `f32_of_${suffixOf(dtype)}(${text})` : text)
/** The converse; `text` binds tightly. C leaves open what a value out of the range of `signed char` becomes: all compilers keep its lowest bits. */
export const stored = (dtype: DType, text: string): string =>
  isHalf(dtype) ? `${suffixOf(dtype)}_of_f32(${text})` : `(${storedType(dtype)})${text}`
/** Bytes of an element on the device. */
export const bytesOnDevice = (dtype: DType): number => types[dtype].bytes

/** The constant that a `const` node means. An expression that may stand anywhere. */
export function literal(dtype: ComputeDType, value: number): string {
  switch (dtype) {
    case 'float32':
      return floatLiteral(Math.fround(value), 'uint_as_float(0x7f800000u)', 'uint_as_float(0x7fc00000u)', 'f')
    case 'float64':
      return floatLiteral(value, 'longlong_as_double(0x7ff0000000000000ll)', 'longlong_as_double(0x7ff8000000000000ll)', '')
    case 'int32': {
      const i = value | 0
      return i === -2147483648 ? '(-2147483647 - 1)' : String(i)
    }
    case 'uint32':
      return `${value >>> 0}u`
    case 'bool':
      return value !== 0 ? '1' : '0'
  }
}

/** The shortest decimal that reads back as the same number, with a point; C has no literals for infinities and NaN. */
function floatLiteral(x: number, infinity: string, nan: string, mark: string): string {
  if (Number.isNaN(x)) return nan
  if (!Number.isFinite(x)) return x < 0 ? `-${infinity}` : infinity
  const text = Object.is(x, -0) ? '-0' : String(x)
  return `${text}${/[.e]/.test(text) ? '' : '.0'}${mark}`
}
