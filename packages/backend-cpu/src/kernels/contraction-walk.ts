/** From one block of rows and one part of columns to the micro-kernel: panels of columns, then the rows' axes, then tiles. */
import { I32, type Local } from '../wasm/assembler.ts'
import { strideAt } from './contraction-axes.ts'
import { fillA, panelStride, pushPackedB } from './contraction-fill.ts'
import { layoutStrides, panelSize } from './contraction-layout.ts'
import type { Nest } from './contraction-nest.ts'
import { kLengths } from './contraction-plan.ts'
import { type RowTile, rowsAlong, type Run } from './contraction-tiling.ts'
import { tileFunction } from './contraction-tile.ts'
import { FRAME } from './kernel.ts'

/** What is fixed while code for one kind of block is written. */
interface Block {
  readonly kSize: number
  readonly run: Run | undefined
  /** Elements to move for one step of each axis. */
  readonly strideA: readonly number[]
  readonly strideB: readonly number[]
  /** Elements from one panel of tiles to the next; 0: rows are not in panels. */
  readonly panelA: number
  readonly panelB: number
}

/** Columns of a panel: all panels but the last are alike. */
interface Panel {
  readonly vectors: number
  readonly lastLanes: number
}

/** Where tiles of one height begin. */
interface RunPlace {
  /** Pushes the index of the first row. */
  readonly first: () => void
  /** Pushes the number of tiles. */
  readonly count: () => void
  /** Points to the first row. */
  readonly from: Local
}

export interface WalkOptions {
  readonly kSize: number
  readonly run: Run | undefined
  /** Add up this many partial sums instead of multiplying. */
  readonly combine?: { readonly count: number; readonly bytes: number } | undefined
  /** Emits the code that packs the block of a where it has to be packed; absent: it is there. */
  readonly pack?: ((fill: () => void) => void) | undefined
  /** Nothing but that. */
  readonly packOnly?: boolean
}

export class Walk {
  private readonly nest: Nest
  private readonly options: WalkOptions
  private readonly block: Block
  private readonly blockA: Local

  constructor(nest: Nest, options: WalkOptions) {
    this.nest = nest
    this.options = options
    this.blockA = nest.f.local(I32)
    this.block = this.describe(options.kSize, options.run)
  }

  private describe(kSize: number, run: Run | undefined): Block {
    const { g } = this.nest
    const { form, plan } = g
    const layoutA = g.layoutA(kSize, run)
    const layoutB = g.layoutB(kSize)
    const strideB = plan.b.kind === 'inPlace' ? form.b.map.strides : layoutStrides(layoutB)
    const lane = form.n === undefined ? 0 : (strideB[form.n] as number)
    return {
      kSize,
      run,
      strideB,
      strideA: plan.a.kind === 'inPlace' ? form.a.map.strides : layoutStrides(layoutA),
      panelA: plan.a.kind === 'panels' ? panelSize(layoutA) : 0,
      panelB: plan.b.kind === 'inPlace' ? panelStride(this.nest) : plan.b.kind === 'panels' ? panelSize(layoutB) : g.width * lane,
    }
  }

  emit(): void {
    const { nest, options } = this
    const { form, plan } = nest.g
    if (options.combine === undefined) {
      if (plan.a.kind !== 'inPlace') options.pack?.(() => fillA(nest, options.kSize, options.run))
      if (options.packOnly === true) return
      ;(plan.a.kind === 'inPlace' ? nest.pushAddress(form.a) : nest.f.get(nest.packedA)).set(this.blockA)
      ;(plan.b.kind === 'inPlace' ? nest.pushAddress(form.b) : pushPackedB(nest)).set(nest.pb)
    }
    this.panels()
  }

  private panels(): void {
    const { f, g, index, base, firstPanel, panelCount, pb } = this.nest
    const { form, plan } = g
    const [p, end] = [f.local(I32), f.local(I32)]
    const full: Panel = { vectors: plan.vectors, lastLanes: 4 }
    const tail: Panel = { vectors: Math.ceil(g.tailColumns / 4), lastLanes: ((g.tailColumns - 1) % 4) + 1 }
    const laneA = form.lanesInBoth && form.n !== undefined ? (this.block.strideA[form.n] as number) : 0
    f.get(firstPanel).get(panelCount).add().set(end)
    if (form.n !== undefined) f.get(base[form.n] as Local).set(index[form.n] as Local)
    f.forRange(p, firstPanel, end, () => {
      if (g.tailColumns === 0) this.rows(full)
      else if (plan.panels === 1) this.rows(tail)
      else
        f.get(p).i32(plan.panels - 1).eq().if(
            () => this.rows(tail),
            () => this.rows(full),
          )
      f.bump(pb, 4 * this.block.panelB).bump(this.blockA, 4 * g.width * laneA)
      if (form.n !== undefined) f.bump(index[form.n] as Local, g.width)
    })
  }

