/** One drawn application of a public function: inputs and the call. Values follow from a seed: a case is small data, shrunk by shape. */
import { aval } from '../aval.ts'
import { type DType, type TypedArray, convert, hostArray, isFloat, isHalf } from '../dtype.ts'
import { fromHost } from '../backend/execute.ts'
import type { HostArray } from '../primitives/primitive.ts'
import { type Shape, sizeOf } from '../shape.ts'
import type { Tensor } from '../tensor.ts'

/** The kind of values an input takes. */
export interface InputSpec {
  readonly shape: Shape
  readonly dtype: DType
  /** Values lie between these, integers inclusive. Float values are generic: never on integers, zero, or equal to each other. */
  readonly range: readonly [low: number, high: number]
  /** Derivatives by it are not checked: there are none. */
  readonly constant?: boolean
}

export interface Case {
  readonly inputs: readonly InputSpec[]
  /** The public function with its options. */
  readonly call: (...inputs: readonly Tensor[]) => Tensor | readonly Tensor[]
  readonly seed: number
  /** For messages: options that the call holds. */
  readonly options?: unknown
}

export const showCase = (c: Case): string =>
  [
    `inputs ${c.inputs.map(i => `${i.dtype}[${i.shape.join()}] in ${i.range.join('..')}`).join(', ')}`,
    ...(c.options === undefined ? [] : [`options ${JSON.stringify(c.options)}`]),
    `seed ${c.seed}`,
  ].join('; ')

/** Uniform in [0, 1): a mixing of the seed, the input's number and the element's (murmur3 finaliser). */
export function uniformAt(seed: number, input: number, element: number): number {
  let h = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(input + 1, 0x85ebca6b) ^ Math.imul(element + 1, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296
}

/**
 * The values of an input, exactly representable in its dtype. Floats are generic: a fine grid has one value a cell, so that none is
 * within 1e-4 of another one of the same or another input, of zero, or of a multiple of the grid's step. No derivative is then taken
 * across a kink or a tie.
 */
export function valuesOf(spec: InputSpec, seed: number, input: number): Float64Array {
  const [low, high] = spec.range,
    size = sizeOf(spec.shape)
  if (isFloat(spec.dtype)) return genericFloats(low, high, size, seed, input).map(v => (isHalf(spec.dtype) ? convert(v, spec.dtype) : v))
  return Float64Array.from({ length: size }, (_, i) => convert(Math.floor(low + (high - low + 1) * uniformAt(seed, input, i)), spec.dtype))
}

const FINEST = 256

function genericFloats(low: number, high: number, size: number, seed: number, input: number): Float64Array {
  // A power of two, so that grids of several inputs align.
  const perUnit = Math.max(FINEST, 2 ** Math.ceil(Math.log2((size + 2) / (high - low))))
  const firstCell = Math.ceil(low * perUnit),
    cells = Math.floor(high * perUnit) - firstCell
  const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => uniformAt(seed, input, a) - uniformAt(seed, input, b))
  const out = new Float64Array(size)
  order.forEach((element, rank) => {
    const from = Math.floor((rank * cells) / size),
      room = Math.floor(((rank + 1) * cells) / size) - from
    const cell = firstCell + from + Math.floor(room * uniformAt(seed + 31, input, element))
    // Each input has its own part of a cell, and there some bits of noise, so that results need rounding.
    const part = (1 + 2 * (input % 7) + uniformAt(seed + 57, input, element) / 4) / 16
    out[element] = Math.fround((cell + part) / perUnit)
  })
  return out
}

export const hostInput = (spec: InputSpec, data: Float64Array): HostArray => ({ aval: aval(spec.shape, spec.dtype), data })

/** The same values as a tensor on the backend in use. */
export function tensorOf(x: HostArray): Tensor {
  const data: TypedArray = hostArray(x.aval.dtype, x.data.length)
  for (let i = 0; i < data.length; i++) data[i] = convert(x.data[i] as number, x.aval.dtype)
  return fromHost(data, x.aval.shape, x.aval.dtype)
}
export const hostOf = (t: Tensor): HostArray => ({ aval: t.aval, data: Float64Array.from(t.dataSync()) })

export const inputsOf = (c: Case): readonly HostArray[] => c.inputs.map((spec, i) => hostInput(spec, valuesOf(spec, c.seed, i)))
export const outputsOf = (r: Tensor | readonly Tensor[]): readonly Tensor[] => (Array.isArray(r) ? (r as readonly Tensor[]) : [r as Tensor])
