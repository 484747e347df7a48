/**
 * An operand of a contraction as a tensor of its own: coordinates, each a combination of the axes' indices, with the guards expressed in
 * them. For a convolution `y * stride + ky * dilation` is one coordinate, so that a block's FOOTPRINT is copied (each touched element
 * once, zeros where a guard fails) instead of the whole iteration space (im2col).
 */
import type { DynamicTerm, Load } from '@cotangent/core/kernel'
import { strideAt } from './contraction-axes.ts'

/** `sum of coefficients[axis] * index[axis]`; one step is `stride` elements of the buffer. */
export interface Coordinate {
  readonly coefficients: readonly number[]
  readonly stride: number
}

/** Holds where `0 <= offset + dynamic + sum of strides[q] * coordinate[q] < extent`. */
export interface CoordinateGuard {
  readonly offset: number
  readonly dynamic: readonly DynamicTerm[]
  readonly strides: readonly number[]
  readonly extent: number
}

export interface Operand {
  readonly load: Load
  readonly coordinates: readonly Coordinate[]
  readonly guards: readonly CoordinateGuard[]
}

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b))

/** One coordinate for each axis the load depends on. */
export function plainOperand(load: Load, axes: number): Operand {
  const guards = load.guards ?? []
  const used = Array.from({ length: axes }, (_, i) => i).filter(
    (i) => strideAt(load.map, i) !== 0 || guards.some((g) => strideAt(g.index, i) !== 0),
  )
  return {
    load,
    coordinates: used.map((axis) => ({
      coefficients: Array.from({ length: axes }, (_, i) => (i === axis ? 1 : 0)),
      stride: strideAt(load.map, axis),
    })),
    guards: guards.map(({ index, extent }) => ({
      offset: index.offset,
      dynamic: index.dynamic ?? [],
      extent,
      strides: used.map((axis) => strideAt(index, axis)),
    })),
  }
}

/**
 * The operand with one coordinate for all axes of a guard. `undefined` when it does not factor: an axis in two different guards, or a guard
 * whose index is not proportional to the address. Coefficients are positive (the axes of `a` run forwards, see `straighten`).
 */
export function footprintOperand(load: Load, axes: number): Operand | undefined {
  const owner = new Array<number>(axes).fill(-1)
  const coordinates: Coordinate[] = []
  const guards: CoordinateGuard[] = []
  for (const { index, extent } of load.guards ?? []) {
    const members = Array.from({ length: axes }, (_, i) => i).filter((i) => strideAt(index, i) !== 0)
    if (members.length === 0 || members.some((i) => owner[i] !== -1)) return undefined
    const sign = Math.sign(strideAt(index, members[0] as number))
    const unit = sign * members.reduce((g, i) => gcd(g, strideAt(index, i)), 0)
    if (members.some((i) => strideAt(index, i) * sign < 0)) return undefined
    const ratio = strideAt(load.map, members[0] as number) / strideAt(index, members[0] as number)
    if (members.some((i) => strideAt(load.map, i) !== ratio * strideAt(index, i))) return undefined
    const coefficients = Array.from({ length: axes }, (_, i) => (members.includes(i) ? strideAt(index, i) / unit : 0))
    for (const i of members) owner[i] = coordinates.length
    guards.push({ offset: index.offset, dynamic: index.dynamic ?? [], extent, strides: [...coordinates.map(() => 0), unit] })
    coordinates.push({ coefficients, stride: ratio * unit })
  }
  const free = plainOperand({ ...load, guards: [] }, axes).coordinates.filter((c) => owner[c.coefficients.indexOf(1)] === -1)
  coordinates.push(...free)
  return { load, coordinates, guards: guards.map((g) => ({ ...g, strides: coordinates.map((_, q) => g.strides[q] ?? 0) })) }
}

/** The number of different values of a coordinate where axis i takes `lengths[i]` consecutive indices. */
export const extentOf = (c: Coordinate, lengths: readonly number[]): number =>
  c.coefficients.reduce((n, w, i) => n + w * ((lengths[i] as number) - 1), 1)

/** Do several axes share a coordinate? Then a copy by coordinates is smaller than one by axes. */
export const isFootprint = (operand: Operand): boolean => operand.coordinates.some((c) => c.coefficients.filter((w) => w !== 0).length > 1)