  /** The loops over the rows' axes of the block. */
  private rows(panel: Panel): void {
    const { f, g, base, blockCount } = this.nest
    const { rows, tiling } = g.plan
    const { run } = this.block
    if (run !== undefined && tiling.kind === 'runs') {
      const place = { first: () => f.get(base[tiling.axis] as Local), count: () => f.get(blockCount), from: this.blockA }
      return this.tilesOf(tiling.axis, run, place, (pa) => {
        this.axes(rows.inner, pa, (at) => this.tile(panel, rowsAlong(tiling.axis, run.rows), at))
      })
    }
    this.axes([...(rows.blocked === undefined ? [] : [rows.blocked]), ...rows.inner], this.blockA, (pa) => this.tilesHere(panel, pa))
  }

  private axes(axes: readonly number[], pa: Local, leaf: (pa: Local) => void): void {
    const { nest } = this
    const { f, g } = nest
    const [axis, ...inner] = axes
    if (axis === undefined) return leaf(pa)
    const cut = axis === g.plan.rows.blocked
    const index = nest.index[axis] as Local
    if (cut) f.get(nest.base[axis] as Local).set(index)
    else f.i32(0).set(index)
    const count = (): void => {
      if (cut) f.get(nest.blockCount)
      else f.i32(g.form.extents[axis] as number)
    }
    nest.walk({ from: pa, step: 4 * (this.block.strideA[axis] as number), index, by: 1, count }, (at) => this.axes(inner, at, leaf))
  }

  /** The loop over tiles of one height. */
  private tilesOf(axis: number, run: Run, place: RunPlace, body: (pa: Local) => void): void {
    const { nest, block } = this
    const index = nest.index[axis] as Local
    place.first()
    nest.f.set(index)
    const step = 4 * (block.panelA > 0 ? block.panelA : run.rows * (block.strideA[axis] as number))
    nest.walk({ from: place.from, step, index, by: run.rows, count: place.count }, body)
  }

  /** All tiles of the tiling at one index of the other axes. */
  private tilesHere(panel: Panel, pa: Local): void {
    const { f, g, index } = this.nest
    const { tiling } = g.plan
    const { strideA } = this.block
    const at = f.local(I32)
    if (tiling.kind === 'runs') {
      for (const run of tiling.runs) {
        f.get(pa).i32(4 * run.start * (strideA[tiling.axis] as number)).add().set(at)
        const place = { first: () => f.i32(run.start), count: () => f.i32(run.tiles), from: at }
        this.tilesOf(tiling.axis, run, place, (here) => this.tile(panel, rowsAlong(tiling.axis, run.rows), here))
      }
      return
    }
    for (const tile of tiling.tiles) {
      f.get(pa).i32(4 * tiling.axes.reduce((n, axis, i) => n + (strideA[axis] as number) * (tile.first[i] as number), 0)).add().set(at)
      tiling.axes.forEach((axis, i) => f.i32(tile.first[i] as number).set(index[axis] as Local))
      this.tile(panel, { axes: tiling.axes, rows: tile.rows }, at)
    }
  }

  /** The call of the micro-kernel. */
  private tile(panel: Panel, rows: RowTile, pa: Local): void {
    const { nest, block, options } = this
    const { f, g, context } = nest
    const { form, plan } = g
    const lengths = kLengths(form, plan.k, block.kSize)
    const axes = [...(plan.k.blocked === undefined ? [] : [plan.k.blocked]), ...plan.k.inner]
    const offsets = rows.rows.map((row) => row.reduce((n, x, i) => n + 4 * x * (block.strideA[rows.axes[i] as number] as number), 0))
    const low = Math.min(...offsets) // a row may lie before the first one where a tile spans several axes
    const tile = tileFunction(context, form, nest.tiles, {
      ...rows,
      ...panel,
      combine: options.combine,
      exactA: plan.a.kind === 'inPlace',
      exactB: plan.b.kind === 'inPlace',
      partial: g.kBlocks > 1,
      offsets: offsets.map((x) => x - low),
      dot: plan.dot ? { columnStep: 4 * strideAt(form.b.map, form.n ?? -1) } : undefined,
      steps: axes.map((axis) => ({
        count: lengths[axis] as number,
        a: 4 * (block.strideA[axis] as number),
        b: 4 * (block.strideB[axis] as number),
      })),
    })
    f.get(FRAME).get(pa)
    if (low !== 0) f.i32(low).add()
    f.get(nest.pb).get(nest.part).get(nest.flags)
    for (let axis = 0; axis < form.parallel; axis++) f.get(nest.index[axis] as Local)
    f.call(tile)
    if (g.kBlocks > 1) f.bump(nest.part, 16 * panel.vectors * rows.rows.length)
  }
}
