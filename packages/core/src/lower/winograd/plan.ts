/** How the two moving axes of a convolution are cut into tiles, by estimated cost. */
import { sizeOf } from '../../shape.ts'
import type { Contraction } from '../kernel.ts'
import { uses } from '../operands.ts'
import type { Convolution, Pair } from './convolution.ts'
import { form, MOST_PRODUCTS } from './cook-toom.ts'
import { type Blocks, productsOf, type Tiling } from './tiles.ts'

/** A part of an axis: `tiles` tiles of `step` indices from `start` on. One index a tile means that it is not tiled. */
export interface Segment {
  readonly start: number
  readonly tiles: number
  readonly step: number
}

/** Segments of each moving axis. */
export type Cuts = readonly [readonly Segment[], readonly Segment[]]

export interface Plan {
  readonly cuts: Cuts
  /** Estimated cost as a part of the direct sum's. */
  readonly cost: number
}

/**
 * Costs in multiply-adds of the direct sum: transforming one element, starting the kernels of one region, a multiply-add of the small products.
 * Fitted to times on one core of the cpu backend, which docs/decisions/winograd.md lists: as parts of the direct sum's they are met within 0.13,
 * but for images of 7x7 and for 3 channels.
 */
const TRANSFORM = 7
const REGION = 50_000
const PRODUCT = 1.05

/** Sizes of a convolution but for its moving axes and its window: multiply-adds for each pair of indices along these, elements of operands. */
interface Sizes {
  readonly work: number
  readonly perTile: number
  readonly once: number
  readonly window: Pair
}

function sizesOf(k: Contraction, { image: { load, moving }, other, window, gradient }: Convolution): Sizes {
  const count = (holds: (axis: number) => boolean): number =>
    sizeOf(k.extents.filter((_, i) => !window.includes(i) && !moving.includes(i) && holds(i)))
  const parallel = count(i => i < k.parallel),
    others = count(i => uses(other, i))
  const perTile = count(i => uses(load, i)) + (gradient ? others : parallel)
  return {
    work: count(() => true),
    perTile,
    once: gradient ? parallel : others,
    window: [k.extents[window[0]] as number, k.extents[window[1]] as number],
  }
}

const span = (s: Segment): number => s.tiles * s.step

function regionCost({ work, perTile, once, window: [ry, rx] }: Sizes, y: Segment, x: Segment): number {
  if (y.step === 1 || x.step === 1) return work * ry * rx * span(y) * span(x)
  const tiles = y.tiles * x.tiles
  return (y.step + ry - 1) * (x.step + rx - 1) * (tiles * (PRODUCT * work + TRANSFORM * perTile) + TRANSFORM * once) + REGION
}

/** Longer tiles are less accurate, and save little. */
const LONGEST_STEP = 4

/** Steps of tiles with more than one index for which there are points. */
const stepsFor = (taps: number): readonly number[] =>
  Array.from({ length: Math.min(LONGEST_STEP, MOST_PRODUCTS - taps + 1) - 1 }, (_, i) => i + 2)

/**
 * An axis as tiles of one size and, where some indices remain, tiles of another size or the rest untiled. The cost is linear in the number of
 * tiles of the first size, so that only the fewest and the most of them can be the cheapest: a few cuts, however long the axis is.
 */
export function cutsOf(length: number, taps: number): readonly (readonly Segment[])[] {
  const steps = stepsFor(taps)
  const untiled: Segment[] = [{ start: 0, tiles: length, step: 1 }]
  const ofOneSize = steps.filter(step => length > 0 && length % step === 0).map(step => [{ start: 0, tiles: length / step, step }])
  const ofTwoSizes = steps.flatMap(step => [1, ...steps].flatMap(other => (other === step ? [] : extremes(length, step, other))))
  return [untiled, ...ofOneSize, ...ofTwoSizes]
}

