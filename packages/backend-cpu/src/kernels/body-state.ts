/** What the parts of a body share: its description, and at which level of the nest a value is known. */
import type { Affine, BufferId, DType, Node, NodeId, Store } from '@cotangent/core/kernel'
import type { Ops } from '../math/expression.ts'
import type { Cursors } from './address.ts'
import type { Value } from '../math/value.ts'

export interface BodySpec {
  readonly nodes: readonly Node[]
  readonly stores: readonly Store[]
  /** The loop level that sets each axis's index: 0 for the axes given to `start`. */
  readonly levels: readonly number[]
  /** The axis along which elements are consecutive, or -1: then one element at a time, in lane 0. */
  readonly vector: number
}

/** The value of reduction `index` for a copy (the copy-th vector of four). */
export type Reduced = (index: number, copy: number) => Value

/** What node emitters share. */
export interface BodyState {
  readonly o: Ops
  readonly spec: BodySpec
  readonly cursors: Cursors
  /** The dtype of a buffer in memory. */
  storedAs(buffer: BufferId): DType
  /** The value of a node for a copy. */
  value(node: NodeId, copy: number): Value
}

/** A piece of code with its place in the nest. `varying`: once for each copy, else once. */
export interface Step {
  readonly level: number
  readonly varying: boolean
  readonly emit: (lanes: number, copy: number) => void
}

/** Where a value is known: at which level, and whether it differs from element to element along the vector axis. */
export interface Place {
  readonly level: number
  readonly varying: boolean
}

export const joinPlaces = (places: readonly Place[]): Place => ({
  level: Math.max(0, ...places.map(p => p.level)),
  varying: places.some(p => p.varying),
})

/** Where an affine map's value is known. */
export const placeOfMap = (spec: BodySpec, map: Affine): Place => ({
  level: Math.max(0, ...map.strides.map((s, axis) => (s === 0 ? 0 : (spec.levels[axis] as number)))),
  varying: spec.vector >= 0 && map.strides[spec.vector] !== 0,
})
