/** Kernels over the tiles of a convolution: transforms of its operands and results, products of what is transformed. */
import type { DType } from '../../dtype.ts'
import { sizeOf, stridesOf } from '../../shape.ts'
import { BodyBuilder, elementwise, rangeOf } from '../body.ts'
import type { Affine, BufferId, Contraction, DynamicTerm, Guard, Kernel, Load, Loop, NodeId, Store } from '../kernel.ts'
import { mapLoad, mapNode, mapStore, renumber } from '../rewrite.ts'
import type { Form, Matrix } from './cook-toom.ts'
import type { Pair } from './convolution.ts'
import { grid, sandwich } from './linear.ts'

/** Makes a buffer. */
export type Allocate = (dtype: DType, size: number) => BufferId

/** Matrices along the two tiled axes. */
export type Matrices = readonly [Matrix, Matrix]

/** How two axes are walked in tiles. */
export interface Tiling {
  readonly axes: Pair
  readonly forms: readonly [Form, Form]
  /** Indices of one tile along each axis. */
  readonly steps: Pair
}

/** Blocks that are done one after another, so that what lies between the transforms stays in a cache. */
export interface Blocks {
  /** Lengths of all axes in one block; along the tiled axes in tiles. */
  readonly lengths: readonly number[]
  /** The number of blocks along each axis that is cut. */
  readonly counts: ReadonlyMap<number, number>
}

/** A buffer `[products, ...axes]`. */
export interface Transformed {
  readonly buffer: BufferId
  readonly axes: readonly number[]
}

/** Sums of products, and the matrices that make results of them. */
export interface Sums {
  readonly matrices: Matrices
  readonly from: Transformed
}

/** Elements of a cache line. */
const LINE = 16

/** Products of one tile, of each pair of channels. */
export const productsOf = (forms: readonly [Form, Form]): number => forms[0].ofSamples.length * forms[1].ofSamples.length

/** The kernels of one Contraction `k`, two axes of which are walked in tiles. */
export class Tiles {
  readonly k: Contraction
  private readonly tiling: Tiling
  private readonly blocks: Blocks
  private readonly allocate: Allocate
  private readonly counters: ReadonlyMap<number, BufferId>
  private readonly products: number

  constructor(k: Contraction, tiling: Tiling, blocks: Blocks, allocate: Allocate) {
    this.k = k
    this.tiling = tiling
    this.blocks = blocks
    this.allocate = allocate
    this.counters = new Map([...blocks.counts.keys()].map(axis => [axis, allocate('int32', 1)]))
    this.products = productsOf(tiling.forms)
  }

  transformed(axes: readonly number[]): Transformed {
    return { buffer: this.allocate(this.k.dtype, this.products * this.pitch(axes)), axes }
  }

  /** Runs `body` for each block, in order. */
  forBlocks(body: readonly Kernel[]): readonly Kernel[] {
    return [...this.blocks.counts].reduceRight<readonly Kernel[]>(
      (inner, [axis, length]) => [{ kind: 'scan', length, reverse: false, counter: this.counters.get(axis) as BufferId, body: inner }],
      body,
    )
  }

  /** Runs `body` for each block, in any order. */
  forIndependentBlocks(body: readonly Kernel[]): readonly Kernel[] {
    const lengths = [...this.blocks.counts.values()]
    if (lengths.length === 0) return body
    const [only] = this.counters.values()
    const counter = lengths.length === 1 ? (only as BufferId) : this.allocate('int32', 1)
    const numbers = lengths.length === 1 ? [] : [this.countersOf(counter, lengths)]
    return [{ kind: 'scan', length: sizeOf(lengths), reverse: false, counter, body: [...numbers, ...body], independent: true }]
  }

  /** The block's numbers along all axes that are cut, from its number among all blocks. */
  private countersOf(block: BufferId, lengths: readonly number[]): Loop {
    const b = new BodyBuilder([]),
      here: Affine = { offset: 0, strides: [] }
    const number = b.push({ op: 'load', buffer: block, dtype: 'int32', map: here })
    const strides = stridesOf(lengths)
    const stores = [...this.counters.values()].map((buffer, i) => {
      const outer = b.apply('div', [number, b.constant(strides[i] as number, 'int32')], 'int32')
      return { buffer, map: here, value: b.apply('rem', [outer, b.constant(lengths[i] as number, 'int32')], 'int32') }
    })
    return elementwise([], b.nodes(), stores)
  }

  /** Stores L d R^T, where d is read along the axes y and x; `guards` gives further guards of an element of d. */
  transform(from: Load, matrices: Matrices, [y, x]: Pair, to: Transformed, guards: readonly Guard[] = []): Loop {
    const extents = this.extents(to.axes),
      b = new BodyBuilder(extents)
    const guarded = guards.length === 0 ? from : { ...from, guards: [...(from.guards ?? []), ...guards] }
    const d = grid(columns(matrices[0]), columns(matrices[1]), (i, j) =>
      b.push(
        this.withoutSureGuards(
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
          extents,
        ),
      ),
    )
    const out = sandwich(b, matrices, d, this.k.dtype).flat()
    return elementwise(
      extents,
      b.nodes(),
      out.map((value, i) => ({ buffer: to.buffer, map: { offset: i * this.pitch(to.axes), strides: stridesOf(extents) }, value })),
    )
  }

