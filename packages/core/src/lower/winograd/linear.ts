/** Small constant matrices applied to nodes, with few operations. */
import type { DType } from '../../dtype.ts'
import type { BodyBuilder } from '../body.ts'
import type { NodeId } from '../kernel.ts'
import { type Matrix, transpose } from './cook-toom.ts'

/** Nodes in rows. */
export type Grid = readonly (readonly NodeId[])[]

/** `[n, m]` nodes. */
export const grid = (n: number, m: number, f: (i: number, j: number) => NodeId): Grid =>
  Array.from({ length: n }, (_, i) => Array.from({ length: m }, (_, j) => f(i, j)))

/** L d R^T. */
export function sandwich(b: BodyBuilder, [left, right]: readonly [Matrix, Matrix], d: Grid, dtype: DType): Grid {
  const columns = (d[0] as readonly NodeId[]).map((_, j) =>
    multiply(
      b,
      left,
      d.map(line => line[j] as NodeId),
      dtype,
    ),
  )
  return left.map((_, i) =>
    multiply(
      b,
      right,
      columns.map(column => column[i] as NodeId),
      dtype,
    ),
  )
}

/**
 * M x. Points come as a and -a, so that many matrices have pairs of columns or rows that are equal up to signs. Such columns take sums and
 * differences of their elements of x; such rows are sums and differences of their even and odd parts.
 */
export function multiply(b: BodyBuilder, matrix: Matrix, x: readonly NodeId[], dtype: DType): readonly NodeId[] {
  const columns = pairs(transpose(matrix))
  const folded = matrix.map(row => [...row]),
    inputs = [...x]
  for (const [p, q] of columns) {
    const [one, two] = [x[p] as NodeId, x[q] as NodeId]
    inputs[p] = b.apply('add', [one, two], dtype)
    inputs[q] = b.apply('sub', [one, two], dtype)
    for (const row of folded) [row[p], row[q]] = row[p] === row[q] ? [row[p] as number, 0] : [0, row[p] as number]
  }
  const results: NodeId[] = []
  for (const [p, q] of pairs(folded)) {
    const [one, two] = [folded[p] as number[], folded[q] as number[]]
    const even = one.map((c, i) => (c === two[i] ? c : 0)),
      odd = one.map((c, i) => (c === two[i] ? 0 : c))
    const unit = unitOf(odd)
    const [common, differing] = [even, odd.map(c => c / unit)].map(row => combination(b, row, inputs, dtype)) as [NodeId, NodeId]
    results[p] = addMultiple(b, common, unit, differing, dtype)
    results[q] = addMultiple(b, common, -unit, differing, dtype)
  }
  return folded.map((row, i) => results[i] ?? combination(b, row, inputs, dtype))
}

/** A coefficient by which the others divide to numbers of float32, if there is one. */
function unitOf(coefficients: readonly number[]): number {
  const some = coefficients.filter(c => c !== 0)
  const exact = some.find(unit => some.every(c => Math.fround(c / unit) === c / unit))
  return exact ?? (some[0] as number)
}

/** Disjoint pairs of rows that are equal in some places (not only zeros) and opposite in all others (some). */
function pairs(m: Matrix): readonly (readonly [number, number])[] {
  const taken = new Set<number>()
  const matches = (p: readonly number[], q: readonly number[]): boolean =>
    p.every((c, i) => Math.abs(c) === Math.abs(q[i] as number)) &&
    p.some((c, i) => c !== 0 && c === q[i]) &&
    p.some((c, i) => c !== 0 && c !== q[i])
  return m.flatMap((row, p) => {
    const q = m.findIndex((other, i) => i > p && !taken.has(i) && matches(row, other))
    if (taken.has(p) || q < 0) return []
    taken.add(p).add(q)
    return [[p, q] as const]
  })
}

/** sum + c x. */
function addMultiple(b: BodyBuilder, sum: NodeId, c: number, x: NodeId, dtype: DType): NodeId {
  return Math.abs(c) === 1 ? b.apply(c > 0 ? 'add' : 'sub', [sum, x], dtype) : b.apply('madd', [x, b.constant(c, dtype), sum], dtype)
}

/** The sum of c_i x_i; terms with factors of one magnitude are added before they are multiplied. */
function combination(b: BodyBuilder, coefficients: readonly number[], x: readonly NodeId[], dtype: DType): NodeId {
  const groups = [...new Set(coefficients.filter(c => c !== 0).map(Math.abs))].map(m => {
    const [plus, minus] = [m, -m].map(c => x.filter((_, i) => coefficients[i] === c)) as [NodeId[], NodeId[]]
    const positive = plus.length > 0
    const [first, ...rest] = (positive ? plus : minus) as [NodeId, ...NodeId[]]
    const added = rest.reduce((s, t) => b.apply('add', [s, t], dtype), first)
    return { c: positive ? m : -m, x: positive ? minus.reduce((s, t) => b.apply('sub', [s, t], dtype), added) : added }
  })
  // A term that is not multiplied comes first: the others are then added in one step each.
  const [first, ...rest] = groups.sort((p, q) => rank(p.c) - rank(q.c))
  if (first === undefined) return b.constant(0, dtype)
  const start = first.c === -1 ? b.apply('neg', [first.x], dtype) : b.apply('mul', [first.x, b.constant(first.c, dtype)], dtype)
  return rest.reduce((s, t) => addMultiple(b, s, t.c, t.x, dtype), start)
}

const rank = (c: number): number => (c === 1 ? 0 : c === -1 ? 2 : 1)
