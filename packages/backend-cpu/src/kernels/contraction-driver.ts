/**
 * The loops around the micro-kernel. A phase walks UNITS: one batch index, one part of the columns, one group of blocks of rows. A unit does
 *
 *     for each block of the reduced axes
 *       pack the part of b (kept from unit to unit when there is one block only)
 *       for each block of rows
 *         pack the block of a
 *         for each panel of columns, each tile of rows: the micro-kernel
 *
 * With several blocks of reduced axes the sums wait in scratch memory between them; the last one applies the epilogue.
 */
import type { Affine, Load } from '@cotangent/core/kernel'
import { I32, type Local, WasmFunction } from '../wasm/assembler.ts'
import { type Form, strideAt, uses } from './contraction-axes.ts'
import { type Layout, layoutSize, layoutStrides, packingOf, panelSize } from './contraction-layout.ts'
import { ADD, LAST } from './contraction-micro.ts'
import { extentOf, type Operand } from './contraction-operand.ts'
import { packFunction, zeroFloats } from './contraction-pack.ts'
import { kLengths, layoutA, layoutB, type Plan, product, type Run } from './contraction-plan.ts'
import { type RowTile, tileFunction } from './contraction-tile.ts'
import { address, BEGIN, type EmitContext, END, FRAME, type Phase, phaseParams, SCRATCH } from './kernel.ts'

/** Everything that is fixed while code for one block of the reduced axes and one kind of row block is written. */
interface Variant {
  /** Length of the blocked reduced axis. */
  readonly kSize: number
  readonly strideA: readonly number[]
  readonly strideB: readonly number[]
}

/** A panel of columns: all but the last are alike. */
interface Panel {
  readonly vectors: number
  readonly lastLanes: number
}

const KEEP_B = -1

export class Driver {
  private readonly f = new WasmFunction('contraction', phaseParams)
  private readonly context: EmitContext
  private readonly form: Form
  private readonly plan: Plan
  /** The index of each axis at the present place, and where the present block of it begins. */
  private readonly index: readonly Local[]
  private readonly base: readonly Local[]
  private readonly pa: Local
  private readonly pb: Local
  private readonly part: Local
  private readonly flags: Local
  private readonly blockCount: Local
  private readonly firstPanel: Local
  private readonly panelCount: Local
  private readonly blocksDone: Local
  private readonly sizes: { readonly a: number; readonly b: number; readonly part: number }

  constructor(context: EmitContext, form: Form, plan: Plan) {
    this.context = context
    this.form = form
    this.plan = plan
    const { f } = this
    const local = (): Local => f.local(I32)
    this.index = form.extents.map(local)
    const moves = (axis: number): boolean => axis === form.n || axis === plan.rows.blocked
    this.base = form.extents.map((_, axis) => (moves(axis) ? local() : (this.index[axis] as Local)))
    this.pa = local()
    this.pb = local()
    this.part = local()
    this.flags = local()
    this.blockCount = local()
    this.firstPanel = local()
    this.panelCount = local()
    this.blocksDone = local()
    this.sizes = this.scratchSizes()
  }

  emit(cost: number): Phase {
    const { f, context } = this
    const { a, b, part } = this.sizes
    context.needScratch(4 * (a + b + part))
    const { units, group } = this.unitCount()
    const [u, end, kept, loaded] = [f.local(I32), f.local(I32), f.local(I32), f.local(I32)]
    const first = f.local(I32)
    f.get(BEGIN).i32(this.plan.grain).mul().set(first)
    f.get(END).i32(this.plan.grain).mul().set(end).i32(units).set(u).minS(end, u).set(end)
    f.i32(KEEP_B).set(loaded)
    f.forRange(u, first, end, () => {
      const groupIndex = this.decode(u, kept, group)
      this.reduce((variantSize) => {
        this.packB(variantSize, kept, loaded)
        this.rowBlocks(variantSize, groupIndex)
      })
    })
    return { run: context.module.add(f), tasks: Math.ceil(units / this.plan.grain), cost }
  }

  // ---- sizes

  private get width(): number { return 4 * this.plan.vectors }

  private get kSizes(): number[] {
    const { blocked, size } = this.plan.k
    if (blocked === undefined) return [1]
    const rest = (this.form.extents[blocked] as number) % size
    return rest === 0 ? [size] : [size, rest]
  }

