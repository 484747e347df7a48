/** The order in which threads walk a Loop's axes: neighbouring threads should find their elements side by side in memory. */
import { type Affine, collapse, type Load, type Loop, mapAffines, type Node } from '@cotangent/core/kernel'

export const loadsOf = (nodes: readonly Node[]): readonly Load[] => nodes.filter(n => n.op === 'load')

/** How many of `maps` go to the next element along each axis. */
export const neighbours = (maps: readonly Affine[], axis: number): number => maps.filter(m => Math.abs(m.strides[axis] ?? 0) === 1).length

/** Of `axes`, the one along which most accesses go to the next element. Undefined: none does. */
export function fastAxis(maps: readonly Affine[], axes: readonly number[], extents: readonly number[]): number | undefined {
  const useful = axes.filter(k => (extents[k] as number) > 1 && neighbours(maps, k) > 0)
  return useful.toSorted((a, b) => neighbours(maps, b) - neighbours(maps, a) || (extents[b] as number) - (extents[a] as number))[0]
}

/** The axes in another order, parallel ones among themselves and reduced ones among themselves. */
export function permuted(loop: Loop, order: readonly number[]): Loop {
  const move = (of: readonly number[], a: Affine): Affine => ({ ...a, strides: of.map(k => a.strides[k] as number) })
  return mapAffines(
    loop,
    order.map(k => loop.extents[k] as number),
    loop.parallel,
    a => move(order, a),
    a => move(order.slice(0, loop.parallel), a),
  )
}

/** With `fast` as the last of its kind (parallel or reduced), the others of its kind by falling strides of `leading`. */
export function withLast(loop: Loop, fast: number, leading: Affine): Loop {
  const axes = loop.extents.map((_, k) => k),
    isOfKind = (k: number): boolean => k < loop.parallel === fast < loop.parallel
  const others = axes
    .filter(k => isOfKind(k) && k !== fast)
    .toSorted((a, b) => Math.abs(leading.strides[b] ?? 0) - Math.abs(leading.strides[a] ?? 0))
  const kind = [...others, fast],
    rest = axes.filter(k => !isOfKind(k))
  return collapse(permuted(loop, fast < loop.parallel ? [...kind, ...rest] : [...rest, ...kind]))
}
