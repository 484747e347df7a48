/** Affine maps and guards as C expressions. */
import type { Affine, BufferSpec, DynamicTerm, Guard } from '@cotangent/core/kernel'

/** An address type: `int` where every intermediate sum fits, since 64-bit arithmetic costs a GPU several instructions. */
export type IndexType = 'int' | 'long long'

export interface AddressScope {
  /** The index of each axis: a name, a constant, or an expression in parentheses. */
  readonly indices: readonly string[]
  readonly type: IndexType
  /** The run-time scalar of a dynamic term: an int expression. */
  dynamic(buffer: DynamicTerm['buffer']): string
}

/** The value of a map. Not in parentheses where it is a sum. */
export function affine(
  { offset, strides, dynamic = [] }: Affine,
  scope: AddressScope,
  more: readonly (readonly [number, string])[] = [],
): string {
  const wide = scope.type === 'int' ? '' : '(long long)'
  const terms = [
    ...strides.map((s, k) => [s, scope.indices[k] as string] as const),
    ...dynamic.map(d => [d.stride, scope.dynamic(d.buffer)] as const),
    ...more,
  ].filter(([s, text]) => s !== 0 && text !== '0')
  const parts = terms.map(([s, text]) => (s === 1 ? `${text}` : s === -1 ? `-${text}` : `${constantOf(s)} * ${wide}${text}`))
  if (offset !== 0 || parts.length === 0) parts.push(constantOf(offset))
  return parts.join(' + ').replaceAll('+ -', '- ')
}

const constantOf = (n: number): string => (Math.abs(n) < 2 ** 31 ? String(n) : `${n}ll`)

/** Do all guards hold? An expression in parentheses. */
export function inside(guards: readonly Guard[], scope: AddressScope): string {
  if (guards.length === 0) return '1'
  const unsigned = scope.type === 'int' ? 'unsigned' : 'unsigned long long'
  const each = guards.map(({ index, extent }) => (extent <= 0 ? '0' : `(${unsigned})(${affine(index, scope)}) < ${extent}u`))
  return `(${each.join(' && ')})`
}

/**
 * The least type for maps over `extents`, of which run-time terms reach at most the largest of `buffers`, and for numbers of `points`: all of
 * the extents', if not fewer are counted.
 */
export function indexType(
  maps: readonly Affine[],
  extents: readonly number[],
  buffers: readonly BufferSpec[],
  points: number = extents.reduce((a, b) => a * b, 1),
): IndexType {
  const reach = ({ offset, strides }: Affine): number =>
    strides.reduce((sum, s, k) => sum + Math.abs(s) * Math.max(0, (extents[k] ?? 1) - 1), Math.abs(offset))
  const largest = Math.max(points, ...buffers.map(b => b.size))
  return Math.max(largest, ...maps.map(m => reach(m) + largest)) < 2 ** 31 - 2 ** 24 ? 'int' : 'long long'
}
