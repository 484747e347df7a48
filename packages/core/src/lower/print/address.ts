/** Affine maps, guards and loads as text, over axes named i, j, k, ... */
import type { Affine, Guard, Load } from '../kernel.ts'

const letters = 'ijklmnopqrstuvw'

export const axisName = (k: number): string => letters[k] ?? `axis${k}`

/** `28i + j - 29 + 3*b7[0]` */
export function printAffine({ offset, strides, dynamic = [] }: Affine): string {
  const terms = [
    ...strides.map((s, k) => [s, axisName(k)] as const),
    ...dynamic.map(d => [d.stride, `${Math.abs(d.stride) === 1 ? '' : '*'}b${d.buffer}[0]`] as const),
    [offset, ''] as const,
  ].filter(([s]) => s !== 0)
  return joinTerms(terms)
}

/** `3i - j + 2`: a coefficient of 1 is not shown. */
export function joinTerms(terms: readonly (readonly [number, string])[]): string {
  const text = terms.map(([s, name], at) => {
    const size = Math.abs(s) === 1 && name !== '' ? '' : String(Math.abs(s))
    const sign = s < 0 ? (at === 0 ? '-' : ' - ') : at === 0 ? '' : ' + '
    return `${sign}${size}${name}`
  })
  return text.join('') || '0'
}

/** Only the bounds that some index oversteps: `i >= 1`, `0 <= i - j < 5`; undefined where the guard always holds. */
function printGuard({ index, extent }: Guard, extents: readonly number[]): string | undefined {
  const text = printAffine(index)
  if ((index.dynamic ?? []).length > 0) return `0 <= ${text} < ${extent}`
  const reach = index.strides.map((s, k) => s * ((extents[k] ?? 1) - 1))
  const low = reach.reduce((sum, r) => sum + Math.min(0, r), index.offset) < 0
  const high = reach.reduce((sum, r) => sum + Math.max(0, r), index.offset) >= extent
  if (low && high) return `0 <= ${text} < ${extent}`
  if (low) return `${text} >= 0`
  return high ? `${text} < ${extent}` : undefined
}

/** The conjunction of guards; `true` where all always hold. */
export const printGuards = (guards: readonly Guard[], extents: readonly number[]): string =>
  guards.flatMap(g => printGuard(g, extents) ?? []).join(' and ') || 'true'

/** `b0[28i + j]`, with guards `(i >= 1 ? b0[28i + j - 28] : 0)`. */
export function printLoad(
  { buffer, map, guards = [], indirect = [] }: Load,
  extents: readonly number[],
  node: (id: number) => string,
): string {
  const element = `b${buffer}[${printAddress(map, indirect, node)}]`
  const condition = printGuards(guards, extents)
  return condition === 'true' ? element : `(${condition} ? ${element} : 0)`
}

/** The affine part and the values of nodes: `28i + 3*x4`. */
export function printAddress(map: Affine, indirect: NonNullable<Load['indirect']>, node: (id: number) => string): string {
  if (indirect.length === 0) return printAffine(map)
  const terms = indirect.map(({ index, stride }) => [stride, `${Math.abs(stride) === 1 ? '' : '*'}${node(index)}`] as const)
  const affine = printAffine(map),
    values = joinTerms(terms.filter(([s]) => s !== 0))
  if (affine === '0' || values === '0') return affine === '0' ? values : affine
  return values.startsWith('-') ? `${affine} - ${values.slice(1)}` : `${affine} + ${values}`
}