  /** The products of matrices over these axes of the convolution; `adds`: to what is in `to` already. */
  multiply(axes: readonly number[], a: Transformed, b: Transformed, to: Transformed, adds: boolean): Contraction {
    const { dtype } = this.k
    const mapOf = ({ axes: own }: Transformed, over: readonly number[]): Affine => {
      const strides = stridesOf(this.extents(own))
      return { offset: 0, strides: [this.pitch(own), ...over.map(i => strides[own.indexOf(i)] ?? 0)] }
    }
    const load = (t: Transformed): Load => ({ op: 'load', buffer: t.buffer, dtype, map: mapOf(t, axes) })
    const parallel = axes.filter(i => to.axes.includes(i))
    const map = mapOf(to, parallel)
    const sum = { op: 'reduced', dtype, index: 0 } as const
    return {
      kind: 'contraction',
      extents: [this.products, ...this.extents(axes)],
      parallel: parallel.length + 1,
      dtype,
      a: load(a),
      b: load(b),
      epilogue: adds ? [sum, { op: 'load', buffer: to.buffer, dtype, map }, { op: 'add', dtype, args: [1, 0] }] : [sum],
      stores: [{ buffer: to.buffer, map, value: adds ? 2 : 0 }],
    }
  }

  /** The sum of L s R^T for all sums s, and the epilogue of `k` for each of its elements, which lie along the axes y and x. */
  results(parts: readonly Sums[], [y, x]: Pair): Loop {
    const { k } = this
    const { axes } = (parts[0] as Sums).from
    const extents = this.extents(axes),
      b = new BodyBuilder(extents)
    const strides = stridesOf(extents)
    const grids = parts.map(({ matrices, from: { buffer } }) => {
      const width = columns(matrices[1])
      const sums = grid(columns(matrices[0]), width, (i, j) =>
        b.push({ op: 'load', buffer, dtype: k.dtype, map: { offset: (width * i + j) * this.pitch(axes), strides } }),
      )
      return sandwich(b, matrices, sums, k.dtype)
    })
    const total = grids.reduce((all, one) => all.map((row, i) => row.map((s, j) => b.apply('add', [s, one[i]?.[j] as NodeId], k.dtype))))
    const stores = total.flatMap((row, i) =>
      row.flatMap((sum, j): readonly Store[] => {
        const place = (a: Affine): Affine =>
          this.place(
            a,
            axes,
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
    return elementwise(extents, b.nodes(), stores)
  }

  zeros(to: Transformed): Loop {
    const extents = [this.products, ...this.extents(to.axes)],
      b = new BodyBuilder(extents)
    const value = b.constant(0, this.k.dtype)
    return elementwise(extents, b.nodes(), [
      { buffer: to.buffer, map: { offset: 0, strides: [this.pitch(to.axes), ...stridesOf(extents.slice(1))] }, value },
    ])
  }

  private extents(axes: readonly number[]): readonly number[] {
    return axes.map(i => this.blocks.lengths[i] as number)
  }

  /** The load without guards that hold in all blocks. */
  private withoutSureGuards({ guards, ...load }: Load, extents: readonly number[]): Load {
    const axes = [...this.counters].map(([axis, buffer]) => ({ buffer, count: this.blocks.counts.get(axis) as number }))
    const holds = ({ index: { offset, strides, dynamic = [] }, extent }: Guard): boolean => {
      const known = dynamic.filter(d => axes.some(a => a.buffer === d.buffer))
      const all: Affine = { offset, strides: [...strides, ...known.map(d => d.stride)] }
      const counts = known.map(d => axes.find(a => a.buffer === d.buffer)?.count ?? 1)
      const [low, high] = rangeOf(all, [...extents, ...counts])
      return known.length === dynamic.length && low >= 0 && high < extent
    }
    const needed = (guards ?? []).filter(g => !holds(g))
    return needed.length === 0 ? load : { ...load, guards: needed }
  }

  /** Elements from one product to the next: an odd number of cache lines, so that the many products of a tile lie in different sets of a cache. */
  private pitch(axes: readonly number[]): number {
    const lines = Math.ceil(sizeOf(this.extents(axes)) / LINE)
    return LINE * (lines % 2 === 0 ? lines + 1 : lines)
  }

  /** An address of the convolution for a kernel over `axes`, which stands at these places of some others. */
  private place(a: Affine, axes: readonly number[], at: ReadonlyMap<number, number>): Affine {
    const { axes: tiled, steps } = this.tiling
    const step = (i: number): number => (a.strides[i] ?? 0) * (steps[tiled.indexOf(i)] ?? 1)
    const blocks = [...this.counters].map(([i, buffer]): DynamicTerm => ({ buffer, stride: step(i) * (this.blocks.lengths[i] as number) }))
    const dynamic = [...(a.dynamic ?? []), ...blocks.filter(d => d.stride !== 0)]
    const offset = [...at].reduce((sum, [i, n]) => sum + n * (a.strides[i] ?? 0), a.offset)
    return { offset, strides: axes.map(step), ...(dynamic.length > 0 && { dynamic }) }
  }
}

const columns = (m: Matrix): number => (m[0] as readonly number[]).length