  /** Blocks of the reduced axes. */
  private get kBlocks(): number {
    const { blocked, size, singles } = this.plan.k
    return product(singles, this.form.extents) * (blocked === undefined ? 1 : Math.ceil((this.form.extents[blocked] as number) / size))
  }

  private get tilesBlocked(): boolean {
    const { tiling, rows } = this.plan
    return tiling.kind === 'runs' && tiling.axis === rows.blocked
  }

  /** Row blocks for one index of the single axes. */
  private get blocksPerSingle(): number {
    const { tiling, rows } = this.plan
    if (rows.blocked === undefined) return 1
    if (tiling.kind === 'runs' && this.tilesBlocked) return tiling.runs.reduce((n, r) => n + Math.ceil(r.tiles / rows.size), 0)
    return Math.ceil((this.form.extents[rows.blocked] as number) / rows.size)
  }

  private get blocks(): number { return product(this.plan.rows.singles, this.form.extents) * this.blocksPerSingle }

  private unitCount(): { units: number; group: number } {
    const { form, plan } = this
    const groups = Math.ceil(this.blocks / plan.group)
    return { units: product(form.batch, form.extents) * Math.ceil(plan.panels / plan.partPanels) * groups, group: groups }
  }

  /** Greatest row lengths of a block of tiles of this height (or of the whole tiling). */
  private rowLengths(lengths: readonly number[], run: Run | undefined): number[] {
    const { rows, tiling } = this.plan
    const tiled = tiling.kind === 'runs' ? [tiling.axis] : tiling.axes
    return lengths.map((n, axis) => {
      const extent = this.form.extents[axis] as number
      if (run !== undefined && axis === rows.blocked) return Math.min(rows.size, run.tiles) * run.rows
      if (axis === rows.blocked) return rows.size
      return rows.inner.includes(axis) || tiled.includes(axis) ? extent : n
    })
  }

  private layoutOfA(kSize: number, run: Run | undefined): Layout {
    const lengths = this.rowLengths(kLengths(this.form, this.plan.k, kSize), run)
    return layoutA(this.form, this.plan, lengths, run?.rows ?? 1)
  }

  private layoutOfB(kSize: number): Layout {
    const lengths = kLengths(this.form, this.plan.k, kSize)
    if (this.form.n !== undefined) lengths[this.form.n] = this.width * this.plan.partPanels
    return layoutB(this.form, this.plan, lengths, this.width)
  }

  private scratchSizes(): { a: number; b: number; part: number } {
    const { plan } = this
    const round = (n: number): number => Math.ceil(n / 16) * 16
    const a = plan.a.packed === undefined ? 0 : Math.max(...this.kSizes.flatMap((k) => this.runs.map((r) => layoutSize(this.layoutOfA(k, r)))))
    const b = plan.b.packed === undefined ? 0 : Math.max(...this.kSizes.map((k) => layoutSize(this.layoutOfB(k))))
    const lengths = this.rowLengths(this.form.extents.map(() => 1), undefined)
    if (this.tilesBlocked && plan.tiling.kind === 'runs') lengths[plan.tiling.axis] = plan.rows.size * Math.max(...plan.tiling.runs.map((r) => r.rows))
    const rows = plan.group * product(this.form.m, lengths)
    return { a: round(a), b: round(b), part: this.kBlocks > 1 ? rows * plan.partPanels * this.width : 0 }
  }

  /** The kinds of row blocks: one for each height of tile when the tiles' axis is cut. */
  private get runs(): readonly (Run | undefined)[] {
    const { tiling } = this.plan
    return tiling.kind === 'runs' && this.tilesBlocked ? tiling.runs : [undefined]
  }

  // ---- units

