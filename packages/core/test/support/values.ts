/** Short forms for tests with known values. */
import { nest } from '../../src/host.ts'
import { array } from '../../src/numpy/creation.ts'
import type { NestedArray, Tensor } from '../../src/tensor.ts'

export const int = (...values: number[]): Tensor => array(values, { dtype: 'int32' })
export const uint = (...values: number[]): Tensor => array(values, { dtype: 'uint32' })
export const float = (...values: number[]): Tensor => array(values)
export const double = (...values: number[]): Tensor => array(values, { dtype: 'float64' })
export const bool = (...values: boolean[]): Tensor => array(values)
/** The elements as nested lists. */
export const values = (t: Tensor): NestedArray => nest(t.dataSync(), t.shape, t.dtype)
