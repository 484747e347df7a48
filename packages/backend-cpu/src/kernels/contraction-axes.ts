/**
 * A contraction in normal form: no axes of size 1, jointly contiguous axes merged, no guards that always hold, and each axis in the role
 * that matrix multiplication gives it: batch (in both operands, or in neither), M (only in a), N (one axis that is only in b, and whose
 * elements become the lanes of vectors), K (reduced). Multiplication commutes, so a and b change places when that gives the better N.
 * Where only a batch axis makes good lanes (depthwise convolution) it is N, and `lanesInBoth` says so.
 */
import { type Affine, type Contraction, dropGuards, type Load, mapNode, type Node, type Store, strideAt, uses } from '@cotangent/core/kernel'

export { strideAt, uses }

export interface Form {
  readonly extents: readonly number[]
  /** Axes before this one are parallel, the others reduced. */
  readonly parallel: number
  readonly a: Load
  readonly b: Load
  readonly epilogue: readonly Node[]
  readonly stores: readonly Store[]
  /** Parallel axes that both operands have, or none, or only b (besides `n`): iterated outside of everything, those of b first. */
  readonly batch: readonly number[]
  readonly m: readonly number[]
  readonly n: number | undefined
  /** `n` is an axis of both operands. */
  readonly lanesInBoth: boolean
  readonly k: readonly number[]
}

type Parts = Pick<Form, 'a' | 'b' | 'epilogue' | 'stores'>

/** Applies a change of variables to each affine map of a contraction. */
const mapParts = ({ a, b, epilogue, stores }: Parts, change: (map: Affine) => Affine): Parts => ({
  a: mapNode(a, change) as Load,
  b: mapNode(b, change) as Load,
  epilogue: epilogue.map((node) => mapNode(node, change)),
  stores: stores.map((s) => ({ ...s, map: change(s.map) })),
})

/** Every affine map of a list of nodes. */
function mapsOf(nodes: readonly Node[]): Affine[] {
  const maps: Affine[] = []
  for (const node of nodes) mapNode(node, (map) => (maps.push(map), map))
  return maps
}

/** The contraction over new axes, each a group of old ones (outer to inner) that are jointly contiguous everywhere. */
function regroup(c: Contraction, groups: readonly (readonly number[])[]): Contraction {
  const change = (map: Affine): Affine => ({
    ...map,
    strides: groups.filter((g) => g.every((axis) => axis < map.strides.length)).map((g) => strideAt(map, g[g.length - 1] as number)),
  })
  return {
    ...c,
    extents: groups.map((g) => g.reduce((n, axis) => n * (c.extents[axis] as number), 1)),
    parallel: groups.filter((g) => (g[0] as number) < c.parallel).length,
    ...mapParts(c, change),
  }
}

/** Can `outer` and `inner` be walked as one axis? */
const chains = (maps: readonly Affine[], outer: number, inner: number, extent: number): boolean =>
  maps.every((map) => strideAt(map, outer) === strideAt(map, inner) * extent)

/** Walks some axes backwards. */
function reverseAxes(c: Contraction, axes: readonly number[]): Contraction {
  const change = (map: Affine): Affine => ({
    ...map,
    offset: axes.reduce((at, axis) => at + strideAt(map, axis) * ((c.extents[axis] as number) - 1), map.offset),
    strides: map.strides.map((s, axis) => (axes.includes(axis) && s !== 0 ? -s : s)),
  })
  return { ...c, ...mapParts(c, change) }
}

/** Makes strides of loads positive where possible: rows then are immediate offsets from the first. */
function straighten(c: Contraction): Contraction {
  const backwards = (axis: number): boolean => {
    const [a, b] = [strideAt(c.a.map, axis), strideAt(c.b.map, axis)]
    return a < 0 || (a === 0 && b < 0)
  }
  return reverseAxes(c, c.extents.map((_, i) => i).filter(backwards))
}

/** Joins axes until no two can be joined. */
function mergeAxes(c: Contraction): Contraction {
  const groups = c.extents.map((_, i) => [i]).filter(([i]) => c.extents[i as number] !== 1)
  const dropped = regroup(c, groups)
  const maps = [...mapsOf([dropped.a, dropped.b, ...dropped.epilogue]), ...dropped.stores.map((s) => s.map)]
  const { extents, parallel } = dropped
  for (let outer = 0; outer < extents.length; outer++) {
    for (let inner = 0; inner < extents.length; inner++) {
      if (outer === inner || outer < parallel !== inner < parallel) continue
      if (!chains(maps, outer, inner, extents[inner] as number)) continue
      const rest = extents.map((_, i) => i).filter((i) => i !== outer)
      const merged = rest.map((i) => (i === inner ? [outer, inner] : [i]))
      return mergeAxes(regroup(dropped, merged))
    }
  }
  return dropped
}