  /** Sets the batch indices and the part of the columns; `kept` becomes the number of the part of b. Returns the group's number. */
  private decode(u: Local, kept: Local, groups: number): Local {
    const { f, form, plan } = this
    const rest = f.local(I32)
    const groupIndex = f.local(I32)
    f.get(u).set(rest)
    const take = (count: number, into: Local): void => {
      if (count === 1) { f.i32(0).set(into); return }
      f.get(rest).i32(count).remU().set(into).get(rest).i32(count).divU().set(rest)
    }
    take(groups, groupIndex)
    const ofB = form.batch.filter((axis) => uses(form.b, axis))
    for (const axis of form.batch.filter((x) => !ofB.includes(x)).reverse()) take(form.extents[axis] as number, this.index[axis] as Local)
    f.get(rest).set(kept)
    const partNumber = f.local(I32)
    take(Math.ceil(plan.panels / plan.partPanels), partNumber)
    for (const axis of [...ofB].reverse()) take(form.extents[axis] as number, this.index[axis] as Local)
    f.get(partNumber).i32(plan.partPanels).mul().set(this.firstPanel)
    const [most, left] = [f.local(I32), f.local(I32)]
    f.i32(plan.partPanels).set(most).i32(plan.panels).get(this.firstPanel).sub().set(left).minS(most, left).set(this.panelCount)
    if (form.n !== undefined) f.get(this.firstPanel).i32(this.width).mul().set(this.base[form.n] as Local)
    return groupIndex
  }

  /** The loops over blocks of the reduced axes. */
  private reduce(body: (size: number) => void): void {
    const { f, form, plan } = this
    const { blocked, size, singles } = plan.k
    f.i32(0).set(this.blocksDone)
    const block = (length: number): void => {
      f.get(this.blocksDone).i32(0).ne().i32(ADD).mul()
      f.get(this.blocksDone).i32(this.kBlocks - 1).eq().i32(LAST).mul().add().set(this.flags)
      body(length)
      f.bump(this.blocksDone, 1)
    }
    const nest = (d: number): void => {
      const axis = singles[d]
      if (axis !== undefined) return this.each(axis, form.extents[axis] as number, () => nest(d + 1))
      if (blocked === undefined) return block(1)
      const extent = form.extents[blocked] as number
      const index = this.index[blocked] as Local
      f.i32(0).set(index)
      f.repeat(Math.floor(extent / size), () => {
        block(size)
        f.bump(index, size)
      })
      if (extent % size !== 0) block(extent % size)
    }
    nest(0)
  }

  private each(axis: number, count: number, body: () => void): void {
    const { f } = this
    const index = this.index[axis] as Local
    f.i32(0).set(index)
    f.repeat(count, () => {
      body()
      f.bump(index, 1)
    })
  }

  // ---- rows

  private rowBlocks(kSize: number, groupIndex: Local): void {
    const { f, plan } = this
    const [block, from, to, most] = [f.local(I32), f.local(I32), f.local(I32), f.local(I32)]
    if (this.kBlocks > 1) f.get(SCRATCH).i32(4 * (this.sizes.a + this.sizes.b)).add().set(this.part)
    f.get(groupIndex).i32(plan.group).mul().tee(from).i32(plan.group).add().set(to)
    f.i32(this.blocks).set(most).minS(to, most).set(to)
    f.forRange(block, from, to, () => this.rowBlock(kSize, block))
  }

  private rowBlock(kSize: number, block: Local): void {
    const { f, form, plan } = this
    const { singles, blocked, size } = plan.rows
    const [rest, at] = [f.local(I32), f.local(I32)]
    f.get(block).set(rest).get(rest).i32(this.blocksPerSingle).remU().set(at)
    f.get(rest).i32(this.blocksPerSingle).divU().set(rest)
    for (const axis of [...singles].reverse()) {
      f.get(rest).i32(form.extents[axis] as number).remU().set(this.index[axis] as Local)
      f.get(rest).i32(form.extents[axis] as number).divU().set(rest)
    }
    if (blocked === undefined) return this.computeBlock(kSize, undefined)
    const [most, left] = [f.local(I32), f.local(I32)]
    f.i32(size).set(most)
    const base = this.base[blocked] as Local
    if (!this.tilesBlocked) {
      f.get(at).i32(size).mul().set(base).i32(form.extents[blocked] as number).get(base).sub().set(left).minS(most, left).set(this.blockCount)
      return this.computeBlock(kSize, undefined)
    }
    const choose = (r: number): void => {
      const run = (this.runs as readonly Run[])[r]
      if (run === undefined) return
      const count = Math.ceil(run.tiles / size)
      const here = (): void => {
        f.i32(run.tiles).get(at).i32(size).mul().sub().set(left).minS(most, left).set(this.blockCount)
        f.get(at).i32(size * run.rows).mul().i32(run.start).add().set(base)
        this.computeBlock(kSize, run)
      }
      if (r === this.runs.length - 1) return here()
      f.get(at).i32(count).ltS().if(here, () => {
        f.bump(at, -count)
        choose(r + 1)
      })
    }
    choose(0)
  }

