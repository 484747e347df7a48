/** What phases share that walk units: finding a unit's indices, and going over its block of rows. */
import type { BufferId } from '@cotangent/core/kernel'
import { I32, type Local } from '../wasm/assembler.ts'
import { uses } from './contraction-axes.ts'
import type { Geometry } from './contraction-geometry.ts'
import { Nest } from './contraction-nest.ts'
import { product, type Run } from './contraction-tiling.ts'
import { Walk, type WalkOptions } from './contraction-walk.ts'
import { address, type EmitContext, SCRATCH } from './kernel.ts'

/** How the blocks of the reduced axes are dealt out. */
export interface Deal {
  /** Blocks that one unit adds up. */
  readonly blocks: number
  /** Units that share one tile of the result. */
  readonly ways: number
  /** The partial sums of all, when `ways` > 1. */
  readonly sums: BufferId | undefined
  /** All packed blocks of a, where several parts of the columns need each: then no thread packs for itself. */
  readonly packedA: BufferId | undefined
}

export abstract class UnitLoop {
  protected readonly nest: Nest
  protected readonly g: Geometry
  protected readonly units: number
  protected readonly deal: Deal
  /** The number of the unit, of its part of b, of its block of a, of its blocks of reduced axes; its block among those of the row axis. */
  protected readonly unit: Local
  protected readonly keyA: Local
  protected readonly keyB: Local
  protected readonly way: Local
  /** The number of the present block of the reduced axes. */
  protected readonly block: Local
  /** Units that have one part of b. */
  protected readonly rowUnits: number
  private readonly piece: Local

  constructor(context: EmitContext, g: Geometry, units: number, deal: Deal, name: string) {
    this.nest = new Nest(context, g, name, deal.packedA === undefined ? g.sizeA : 0)
    this.rowUnits = g.rowBlocks * product(g.form.batch.filter((axis) => !uses(g.form.b, axis)), g.form.extents)
    this.g = g
    this.units = units
    this.deal = deal
    const local = (): Local => this.nest.f.local(I32)
    this.unit = local()
    this.keyA = local()
    this.keyB = local()
    this.way = local()
    this.block = local()
    this.piece = local()
  }

  /** Sets all indices of the unit. */
  protected decode(): void {
    const { nest, g } = this
    const { f, index, base } = nest
    const { form, plan } = g
    const { extents } = form
    const [rest, part] = [f.local(I32), f.local(I32)]
    const take = (axis: number): void => nest.takeDigit(rest, extents[axis] as number, index[axis] as Local)
    const ofB = form.batch.filter((axis) => uses(form.b, axis))
    const others = form.batch.filter((axis) => !ofB.includes(axis))
    f.get(this.unit).set(rest)
    nest.takeDigit(rest, g.rowPieces, this.piece)
    for (const axis of [...others, ...plan.rows.singles].reverse()) take(axis)
    f.get(rest).set(this.keyB)
    nest.takeDigit(rest, g.parts, part)
    const { rowUnits } = this
    f.get(this.unit).i32(rowUnits).remU().get(rest).i32(rowUnits).mul().add().set(this.keyA)
    for (const axis of ofB.reverse()) take(axis)
    f.get(rest).set(this.way)
    this.setPanels(part)
    if (form.n !== undefined) f.get(nest.firstPanel).i32(g.width).mul().set(base[form.n] as Local)
  }

  /** The panels of a part: parts differ by one panel at most and half of them have half of the panels, so that threads have equal shares. */
  private setPanels(part: Local): void {
    const { nest, g } = this
    const { f, firstPanel, panelCount } = nest
    const { panels } = g.plan
    f.get(part).i32(panels).mul().tee(panelCount).i32(g.parts).divU().set(firstPanel)
    f.get(panelCount).i32(panels).add().i32(g.parts).divU().get(firstPanel).sub().set(panelCount)
  }

  /** Sets the indices of the reduced axes to where their block begins. */
  protected setReduced(): void {
    const { nest, g } = this
    const { f, index } = nest
    const { singles, blocked, size } = g.plan.k
    const rest = f.local(I32)
    f.get(this.block).set(rest)
    if (blocked !== undefined) {
      nest.takeDigit(rest, g.kPieces, index[blocked] as Local)
      f.get(index[blocked] as Local).i32(size).mul().set(index[blocked] as Local)
    }
    for (const axis of [...singles].reverse()) nest.takeDigit(rest, g.form.extents[axis] as number, index[axis] as Local)
  }

  /** Sets the address of the packed block of a. */
  protected placeA(): void {
    const { g, deal } = this
    const { f, packedA } = this.nest
    if (deal.packedA === undefined) f.get(SCRATCH)
    else
      address(f, deal.packedA).get(this.keyA).i32(g.kBlocks).mul().get(this.block).add().i32(4 * g.sizeA).mul().add()
    f.set(packedA)
  }

  /** Emits code for each length that a block of the reduced axes may have. */
  protected byLength(body: (kSize: number) => void): void {
    const { nest, g } = this
    const [whole, rest] = g.kSizes as readonly [number, number | undefined]
    const { blocked } = g.plan.k
    if (rest === undefined || blocked === undefined) return body(whole)
    if (g.kPieces === 1) return body(rest)
    nest.f.get(nest.index[blocked] as Local).i32((g.kPieces - 1) * whole).eq()
    nest.f.if(
      () => body(rest),
      () => body(whole),
    )
  }

  /** Sets the block of rows, and emits the walk over it for each kind of block. */
  protected walk(options: Omit<WalkOptions, 'run'>): void {
    const { nest, g, piece } = this
    const { f, base, blockCount } = nest
    const { blocked, size } = g.plan.rows
    const emit = (run: Run | undefined): void => new Walk(nest, { ...options, run }).emit()
    if (blocked === undefined) return emit(undefined)
    const first = f.local(I32)
    f.get(piece).i32(size).mul().set(first)
    const choose = (r: number): void => {
      const run = g.runs[r]
      if (run === undefined) {
        f.get(first).set(base[blocked] as Local)
        nest.clampCount(size, g.form.extents[blocked] as number, first, blockCount)
        return emit(undefined)
      }
      const here = (): void => {
        f.get(first).i32(run.rows).mul().i32(run.start).add().set(base[blocked] as Local)
        nest.clampCount(size, run.tiles, first, blockCount)
        emit(run)
      }
      if (r === g.runs.length - 1) return here()
      const covered = Math.ceil(run.tiles / size) * size
      const further = (): void => {
        f.bump(first, -covered)
        choose(r + 1)
      }
      f.get(first).i32(covered).ltS().if(here, further)
    }
    choose(0)
  }
}
