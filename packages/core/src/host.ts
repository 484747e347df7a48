/** Values as the host reads them: typed arrays of one element, nested arrays. */
import { convert, type DType, hostArray, type TypedArray } from './dtype.ts'
import { type Shape, stridesOf } from './shape.ts'
import type { NestedArray } from './tensor.ts'

/** A host array of one element. */
export function hostScalar(value: number, dtype: DType): TypedArray {
  const host = hostArray(dtype, 1)
  host[0] = convert(value, dtype)
  return host
}

/** Flat data as nested arrays; booleans for dtype bool. */
export function nest(data: TypedArray, shape: Shape, dtype: DType): NestedArray {
  const strides = stridesOf(shape)
  const at = (axis: number, offset: number): NestedArray => {
    if (axis === shape.length) return dtype === 'bool' ? data[offset] !== 0 : (data[offset] as number)
    return Array.from({ length: shape[axis] as number }, (_, i) => at(axis + 1, offset + i * (strides[axis] as number)))
  }
  return at(0, 0)
}
