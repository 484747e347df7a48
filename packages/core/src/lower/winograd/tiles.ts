/** Kernels over the tiles of a convolution: transforms of its operands and results, products of what is transformed. */
import type { DType } from '../../dtype.ts'
import { sizeOf, stridesOf } from '../../shape.ts'
import { BodyBuilder } from '../body.ts'
import type { Affine, BufferId, Contraction, DynamicTerm, Guard, Kernel, Load, Loop, NodeId, Store } from '../kernel.ts'
import { mapLoad, mapNode, mapStore, renumber } from '../rewrite.ts'
import type { Pair } from './convolution.ts'

export type Matrix = readonly (readonly number[])[]
type Grid = readonly (readonly NodeId[])[]

/** Makes a buffer. */
export type Allocate = (dtype: DType, size: number) => BufferId

/** Blocks that are done one after another, so that what lies between the transforms stays in a cache. */
export interface Blocks {
  /** Lengths of all axes in one block; along the tiled axes in tiles of 2. */
  readonly lengths: readonly number[]
  /** The number of blocks along each axis that is cut. */
  readonly counts: ReadonlyMap<number, number>
}

/** A buffer `[16, ...axes]`. */
export interface Transformed {
  readonly buffer: BufferId
  readonly axes: readonly number[]
}

/** The kernels of one Contraction `k`, of which the two axes `tiled` are walked in tiles of 2. */
export class Tiles {
  readonly k: Contraction
  private readonly tiled: Pair
  private readonly blocks: Blocks
  private readonly allocate: Allocate
  private readonly counters: ReadonlyMap<number, BufferId>

  constructor(k: Contraction, tiled: Pair, blocks: Blocks, allocate: Allocate) {
    this.k = k
    this.tiled = tiled
    this.blocks = blocks
    this.allocate = allocate
    this.counters = new Map([...blocks.counts.keys()].map(axis => [axis, allocate('int32', 1)]))
  }

  transformed(axes: readonly number[]): Transformed {
    return { buffer: this.allocate(this.k.dtype, 16 * sizeOf(this.extents(axes))), axes }
  }

  /** Runs `body` for each block. */
  forBlocks(body: readonly Kernel[]): readonly Kernel[] {
    return [...this.blocks.counts].reduceRight<readonly Kernel[]>(
      (inner, [axis, length]) => [{ kind: 'scan', length, reverse: false, counter: this.counters.get(axis) as BufferId, body: inner }],
      body,
    )
  }

  /** Stores M d M^T, where d is read along the axes `along`; `guards` gives further guards of an element of d. */
  transform(from: Load, matrix: Matrix, [y, x]: Pair, to: Transformed, guards: readonly Guard[] = []): Loop {
    const extents = this.extents(to.axes),
      b = new BodyBuilder(extents)
    const guarded = guards.length === 0 ? from : { ...from, guards: [...(from.guards ?? []), ...guards] }
    const n = (matrix[0] as readonly number[]).length
    const d = grid(n, n, (i, j) =>
      b.push(
        mapLoad(guarded, a =>
          this.place(
            a,
            to.axes,
            new Map([
              [y, i],
              [x, j],
            ]),
          ),
        ),
      ),
    )
    const out = sandwich(b, matrix, d, this.k.dtype).flat()
    return elementwise(
      extents,
      b,
      out.map((value, i) => ({ buffer: to.buffer, map: { offset: i * sizeOf(extents), strides: stridesOf(extents) }, value })),
    )
  }

  /** The 16 products of matrices over these axes of the convolution; `adds`: to what is in `to` already. */
  products(axes: readonly number[], a: Transformed, b: Transformed, to: Transformed, adds: boolean): Contraction {
    const { dtype } = this.k
    const load = ({ buffer, axes: own }: Transformed): Load => {
      const [position, ...strides] = stridesOf([16, ...this.extents(own)]) as [number, ...number[]]
      return { op: 'load', buffer, dtype, map: { offset: 0, strides: [position, ...axes.map(i => strides[own.indexOf(i)] ?? 0)] } }
    }
    const map: Affine = { offset: 0, strides: stridesOf([16, ...this.extents(to.axes)]) }
    const sum = { op: 'reduced', dtype, index: 0 } as const
    return {
      kind: 'contraction',
      extents: [16, ...this.extents(axes)],
      parallel: to.axes.length + 1,
      dtype,
      a: load(a),
      b: load(b),
      epilogue: adds ? [sum, { op: 'load', buffer: to.buffer, dtype, map }, { op: 'add', dtype, args: [1, 0] }] : [sum],
      stores: [{ buffer: to.buffer, map, value: adds ? 2 : 0 }],
    }
  }