/** How well an axis serves as the lanes of vectors: the share of lanes in use, more for contiguous stores and loads. */
function laneScore(c: Contraction, axis: number): number {
  const extent = c.extents[axis] as number
  const lanes = extent / (4 * Math.ceil(extent / 4))
  const both = uses(c.a, axis) && uses(c.b, axis)
  const stored = c.stores.every((s) => Math.abs(strideAt(s.map, axis)) === 1)
  if (both) return stored && strideAt(c.a.map, axis) === 1 && strideAt(c.b.map, axis) === 1 && !guarded(c, axis) ? lanes * 1.125 : -1
  const loaded = strideAt((uses(c.a, axis) ? c.a : c.b).map, axis) === 1
  return lanes * (1 + (stored ? 1 : 0) + (loaded ? 0.25 : 0)) * (extent >= 4 ? 1 : 0.5)
}

const guarded = (c: Contraction, axis: number): boolean =>
  [...(c.a.guards ?? []), ...(c.b.guards ?? [])].some((g) => strideAt(g.index, axis) !== 0)

/** `axis` as two axes, of which the inner one, at the place after it, has `factor` indices (a divisor of the extent). */
export function splitAxis(form: Form, axis: number, factor: number): Form {
  const insert = <T>(list: readonly T[], x: T, y: T): T[] => [...list.slice(0, axis), x, y, ...list.slice(axis + 1)]
  const change = (map: Affine): Affine => ({
    ...map,
    strides: axis < map.strides.length ? insert(map.strides, strideAt(map, axis) * factor, strideAt(map, axis)) : map.strides,
  })
  const renumber = (axes: readonly number[]): number[] => axes.flatMap((i) => (i < axis ? [i] : i === axis ? [i, i + 1] : [i + 1]))
  const { n } = form
  return {
    ...form,
    extents: insert(form.extents, (form.extents[axis] as number) / factor, factor),
    parallel: form.parallel + (axis < form.parallel ? 1 : 0),
    ...mapParts(form, change),
    batch: renumber(form.batch),
    m: renumber(form.m),
    n: n === undefined || n < axis ? n : n + 1,
    k: renumber(form.k),
  }
}

/** The axis that makes the best lanes. */
function chooseLanes(c: Contraction): number | undefined {
  let best: number | undefined
  let score = 0
  for (let axis = 0; axis < c.parallel; axis++) {
    const now = uses(c.a, axis) || uses(c.b, axis) ? laneScore(c, axis) : -1
    if (now > score) [best, score] = [axis, now]
  }
  return best
}

/** An empty sum reads nothing: one reduced axis of no elements, and operands without axes. */
function withoutTerms(c: Contraction): Contraction {
  const extents = [...c.extents.slice(0, c.parallel), 0]
  const nowhere = ({ op, buffer, dtype }: Load): Load => ({ op, buffer, dtype, map: { offset: 0, strides: extents.map(() => 0) } })
  return { ...c, extents, a: nowhere(c.a), b: nowhere(c.b) }
}

export function normalize(given: Contraction): Form {
  const contraction = given.extents.slice(given.parallel).includes(0) ? withoutTerms(given) : given
  const { extents } = contraction
  const merged = mergeAxes({ ...contraction, a: dropGuards(contraction.a, extents), b: dropGuards(contraction.b, extents) })
  const n = chooseLanes(merged)
  const lanesInBoth = n !== undefined && uses(merged.a, n) && uses(merged.b, n)
  const guards = (load: Load): number => load.guards?.length ?? 0
  const swap = lanesInBoth ? guards(merged.b) > guards(merged.a) : n !== undefined && uses(merged.a, n)
  const c = straighten(swap ? { ...merged, a: merged.b, b: merged.a } : merged)
  const { a, b } = c
  const axes = c.extents.map((_, i) => i)
  const m = axes.filter((i) => i < c.parallel && uses(a, i) && !uses(b, i))
  const batch = axes.filter((i) => i < c.parallel && i !== n && !m.includes(i))
  return {
    extents: c.extents,
    parallel: c.parallel,
    a,
    b,
    epilogue: c.epilogue,
    stores: c.stores,
    batch: [...batch.filter((i) => uses(b, i)), ...batch.filter((i) => !uses(b, i))],
    m,
    n,
    lanesInBoth,
    k: axes.filter((i) => i >= c.parallel),
  }
}
