/**
 * The kernels of Winograd's F(2x2, 3x3), which makes each 2x2 tile of a convolution's result by 16 products instead of 36:
 *
 *   Y = A^T ((G g G^T) . (B^T d B)) A     for 3x3 taps g and the 4x4 samples d that the tile touches,
 *
 * summed over channels before the outer transform. Rounding errors are smaller than those of the direct sum, which has nine times as many
 * terms. Where a sample or a tap is infinite the result is NaN. Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015.
 */
import type { DType } from '../../dtype.ts'
import { sizeOf, stridesOf } from '../../shape.ts'
import { BodyBuilder } from '../body.ts'
import type { Affine, BufferId, Contraction, DynamicTerm, Kernel, Load, Loop, NodeId, Store } from '../kernel.ts'
import { mapLoad, mapNode, mapStore, renumber } from '../rewrite.ts'
import { type Convolution, uses } from './convolution.ts'

type Matrix = readonly (readonly number[])[]
type Grid = readonly (readonly NodeId[])[]

/** G, B^T and A^T. */
const TAPS: Matrix = [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]
const SAMPLES: Matrix = [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]]
const RESULTS: Matrix = [[1, 1, 1, 0], [0, 1, -1, -1]]

/** Makes a buffer. */
export type Allocate = (dtype: DType, size: number) => BufferId

/** Blocks that are done one after another, so that what lies between the transforms stays in a cache. */
export interface Blocks {
  /** Lengths of all axes in one block; along the result's axes these are tiles. */
  readonly lengths: readonly number[]
  /** The number of blocks along each axis that is cut. */
  readonly counts: ReadonlyMap<number, number>
}

/** Which axes of the convolution those of a kernel are, and where it stands on some others. */
interface Space {
  readonly axes: readonly number[]
  readonly at: ReadonlyMap<number, number>
}

/** A buffer `[16, ...axes]`. */
interface Transformed {
  readonly buffer: BufferId
  readonly axes: readonly number[]
}

/** One convolution, whose result has whole tiles only, being rewritten. */
export class Rewrite {
  readonly k: Contraction
  readonly c: Convolution
  private readonly lengths: readonly number[]
  private readonly allocate: Allocate
  private readonly counters: ReadonlyMap<number, BufferId>
  private readonly counts: ReadonlyMap<number, number>

  constructor(k: Contraction, c: Convolution, blocks: Blocks, allocate: Allocate) {
    this.k = k
    this.c = c
    this.lengths = blocks.lengths
    this.counts = blocks.counts
    this.allocate = allocate
    this.counters = new Map([...blocks.counts.keys()].map(axis => [axis, allocate('int32', 1)]))
  }

  kernels(): readonly Kernel[] {
    const { k, c } = this
    const others = k.extents.map((_, i) => i).filter(i => !c.window.includes(i))
    // The transformed taps lie in memory as the taps do.
    const tapAxes = others.filter(i => uses(c.taps, i)).sort((i, j) => Math.abs(c.taps.map.strides[j] as number) - Math.abs(c.taps.map.strides[i] as number))
    const imageAxes = others.filter(i => uses(c.image, i))
    const parallel = others.filter(i => i < k.parallel)
    const taps = this.transformed(tapAxes), samples = this.transformed(imageAxes), sums = this.transformed(parallel)
    const inner = [this.transform(c.image, SAMPLES, imageAxes, samples), this.products(others, { buffer: samples, axes: imageAxes }, { buffer: taps, axes: tapAxes }, sums), this.results(parallel, sums)]
    const nest = [...this.counts].reduceRight<readonly Kernel[]>((body, [axis, length]) =>
      [{ kind: 'scan', length, reverse: false, counter: this.counters.get(axis) as BufferId, body }], inner)
    return [this.transform(c.taps, TAPS, tapAxes, taps), ...nest]
  }

  private extents(axes: readonly number[]): readonly number[] { return axes.map(i => this.lengths[i] as number) }
  private transformed(axes: readonly number[]): BufferId { return this.allocate(this.k.dtype, 16 * sizeOf(this.extents(axes))) }

  /** An address of the convolution as one of a space's axes: along the result's axes these are tiles. */
  private place(a: Affine, { axes, at }: Space): Affine {
    const { result } = this.c
    const step = (i: number): number => (a.strides[i] ?? 0) * (result.includes(i) ? 2 : 1)
    const blocks = [...this.counters].map(([i, buffer]): DynamicTerm => ({ buffer, stride: step(i) * (this.lengths[i] as number) }))
    const dynamic = [...(a.dynamic ?? []), ...blocks.filter(d => d.stride !== 0)]
    const offset = [...at].reduce((sum, [i, n]) => sum + n * (a.strides[i] ?? 0), a.offset)
    return { offset, strides: axes.map(step), ...(dynamic.length > 0 && { dynamic }) }
  }