  /** M s M^T for the sums s, and the epilogue of `k` for each of its elements, which lie along the axes `along`. */
  results(matrix: Matrix, [y, x]: Pair, from: Transformed): Loop {
    const { k } = this
    const extents = this.extents(from.axes),
      b = new BodyBuilder(extents)
    const sums = grid(4, 4, (i, j) =>
      b.push({
        op: 'load',
        buffer: from.buffer,
        dtype: k.dtype,
        map: { offset: (4 * i + j) * sizeOf(extents), strides: stridesOf(extents) },
      }),
    )
    const stores = sandwich(b, matrix, sums, k.dtype).flatMap((row, i) =>
      row.flatMap((sum, j): readonly Store[] => {
        const place = (a: Affine): Affine =>
          this.place(
            a,
            from.axes,
            new Map([
              [y, i],
              [x, j],
            ]),
          )
        const ids: NodeId[] = []
        for (const n of k.epilogue)
          ids.push(
            n.op === 'reduced'
              ? sum
              : b.push(
                  mapNode(
                    renumber(n, id => ids[id] as NodeId),
                    place,
                  ),
                ),
          )
        return k.stores.map(s => ({ ...mapStore(s, place), value: ids[s.value] as NodeId }))
      }),
    )
    return elementwise(extents, b, stores)
  }

  zeros(to: Transformed): Loop {
    const extents = [16, ...this.extents(to.axes)],
      b = new BodyBuilder(extents)
    const value = b.constant(0, this.k.dtype)
    return elementwise(extents, b, [{ buffer: to.buffer, map: { offset: 0, strides: stridesOf(extents) }, value }])
  }

  private extents(axes: readonly number[]): readonly number[] {
    return axes.map(i => this.blocks.lengths[i] as number)
  }

  /** An address of the convolution for a kernel over `axes`, which stands at these places of some others. */
  private place(a: Affine, axes: readonly number[], at: ReadonlyMap<number, number>): Affine {
    const step = (i: number): number => (a.strides[i] ?? 0) * (this.tiled.includes(i) ? 2 : 1)
    const blocks = [...this.counters].map(([i, buffer]): DynamicTerm => ({ buffer, stride: step(i) * (this.blocks.lengths[i] as number) }))
    const dynamic = [...(a.dynamic ?? []), ...blocks.filter(d => d.stride !== 0)]
    const offset = [...at].reduce((sum, [i, n]) => sum + n * (a.strides[i] ?? 0), a.offset)
    return { offset, strides: axes.map(step), ...(dynamic.length > 0 && { dynamic }) }
  }
}

const grid = (n: number, m: number, f: (i: number, j: number) => NodeId): Grid =>
  Array.from({ length: n }, (_, i) => Array.from({ length: m }, (_, j) => f(i, j)))

const elementwise = (extents: readonly number[], b: BodyBuilder, stores: readonly Store[]): Loop => ({
  kind: 'loop',
  extents,
  parallel: extents.length,
  body: [],
  bodyStores: [],
  reductions: [],
  epilogue: b.nodes(),
  stores,
})

/** M d M^T. */
function sandwich(b: BodyBuilder, m: Matrix, d: Grid, dtype: DType): Grid {
  const half = m.map(row =>
    (d[0] as readonly NodeId[]).map((_, j) =>
      combination(
        b,
        row,
        d.map(line => line[j] as NodeId),
        dtype,
      ),
    ),
  )
  return half.map(line => m.map(row => combination(b, row, line, dtype)))
}

/** The sum of c_i x_i. */
function combination(b: BodyBuilder, coefficients: readonly number[], x: readonly NodeId[], dtype: DType): NodeId {
  const ofMagnitude = (m: number): NodeId => {
    const terms = coefficients.flatMap((c, i) => (Math.abs(c) === m ? [{ c, x: x[i] as NodeId }] : [])).sort((p, q) => q.c - p.c)
    const [first, ...others] = terms as [(typeof terms)[number], ...typeof terms]
    const sum = others.reduce(
      (s, t) => b.apply(t.c > 0 ? 'add' : 'sub', [s, t.x], dtype),
      first.c > 0 ? first.x : b.apply('neg', [first.x], dtype),
    )
    return m === 1 ? sum : b.apply('mul', [sum, b.constant(m, dtype)], dtype)
  }
  return [...new Set(coefficients.filter(c => c !== 0).map(Math.abs))].map(ofMagnitude).reduce((s, t) => b.apply('add', [s, t], dtype))
}
