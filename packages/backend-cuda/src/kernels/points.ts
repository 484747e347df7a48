/** The points that a thread computes at a time: one, or several neighbours. */
import { type Affine, sizeOf, stridesOf } from '@cotangent/core/kernel'
import { affine, type IndexType } from '../language/address.ts'
import { LANES, type Lanes } from './lanes.ts'
import type { Pattern, Points } from './nodes.ts'
import type { Writer } from './writer.ts'

export interface Indices {
  /** Declare them. */
  readonly statements: readonly string[]
  readonly indices: readonly string[]
}

/** The indices of point number `of` in row-major order: quotients by constants, which compilers turn into products. */
export function indicesOf(of: string, extents: readonly number[], type: IndexType, prefix: string): Indices {
  const statements: string[] = [],
    indices: string[] = new Array<string>(extents.length).fill('0')
  const long = extents.flatMap((n, k) => (n > 1 ? [k] : []))
  let rest = of
  long.toReversed().forEach((k, step) => {
    const n = extents[k] as number,
      last = step === long.length - 1
    indices[k] = last ? rest : `${prefix}${k}`
    if (last) return
    const quotient = `${prefix}q${k}`,
      mark = type === 'int' ? 'unsigned' : 'unsigned long long'
    statements.push(`const ${type} ${quotient} = (${type})((${mark})${rest} / ${n}u), ${prefix}${k} = ${rest} - ${quotient} * ${n};`)
    rest = quotient
  })
  return { statements, indices }
}

/** One point. */
export const onePoint = (indices: readonly string[]): Points => ({
  lanes: 1,
  first: indices,
  lane: indices,
  laneStatements: [],
  pattern: () => 'uniform',
  vectorAddress: () => '',
})

/** Points along `axis`, the first of which has an index that is a multiple of their number. */
export function severalAlong(
  axis: number,
  indices: readonly string[],
  extents: readonly number[],
  writer: Writer,
  lanes: Lanes = LANES,
): Points {
  return {
    lanes,
    first: indices,
    lane: indices.map((i, k) => (k === axis ? `(${i} + l)` : i)),
    laneStatements: [],
    pattern: map => patternAlong(axis, map, extents, lanes),
    vectorAddress: map => affine(map, writer.scope(indices)),
  }
}

export function patternAlong(axis: number, map: Affine, extents: readonly number[], lanes: Lanes = LANES): Pattern {
  const stride = map.strides[axis] ?? 0
  if (stride === 0) return 'uniform'
  return stride === 1 && isAligned(map, axis, extents, lanes) ? 'vector' : 'lane'
}

function isAligned({ offset, strides, dynamic = [] }: Affine, axis: number, extents: readonly number[], lanes: Lanes): boolean {
  return (
    offset % lanes === 0 &&
    strides.every((s, k) => k === axis || (extents[k] as number) === 1 || s % lanes === 0) &&
    dynamic.every(d => d.stride % lanes === 0)
  )
}

/**
 * Points in row-major order from point `first` on, a multiple of their number, that may lie in several rows: only what is contiguous throughout has
 * neighbours in memory.
 */
export function severalInOrder(first: string, extents: readonly number[], writer: Writer, lanes: Lanes): Points {
  const { statements, indices } = indicesOf('q', extents, writer.type, 'i')
  return {
    lanes,
    first: [],
    lane: indices,
    laneStatements: [`const ${writer.type} q = ${first} + l;`, ...statements],
    pattern: map => patternInOrder(map, extents, lanes),
    vectorAddress: map => affine({ ...map, strides: [1] }, writer.scope([first])),
  }
}

export function patternInOrder({ offset, strides, dynamic = [] }: Affine, extents: readonly number[], lanes: Lanes): Pattern {
  if (strides.every(s => s === 0)) return 'uniform'
  const packed = stridesOf(extents)
  const contiguous = strides.every((s, k) => s === packed[k] || extents[k] === 1)
  return contiguous && offset % lanes === 0 && dynamic.every(d => d.stride % lanes === 0) && sizeOf(extents) > 0 ? 'vector' : 'lane'
}
