/** The points that a thread computes at a time: one, or four neighbours. */
import { type Affine, sizeOf, stridesOf } from '@cotangent/core/kernel'
import { affine, type IndexType } from '../language/address.ts'
import { LANES, type Points } from './nodes.ts'
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

/** Four points along `axis`, the first of which has an index that is a multiple of four. */
export function fourAlong(axis: number, indices: readonly string[], extents: readonly number[], writer: Writer): Points {
  return {
    lanes: LANES,
    first: indices,
    lane: indices.map((i, k) => (k === axis ? `(${i} + l)` : i)),
    laneStatements: [],
    pattern: map => patternAlong(axis, map, extents),
    vectorAddress: map => affine(map, writer.scope(indices)),
  }
}

export function patternAlong(axis: number, map: Affine, extents: readonly number[]): 'uniform' | 'vector' | 'lane' {
  const stride = map.strides[axis] ?? 0
  if (stride === 0) return 'uniform'
  return stride === 1 && isAligned(map, axis, extents) ? 'vector' : 'lane'
}

function isAligned({ offset, strides, dynamic = [] }: Affine, axis: number, extents: readonly number[]): boolean {
  return (
    offset % LANES === 0 &&
    strides.every((s, k) => k === axis || (extents[k] as number) === 1 || s % LANES === 0) &&
    dynamic.every(d => d.stride % LANES === 0)
  )
}

/**
 * Four points in row-major order from point `first` on, a multiple of four, that may lie in two rows: only what is contiguous throughout has
 * neighbours in memory.
 */
export function fourInOrder(first: string, extents: readonly number[], writer: Writer): Points {
  const { statements, indices } = indicesOf('q', extents, writer.type, 'i')
  return {
    lanes: LANES,
    first: [],
    lane: indices,
    laneStatements: [`const ${writer.type} q = ${first} + l;`, ...statements],
    pattern: map => patternInOrder(map, extents),
    vectorAddress: map => affine({ ...map, strides: [1] }, writer.scope([first])),
  }
}

export function patternInOrder({ offset, strides, dynamic = [] }: Affine, extents: readonly number[]): 'uniform' | 'vector' | 'lane' {
  if (strides.every(s => s === 0)) return 'uniform'
  const packed = stridesOf(extents)
  const contiguous = strides.every((s, k) => s === packed[k] || extents[k] === 1)
  return contiguous && offset % LANES === 0 && dynamic.every(d => d.stride % LANES === 0) && sizeOf(extents) > 0 ? 'vector' : 'lane'
}
