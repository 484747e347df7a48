/** Small constant matrices applied to nodes, with few operations. */
import type { DType } from '../../dtype.ts'
import type { BodyBuilder } from '../body.ts'
import type { NodeId } from '../kernel.ts'
import { type Matrix, transpose } from './cook-toom.ts'

export type Grid = readonly (readonly NodeId[])[]

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
    const even = combination(
      b,
      one.map((c, i) => (c === two[i] ? c : 0)),
      inputs,
      dtype,
    )
    const odd = combination(
      b,
      one.map((c, i) => (c === two[i] ? 0 : c)),
      inputs,
      dtype,
    )
    results[p] = b.apply('add', [even, odd], dtype)
    results[q] = b.apply('sub', [even, odd], dtype)
  }
  return folded.map((row, i) => results[i] ?? combination(b, row, inputs, dtype))
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

/** The sum of c_i x_i; terms with factors of one magnitude are added before they are multiplied. */
function combination(b: BodyBuilder, coefficients: readonly number[], x: readonly NodeId[], dtype: DType): NodeId {
  const magnitudes = [...new Set(coefficients.filter(c => c !== 0).map(Math.abs))]
  const groups = magnitudes.map(m => {
    const [plus, minus] = [m, -m].map(c => x.filter((_, i) => coefficients[i] === c)) as [NodeId[], NodeId[]]
    const positive = plus.length > 0
    const [first, ...rest] = (positive ? plus : minus) as [NodeId, ...NodeId[]]
    const added = rest.reduce((s, t) => b.apply('add', [s, t], dtype), first)
    const sum = positive ? minus.reduce((s, t) => b.apply('sub', [s, t], dtype), added) : added
    return { positive, value: b.apply('mul', [sum, b.constant(m, dtype)], dtype) }
  })
  const [first, ...rest] = groups.sort((p, q) => Number(q.positive) - Number(p.positive))
  if (first === undefined) return b.constant(0, dtype)
  const start = first.positive ? first.value : b.apply('neg', [first.value], dtype)
  return rest.reduce((s, t) => b.apply(t.positive ? 'add' : 'sub', [s, t.value], dtype), start)
}