  /** Stores M d M^T, where d is read along the window's axes. */
  private transform(from: Load, matrix: Matrix, axes: readonly number[], to: BufferId): Loop {
    const [y, x] = this.c.window
    const extents = this.extents(axes), b = new BodyBuilder(extents)
    const n = (matrix[0] as readonly number[]).length
    const d = grid(n, (i, j) => b.push(mapLoad(from, a => this.place(a, { axes, at: new Map([[y, i], [x, j]]) }))))
    const out = sandwich(b, matrix, d, this.k.dtype).flat()
    return elementwise(extents, b, out.map((value, i) => ({ buffer: to, map: { offset: i * sizeOf(extents), strides: stridesOf(extents) }, value })))
  }

  /** The 16 products of matrices. */
  private products(axes: readonly number[], a: Transformed, b: Transformed, to: BufferId): Contraction {
    const { k } = this
    const parallel = axes.filter(i => i < k.parallel)
    const load = ({ buffer, axes: own }: Transformed): Load => {
      const [position, ...strides] = stridesOf([16, ...this.extents(own)]) as [number, ...number[]]
      return { op: 'load', buffer, dtype: k.dtype, map: { offset: 0, strides: [position, ...axes.map(i => strides[own.indexOf(i)] ?? 0)] } }
    }
    return {
      kind: 'contraction', extents: [16, ...this.extents(axes)], parallel: parallel.length + 1, dtype: k.dtype, a: load(a), b: load(b),
      epilogue: [{ op: 'reduced', dtype: k.dtype, index: 0 }],
      stores: [{ buffer: to, map: { offset: 0, strides: stridesOf([16, ...this.extents(parallel)]) }, value: 0 }],
    }
  }

  /** The outer transform, and the convolution's epilogue for each of the four results. */
  private results(axes: readonly number[], from: BufferId): Loop {
    const { k, c } = this
    const extents = this.extents(axes), b = new BodyBuilder(extents)
    const sums = grid(4, (i, j) => b.push({ op: 'load', buffer: from, dtype: k.dtype, map: { offset: (4 * i + j) * sizeOf(extents), strides: stridesOf(extents) } }))
    const stores = sandwich(b, RESULTS, sums, k.dtype).flatMap((row, i) => row.flatMap((sum, j): readonly Store[] => {
      const place = (a: Affine): Affine => this.place(a, { axes, at: new Map([[c.result[0], i], [c.result[1], j]]) })
      const ids: NodeId[] = []
      for (const n of k.epilogue) ids.push(n.op === 'reduced' ? sum : b.push(mapNode(renumber(n, id => ids[id] as NodeId), place)))
      return k.stores.map(s => ({ ...mapStore(s, place), value: ids[s.value] as NodeId }))
    }))
    return elementwise(extents, b, stores)
  }
}

const grid = (n: number, f: (i: number, j: number) => NodeId): Grid =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => f(i, j)))

const elementwise = (extents: readonly number[], b: BodyBuilder, stores: readonly Store[]): Loop =>
  ({ kind: 'loop', extents, parallel: extents.length, body: [], bodyStores: [], reductions: [], epilogue: b.nodes(), stores })

/** M d M^T. */
function sandwich(b: BodyBuilder, m: Matrix, d: Grid, dtype: DType): Grid {
  const half = m.map(row => (d[0] as readonly NodeId[]).map((_, j) => combination(b, row, d.map(line => line[j] as NodeId), dtype)))
  return half.map(line => m.map(row => combination(b, row, line, dtype)))
}

/** The sum of c_i x_i, for coefficients of one magnitude. */
function combination(b: BodyBuilder, coefficients: readonly number[], x: readonly NodeId[], dtype: DType): NodeId {
  const terms = coefficients.flatMap((c, i) => (c === 0 ? [] : [{ c, x: x[i] as NodeId }])).sort((p, q) => q.c - p.c)
  const [first, ...others] = terms as [(typeof terms)[number], ...typeof terms]
  const sum = others.reduce((s, t) => b.apply(t.c > 0 ? 'add' : 'sub', [s, t.x], dtype), first.x)
  return first.c === 1 ? sum : b.apply('mul', [sum, b.constant(first.c, dtype)], dtype)
}