  /** Packs a, then panels x tiles. */
  private computeBlock(kSize: number, run: Run | undefined): void {
    const { f, form, plan } = this
    const blockA = f.local(I32)
    let strideA: readonly number[] = form.a.map.strides
    if (plan.a.packed === undefined) this.pushAddress(form.a, this.fixedAxes(form.a)).set(blockA)
    else {
      const layout = this.layoutOfA(kSize, run)
      strideA = layoutStrides(layout)
      f.get(SCRATCH).set(blockA)
      this.packA(layout, run)
    }
    let strideB: readonly number[] = form.b.map.strides
    let panelStep = form.n === undefined ? 0 : this.width * strideAt(form.b.map, form.n)
    if (plan.b.packed === undefined) this.pushAddress(form.b, this.fixedAxes(form.b)).set(this.pb)
    else {
      const layout = this.layoutOfB(kSize)
      strideB = layoutStrides(layout)
      panelStep = panelSize(layout)
      f.get(SCRATCH).i32(4 * this.sizes.a).add().set(this.pb)
    }
    this.panels({ kSize, strideA, strideB }, run, blockA, 4 * panelStep)
  }

  /** Axes whose block begins elsewhere than at 0. */
  private fixedAxes(load: Load): number[] {
    const { form, plan } = this
    const axes = [...form.batch, ...plan.rows.singles, ...plan.k.singles]
    for (const axis of [plan.rows.blocked, plan.k.blocked, form.n]) if (axis !== undefined) axes.push(axis)
    return axes.filter((axis) => uses(load, axis))
  }

  /** Pushes the address of the load where the given axes are at their block's beginning and the others at 0. */
  private pushAddress(load: Load, axes: readonly number[]): WasmFunction {
    return this.pushAffine(address(this.f, load.buffer), load.map, axes, 4)
  }

  /** Adds an affine index to the number on the stack. */
  private pushAffine(f: WasmFunction, map: Affine, axes: readonly number[], unit: number): WasmFunction {
    if (map.offset !== 0) f.i32(unit * map.offset).add()
    for (const d of map.dynamic ?? []) address(f, d.buffer).i32Load().i32(unit * d.stride).mul().add()
    for (const axis of axes) {
      const s = strideAt(map, axis)
      if (s !== 0) f.get(this.base[axis] as Local).i32(unit * s).mul().add()
    }
    return f
  }

  /** Pushes the index of each guard at the beginning of the block. */
  private pushGuards(operand: Operand): WasmFunction {
    for (const g of operand.guards) {
      const strides = this.form.extents.map((_, axis) => operand.coordinates.reduce((s, c, q) => s + (g.strides[q] as number) * (c.coefficients[axis] as number), 0))
      this.pushAffine(this.f.i32(0), { offset: g.offset, dynamic: g.dynamic, strides }, this.fixedAxes(operand.load), 1)
    }
    return this.f
  }

  private packA(layout: Layout, run: Run | undefined): void {
    const { f, plan } = this
    const { operand, panels } = layout
    const { blocked } = plan.rows
    const packing = packingOf(layout, { dynamicAxis: blocked, lanes: run?.rows ?? 1 })
    this.pushAddress(operand.load, this.fixedAxes(operand.load)).get(SCRATCH)
    const coordinate = operand.coordinates.find((c) => blocked !== undefined && c.coefficients[blocked] !== 0)
    if (coordinate === undefined || blocked === undefined) f.i32(0)
    else if (panels?.axis === blocked) f.get(this.blockCount)
    else {
      const w = coordinate.coefficients[blocked] as number
      const rest = extentOf(coordinate, layout.lengths) - w * (layout.lengths[blocked] as number)
      f.get(this.blockCount).i32(w * (run?.rows ?? 1)).mul().i32(rest).add()
    }
    this.pushGuards(operand).call(packFunction(this.context.module, packing))
  }

  private packB(kSize: number, kept: Local, loaded: Local): void {
    const { f, plan } = this
    if (plan.b.packed === undefined) return
    const pack = (): void => this.packPanels(this.layoutOfB(kSize))
    if (this.kBlocks > 1) return pack()
    f.get(kept).get(loaded).ne().if(() => {
      pack()
      f.get(kept).set(loaded)
    })
  }

