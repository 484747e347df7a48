/** Zeros and ones of a type: what a symbolic zero becomes when a tensor is needed. */
import type { Aval } from '../aval.ts'
import type { Tensor } from '../tensor.ts'
import { broadcastTo } from './broadcast.ts'
import { scalarOf } from './cast.ts'
import type { MaybeTensor } from './primitive.ts'

export const zerosOf = (a: Aval): Tensor => broadcastTo(scalarOf(0, a.dtype), a.shape)
export const onesOf = (a: Aval): Tensor => broadcastTo(scalarOf(1, a.dtype), a.shape)
export const instantiate = (t: MaybeTensor, a: Aval): Tensor => t ?? zerosOf(a)
