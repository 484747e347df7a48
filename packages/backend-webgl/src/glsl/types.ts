/** GLSL types and constants of the dtypes. A value is one element (`lanes` 1) or the four of a texel (`lanes` 4). */
import { computeDType, type ComputeDType, type DType, fail } from '@cotangent/core/kernel'

export type Lanes = 1 | 4

const scalar: Readonly<Record<Exclude<ComputeDType, 'float64'>, string>> = { float32: 'float', int32: 'int', uint32: 'uint', bool: 'bool' }
const vector: Readonly<Record<Exclude<ComputeDType, 'float64'>, string>> = {
  float32: 'vec4',
  int32: 'ivec4',
  uint32: 'uvec4',
  bool: 'bvec4',
}

/** The type of a value in expressions. Textures may hold another one: see `texelType`. */
export function glslType(dtype: DType, lanes: Lanes): string {
  const computed = computeDType(dtype)
  return computed === 'float64' ? noFloat64() : (lanes === 1 ? scalar : vector)[computed]
}

/** Core refuses it by `capabilities.dtypes`. */
export function noFloat64(): never {
  return fail('DTypeError', 'webgl: there is no float64. Convert with astype("float32"), or use the cpu backend.')
}

/** The type of four elements in textures and outputs of shaders. */
export const texelType = (dtype: DType): 'vec4' | 'ivec4' | 'uvec4' => (dtype === 'float64' ? noFloat64() : texels[dtype])
const texels = {
  float32: 'vec4',
  // Bits.
  float16: 'uvec4',
  bfloat16: 'uvec4',
  int32: 'ivec4',
  uint32: 'uvec4',
  int8: 'ivec4',
  uint8: 'uvec4',
  bool: 'uvec4',
} as const satisfies Readonly<Record<Exclude<DType, 'float64'>, string>>

/** What a texture of `dtype` holds, as a value in expressions. */
export function fromTexel(dtype: DType, lanes: Lanes, text: string): string {
  switch (dtype) {
    case 'bool':
      return lanes === 1 ? `(${text} != 0u)` : `notEqual(${text}, uvec4(0u))`
    case 'float16':
      return `ofFloat16_${lanes}(${text})`
    case 'bfloat16':
      return `uintBitsToFloat(${text} << 16)`
    case 'uint8':
      return `${glslType(dtype, lanes)}(${text})`
    default:
      return text
  }
}

/** The converse. Integers out of a texture's range would be stored as anything, so that they are wrapped. */
export function toTexel(dtype: DType, lanes: Lanes, text: string): string {
  switch (dtype) {
    case 'bool':
      return `${lanes === 1 ? 'uint' : 'uvec4'}(${text})`
    case 'float16':
      return `toFloat16_${lanes}(${text})`
    case 'bfloat16':
      return `(roundedBfloat16_${lanes}(${text}) >> 16)`
    case 'int8':
      return `(((${text}) << 24) >> 24)`
    case 'uint8':
      return `(${lanes === 1 ? 'uint' : 'uvec4'}(${text}) & 255u)`
    default:
      return text
  }
}

const bits = new DataView(new ArrayBuffer(4))

/**
 * Exactly this float32: by its bits unless it is a small multiple of 1/4, since compilers are an ulp off in reading decimals. They take -0 and
 * subnormals for 0, also as constant bits: `uZero` hides those.
 */
export function floatLiteral(value: number): string {
  const x = Math.fround(value)
  if (!Object.is(x, -0) && Math.abs(x) < 2 ** 20 && Number.isInteger(4 * x)) {
    const digits = Number.isInteger(x) ? `${x}.0` : `${x}`
    return x < 0 ? `(${digits})` : digits
  }
  bits.setFloat32(0, x)
  return `uintBitsToFloat(0x${bits.getUint32(0).toString(16)}u${Math.abs(x) < 2 ** -126 ? ' + uZero' : ''})`
}

/** The constant that a `const` node means, in all lanes. */
export function constant(dtype: ComputeDType, value: number, lanes: Lanes): string {
  const text = literal(dtype, value)
  return lanes === 1 ? text : `${glslType(dtype, 4)}(${text})`
}

function literal(dtype: ComputeDType, value: number): string {
  switch (dtype) {
    case 'float32':
      return floatLiteral(value)
    case 'int32': {
      const i = value | 0
      return i === -2147483648 ? 'int(0x80000000u)' : i < 0 ? `(${i})` : `${i}`
    }
    case 'uint32':
      return `${value >>> 0}u`
    case 'bool':
      return value !== 0 ? 'true' : 'false'
    case 'float64':
      return noFloat64()
  }
}