  private packPanels(layout: Layout): void {
    const { f, form } = this
    const { operand } = layout
    const bytes = 4 * panelSize(layout)
    const target = (): WasmFunction => f.get(SCRATCH).i32(4 * this.sizes.a).add()
    const full = f.local(I32)
    const call = (lanes: number): void => {
      const packing = packingOf(layout, { dynamicAxis: form.n, lanes })
      this.pushGuards(operand).call(packFunction(this.context.module, packing))
    }
    f.get(this.panelCount).set(full)
    const tail = this.tailColumns
    if (tail !== 0) f.get(full).get(this.firstPanel).get(full).add().i32(this.plan.panels).eq().sub().set(full)
    this.pushAddress(operand.load, this.fixedAxes(operand.load))
    target().get(full)
    call(this.width)
    if (tail === 0 || form.n === undefined) return
    f.get(full).get(this.panelCount).ne().if(() => {
      target().get(full).i32(bytes).mul().add().i32(bytes).call(zeroFloats(this.context.module))
      this.pushAddress(operand.load, this.fixedAxes(operand.load)).get(full).i32(4 * this.width * strideAt(operand.load.map, form.n as number)).mul().add()
      target().get(full).i32(bytes).mul().add().i32(1)
      this.pushTailGuards(operand, full)
      f.call(packFunction(this.context.module, packingOf(layout, { dynamicAxis: form.n, lanes: tail })))
    })
  }

  /** As pushGuards, `panels` panels further. */
  private pushTailGuards(operand: Operand, panels: Local): void {
    const { f, form } = this
    const n = form.n as number
    f.get(panels).i32(this.width).mul().get(this.base[n] as Local).add()
    const saved = f.local(I32)
    f.get(this.base[n] as Local).set(saved).set(this.base[n] as Local)
    this.pushGuards(operand)
    f.get(saved).set(this.base[n] as Local)
  }

  private get tailColumns(): number {
    const columns = this.form.n === undefined ? 1 : (this.form.extents[this.form.n] as number)
    return columns % this.width
  }

  // ---- columns and tiles

  private panels(variant: Variant, run: Run | undefined, blockA: Local, step: number): void {
    const { f, form, plan } = this
    const [p, end] = [f.local(I32), f.local(I32)]
    const full: Panel = { vectors: plan.vectors, lastLanes: 4 }
    const tail: Panel = { vectors: Math.ceil(this.tailColumns / 4), lastLanes: plan.lastLanes }
    f.get(this.firstPanel).get(this.panelCount).add().set(end)
    if (form.n !== undefined) f.get(this.base[form.n] as Local).set(this.index[form.n] as Local)
    f.forRange(p, this.firstPanel, end, () => {
      if (this.tailColumns === 0) this.tiles(variant, run, blockA, full)
      else if (plan.panels === 1) this.tiles(variant, run, blockA, tail)
      else f.get(p).i32(plan.panels - 1).eq().if(() => this.tiles(variant, run, blockA, tail), () => this.tiles(variant, run, blockA, full))
      f.bump(this.pb, step)
      if (form.n !== undefined) f.bump(this.index[form.n] as Local, this.width)
    })
  }

  private tiles(variant: Variant, run: Run | undefined, blockA: Local, panel: Panel): void {
    const { f, plan } = this
    const { rows, tiling } = plan
    const walk = (axes: readonly number[], pa: Local, leaf: (pa: Local) => void): void => {
      const [axis, ...inner] = axes
      if (axis === undefined) return leaf(pa)
      const count = axis === rows.blocked ? this.blockCount : undefined
      this.walkAxis(axis, count, variant.strideA[axis] as number, pa, (next) => walk(inner, next, leaf))
    }
    if (run !== undefined && tiling.kind === 'runs') {
      const base = this.base[tiling.axis] as Local
      return this.walkRun(tiling.axis, run, () => f.get(base), () => f.get(this.blockCount), variant, blockA, (pa) => {
        walk(rows.inner, pa, (at) => this.callTile(variant, panel, oneAxis(tiling.axis, run.rows), at))
      })
    }
    walk([...(rows.blocked === undefined ? [] : [rows.blocked]), ...rows.inner], blockA, (pa) => this.tilesHere(variant, panel, pa))
  }

