/** An abstract value: what is known of a tensor while tracing. Interned, so that equality is identity and caches key on `id`. */
import type { DType } from './dtype.ts'
import { type Shape, sizeOf } from './shape.ts'

export interface Aval {
  readonly shape: Shape
  readonly dtype: DType
  /** Came from a JavaScript number: yields to the other operand's dtype (JAX's weak type). */
  readonly weak: boolean
  readonly size: number
  /** Small, unique for (shape, dtype, weak). */
  readonly id: number
}

const interned = new Map<string, Aval>()

export function aval(shape: Shape, dtype: DType, weak = false): Aval {
  const key = `${dtype}${weak ? '~' : ''}:${shape.join()}`
  let a = interned.get(key)
  if (a === undefined) {
    a = Object.freeze({ shape: Object.freeze([...shape]), dtype, weak, size: sizeOf(shape), id: interned.size })
    interned.set(key, a)
  }
  return a
}

const short: Record<DType, string> = { float32: 'f32', float64: 'f64', int32: 'i32', uint32: 'u32', bool: 'bool' }

/** `f32[2,3]`, with `~` for a weak type: `f32~[]`. */
export const showAval = (a: Aval): string => `${short[a.dtype]}${a.weak ? '~' : ''}[${a.shape.join()}]`
export const strong = (a: Aval): Aval => (a.weak ? aval(a.shape, a.dtype) : a)