/** The fewest and the most tiles of one size whose rest is tiles of another. */
function extremes(length: number, step: number, other: number): readonly (readonly Segment[])[] {
  const rest = (tiles: number): number => length - tiles * step
  const most = Math.ceil(length / step) - 1
  // Whether the rest can be tiled repeats after `other` tiles.
  const near = (first: number, by: number): number | undefined =>
    Array.from({ length: Math.min(other, most) }, (_, i) => first + by * i).find(tiles => rest(tiles) % other === 0)
  return [...new Set([near(1, 1), near(most, -1)])].flatMap(tiles => {
    if (tiles === undefined) return []
    const first: Segment = { start: 0, tiles, step }
    return [[first, { start: tiles * step, tiles: rest(tiles) / other, step: other }]]
  })
}

/** For a gradient: all in tiles, or tiles of one size the last of which may reach beyond the end. */
const coversOf = (length: number, taps: number): readonly (readonly Segment[])[] => [
  ...stepsFor(taps).map(step => [{ start: 0, tiles: Math.ceil(length / step), step }]),
  ...cutsOf(length, taps).filter(cut => cut.length > 1 && cut.every(s => s.step > 1)),
]

/** The cheapest cuts; null where nothing can be tiled. */
export function planTiles(k: Contraction, c: Convolution): Plan | null {
  const sizes = sizesOf(k, c)
  const [ys, xs] = c.image.moving.map((axis, i) =>
    (c.gradient ? coversOf : cutsOf)(k.extents[axis] as number, sizes.window[i] as number),
  ) as [readonly (readonly Segment[])[], readonly (readonly Segment[])[]]
  const total = (y: readonly Segment[], x: readonly Segment[]): number =>
    y.reduce((sum, one) => x.reduce((s, two) => s + regionCost(sizes, one, two), sum), 0)
  const plans = ys.flatMap(y => xs.map(x => ({ cuts: [y, x] as const, cost: total(y, x) })))
  const tiled = plans.filter(({ cuts }) => cuts.every(cut => cut.some(s => s.step > 1)))
  const [first, ...rest] = tiled
  if (first === undefined) return null
  const best = rest.reduce((a, b) => (b.cost < a.cost ? b : a), first)
  return { ...best, cost: best.cost / (sizes.work * sizeOf([...sizes.window, ...c.image.moving.map(i => k.extents[i] as number)])) }
}

/** Tiles of so many indices along the moving axes. */
export function tilingOf(k: Contraction, c: Convolution, steps: Pair): Tiling {
  const taps = c.window.map(i => k.extents[i] as number) as [number, number]
  return { axes: c.image.moving, forms: [form(steps[0], taps[0]), form(steps[1], taps[1])], steps }
}

/** Blocks that threads share, where they are of at least so many elements. */
const BLOCKS = 8
const LEAST_BLOCK = 32 * 1024

/** Cuts outer axes until what a block transforms has at most `most` elements. */
export function chooseBlocks(k: Contraction, c: Convolution, { forms, steps }: Tiling, most: number): Blocks {
  const { image, other, window, gradient } = c,
    { load, moving } = image
  const lengths = k.extents.map((n, i) => (moving.includes(i) ? Math.ceil(n / (steps[moving.indexOf(i)] as number)) : n))
  const count = (holds: (axis: number) => boolean): number => sizeOf(lengths.filter((_, i) => !window.includes(i) && holds(i)))
  const elements = (): number => productsOf(forms) * (count(i => uses(load, i)) + count(i => (gradient ? uses(other, i) : i < k.parallel)))
  const each = elements() / BLOCKS
  const limit = gradient || each < LEAST_BLOCK ? most : Math.min(most, each)
  const cut = k.extents.flatMap((_, i) =>
    uses(load, i) && uses(other, i) === gradient && i < k.parallel !== gradient && i !== moving[1] ? [i] : [],
  )
  const counts = new Map<number, number>()
  for (const axis of cut) {
    const n = lengths[axis] as number
    const divisor =
      Array.from({ length: n }, (_, i) => n - i).find(d => {
        lengths[axis] = d
        return n % d === 0 && elements() <= limit
      }) ?? 1
    lengths[axis] = divisor
    if (divisor < n) counts.set(axis, n / divisor)
  }
  return { lengths, counts }
}