  /** All tiles of the tiling at one index of the other axes. */
  private tilesHere(variant: Variant, panel: Panel, pa: Local): void {
    const { f } = this
    const { tiling } = this.plan
    if (tiling.kind === 'runs') {
      for (const run of tiling.runs) {
        this.walkRun(tiling.axis, run, () => f.i32(run.start), () => f.i32(run.tiles), variant, pa, (at) => {
          this.callTile(variant, panel, oneAxis(tiling.axis, run.rows), at)
        }, run.start)
      }
      return
    }
    for (const tile of tiling.tiles) {
      const at = f.local(I32)
      const offset = tiling.axes.reduce((n, axis, i) => n + (variant.strideA[axis] as number) * (tile.first[i] as number), 0)
      f.get(pa).i32(4 * offset).add().set(at)
      tiling.axes.forEach((axis, i) => f.i32(tile.first[i] as number).set(this.index[axis] as Local))
      this.callTile(variant, panel, { axes: tiling.axes, rows: tile.rows }, at)
    }
  }

  /** A loop over one axis; `count` undefined: all of it, from 0. */
  private walkAxis(axis: number, count: Local | undefined, stride: number, pa: Local, body: (pa: Local) => void): void {
    const { f } = this
    const [at, left] = [f.local(I32), f.local(I32)]
    const index = this.index[axis] as Local
    f.get(pa).set(at)
    if (count === undefined) f.i32(0).set(index).i32(this.form.extents[axis] as number).set(left)
    else f.get(this.base[axis] as Local).set(index).get(count).set(left)
    f.loop(() => {
      body(at)
      f.bump(at, 4 * stride).bump(index, 1)
      f.get(left).i32(1).sub().tee(left).brIf(0)
    })
  }

  /** A loop over tiles of one height. */
  private walkRun(axis: number, run: Run, first: () => void, count: () => void, variant: Variant, pa: Local, body: (pa: Local) => void, skip = 0): void {
    const { f } = this
    const stride = 4 * (variant.strideA[axis] as number)
    const [at, left] = [f.local(I32), f.local(I32)]
    f.get(pa).i32(skip * stride).add().set(at)
    first()
    f.set(this.index[axis] as Local)
    count()
    f.set(left)
    const step = this.plan.a.panels ? this.panelBytes(variant, run) : run.rows * stride
    f.loop(() => {
      body(at)
      f.bump(at, step).bump(this.index[axis] as Local, run.rows)
      f.get(left).i32(1).sub().tee(left).brIf(0)
    })
  }

  private panelBytes(variant: Variant, run: Run): number {
    return 4 * panelSize(this.layoutOfA(variant.kSize, run))
  }

  private callTile(variant: Variant, panel: Panel, rows: RowTile, pa: Local): void {
    const { f, form, plan, context } = this
    const { k } = plan
    const lengths = kLengths(form, k, variant.kSize)
    const axes = [...(k.blocked === undefined ? [] : [k.blocked]), ...k.inner]
    const offsets = rows.rows.map((row) => row.reduce((n, x, i) => n + 4 * x * (variant.strideA[rows.axes[i] as number] as number), 0))
    const low = Math.min(...offsets) // a row may lie before the first one where a tile spans several axes
    const tile = tileFunction(context, form, {
      ...rows, vectors: panel.vectors, lastLanes: panel.lastLanes, panels: plan.b.panels && form.n !== undefined, partial: this.kBlocks > 1,
      offsets: offsets.map((x) => x - low),
      steps: axes.map((axis) => ({ count: lengths[axis] as number, a: 4 * (variant.strideA[axis] as number), b: 4 * (variant.strideB[axis] as number) })),
    })
    f.get(FRAME).get(pa)
    if (low !== 0) f.i32(low).add()
    f.get(this.pb).get(this.part).get(this.flags)
    for (let axis = 0; axis < form.parallel; axis++) f.get(this.index[axis] as Local)
    f.call(tile)
    if (this.kBlocks > 1) f.bump(this.part, 16 * panel.vectors * rows.rows.length)
  }
}

const oneAxis = (axis: number, rows: number): RowTile => ({ axes: [axis], rows: Array.from({ length: rows }, (_, i) => [i]) })
