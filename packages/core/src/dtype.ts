/// <reference lib="esnext.float16" preserve="true" />
/** Element types: what they are, and the arrays that hold them on the host. */
import { fail, described } from './errors.ts'
import { hasFloat16Array, roundHalf } from './half.ts'

export type DType = 'float32' | 'float64' | 'float16' | 'bfloat16' | 'int32' | 'uint32' | 'int8' | 'uint8' | 'bool'

interface Traits {
  readonly kind: 'float' | 'signed' | 'unsigned' | 'bool'
  readonly bits: number
  /** In kernels, values of the dtype are computed with as this one: the others are formats to store in. */
  readonly computed: 'float32' | 'float64' | 'int32' | 'uint32' | 'bool'
}
const traits = {
  float32: { kind: 'float', bits: 32, computed: 'float32' },
  float64: { kind: 'float', bits: 64, computed: 'float64' },
  float16: { kind: 'float', bits: 16, computed: 'float32' },
  bfloat16: { kind: 'float', bits: 16, computed: 'float32' },
  int32: { kind: 'signed', bits: 32, computed: 'int32' },
  uint32: { kind: 'unsigned', bits: 32, computed: 'uint32' },
  int8: { kind: 'signed', bits: 8, computed: 'int32' },
  uint8: { kind: 'unsigned', bits: 8, computed: 'int32' },
  bool: { kind: 'bool', bits: 8, computed: 'bool' },
} as const satisfies Readonly<Record<DType, Traits>>

export const dtypes: readonly DType[] = Object.keys(traits) as DType[]

/** The dtypes that kernels compute with. */
export type ComputeDType = (typeof traits)[DType]['computed']
export const computeDTypes: readonly ComputeDType[] = [...new Set(dtypes.map(d => traits[d].computed))]
/** What kernels compute with where tensors have dtype `d`: float32 for float16 and bfloat16, int32 for int8 and uint8, else `d`. */
export const computeDType = <D extends DType>(d: D): (typeof traits)[D]['computed'] => traits[d].computed

/**
 * The array that holds elements of a dtype on the host. Booleans are bytes 0 and 1, bfloat16 numbers are in a Float32Array, and so are those of float16 in
 * engines without Float16Array.
 */
export type TypedArray = Float32Array | Float64Array | Float16Array | Int32Array | Uint32Array | Int8Array | Uint8Array

/** Names of dtypes in print. */
export const shortDType: Readonly<Record<DType, string>> = {
  float32: 'f32',
  float64: 'f64',
  float16: 'f16',
  bfloat16: 'bf16',
  int32: 'i32',
  uint32: 'u32',
  int8: 'i8',
  uint8: 'u8',
  bool: 'bool',
}

export const isFloat = (d: DType): boolean => traits[d].kind === 'float'
export const isInteger = (d: DType): boolean => traits[d].kind === 'signed' || traits[d].kind === 'unsigned'
export const isUnsigned = (d: DType): boolean => traits[d].kind === 'unsigned'
/** Bits of an element; 8 for bool. */
export const bitsOf = (d: DType): number => traits[d].bits
/** Is it float16 or bfloat16? */
export const isHalf = (d: DType): d is 'float16' | 'bfloat16' => d === 'float16' || d === 'bfloat16'
/** Is it a dtype to store in, which kernels compute with as another one? */
export const isStorage = (d: DType): d is Exclude<DType, ComputeDType> => traits[d].computed !== d

/** The dtypes of a kind as a list for messages: 'int32 or uint32'. */
export function listOf(kind: (d: DType) => boolean): string {
  const names = dtypes.filter(kind)
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

export function checkDType(where: string, d: unknown): DType {
  return (dtypes as readonly unknown[]).includes(d)
    ? (d as DType)
    : fail(
        'DTypeError',
        `${where}: unknown dtype ${typeof d === 'string' ? JSON.stringify(d) : described(d)}. Use one of ${dtypes.join(', ')}.`,
      )
}

/** A new zero-filled host array of `size` elements. */
export function hostArray(d: DType, size: number): TypedArray {
  try {
    return new arrays[d](size)
  } catch (cause) {
    return fail('BackendError', `out of memory: ${size} elements of ${d} do not fit. Use smaller shapes.`, cause)
  }
}
const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: hasFloat16Array ? Float16Array : Float32Array,
  bfloat16: Float32Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} satisfies Readonly<Record<DType, new (size: number) => TypedArray>>

/** Does assigning a number to a host array of the dtype convert it as `convert` does? */
export const convertsItself = (d: DType): boolean => d !== 'bool' && !(isHalf(d) && arrays[d] === Float32Array)

/** The value that a tensor of dtype `d` stores for a JavaScript number: integers wrap modulo their bits (NaN and infinities give 0), as typed arrays do. */
export function convert(value: number, d: DType): number {
  switch (d) {
    case 'float32':
      return Math.fround(value)
    case 'float64':
      return value
    case 'float16':
    case 'bfloat16':
      return roundHalf(value, d)
    case 'int32':
      return value | 0
    case 'uint32':
      return value >>> 0
    case 'int8':
      return (value << 24) >> 24
    case 'uint8':
      return value & 0xff
    case 'bool':
      return value !== 0 ? 1 : 0
  }
}
