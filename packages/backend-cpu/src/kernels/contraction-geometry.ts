/** Sizes that follow from a plan: blocks, units, and the scratch memory they need. */
import type { Form } from './contraction-axes.ts'
import { type Layout, layoutSize } from './contraction-layout.ts'
import { kLengths, layoutA, layoutB, type Plan } from './contraction-plan.ts'
import { product, type Run, tallest, tiledAxes } from './contraction-tiling.ts'
import { contraction } from '../tuning.ts'

const lines = (floats: number): number => Math.ceil(floats / 16) * 16

export class Geometry {
  readonly form: Form
  readonly plan: Plan
  /** Columns of a panel, and of the last panel if it is narrower (else 0). */
  readonly width: number
  readonly tailColumns: number
  readonly parts: number
  /** Lengths that a block of the cut reduced axis has. */
  readonly kSizes: readonly number[]
  /** Blocks of the cut reduced axis, and of all reduced axes. */
  readonly kPieces: number
  readonly kBlocks: number
  /** The kinds of row blocks: one for each height of tile when the tiles' own axis is cut. */
  readonly runs: readonly (Run | undefined)[]
  /** Row blocks for one index of the single axes, and in all. */
  readonly rowPieces: number
  readonly rowBlocks: number
  /** Floats of the packed blocks, and of a unit's partial sums. */
  readonly sizeA: number
  readonly sizeB: number
  readonly sizeUnit: number

  constructor(form: Form, plan: Plan) {
    this.form = form
    this.plan = plan
    const { k, rows, tiling } = plan
    const { extents } = form
    const columns = form.n === undefined ? 1 : (extents[form.n] as number)
    this.width = 4 * plan.vectors
    this.tailColumns = columns % this.width
    this.parts = Math.ceil(plan.panels / plan.partPanels)
    const cut = k.blocked === undefined ? 1 : (extents[k.blocked] as number)
    this.kSizes = cut % k.size === 0 ? [k.size] : [k.size, cut % k.size]
    this.kPieces = Math.ceil(cut / k.size)
    this.kBlocks = product(k.singles, extents) * this.kPieces
    const tilesCut = tiling.kind === 'runs' && tiling.axis === rows.blocked
    this.runs = tilesCut ? tiling.runs : [undefined]
    this.rowPieces = tilesCut
      ? tiling.runs.reduce((n, r) => n + Math.ceil(r.tiles / rows.size), 0)
      : rows.blocked === undefined
        ? 1
        : Math.ceil((extents[rows.blocked] as number) / rows.size)
    this.rowBlocks = product(rows.singles, extents) * this.rowPieces
    const over = (layout: (kSize: number, run: Run | undefined) => Layout): number =>
      Math.max(...this.kSizes.flatMap((size) => this.runs.map((run) => layoutSize(layout(size, run)))))
    this.sizeA = plan.a.kind === 'inPlace' ? 0 : lines(over((size, run) => this.layoutA(size, run)))
    this.sizeB = plan.b.kind === 'inPlace' ? 0 : lines(over((size) => this.layoutB(size)) + 16)
    this.sizeUnit = lines(this.mostRows() * plan.partPanels * this.width)
  }

  /** Units that one thread works on at a time: their partial sums have to fit. */
  get chunk(): number {
    return this.kBlocks === 1 ? 2 ** 30 : Math.max(1, Math.floor(contraction.partials / this.sizeUnit))
  }

  /** Number of indices of each axis in a block of rows. */
  private rowLengths(lengths: readonly number[], run: Run | undefined): number[] {
    const { rows, tiling } = this.plan
    const whole = [...rows.inner, ...tiledAxes(tiling)]
    return lengths.map((n, axis) => {
      if (axis === rows.blocked) return run === undefined ? rows.size : Math.min(rows.size, run.tiles) * run.rows
      return whole.includes(axis) ? (this.form.extents[axis] as number) : n
    })
  }

  private mostRows(): number {
    const ones = this.form.extents.map(() => 1)
    return Math.max(...this.runs.map((run) => product(this.form.m, this.rowLengths(ones, run))))
  }

  layoutA(kSize: number, run: Run | undefined): Layout {
    const { form, plan } = this
    const lengths = this.rowLengths(kLengths(form, plan.k, kSize), run)
    if (form.lanesInBoth && form.n !== undefined) lengths[form.n] = form.extents[form.n] as number
    return layoutA(form, plan, lengths, run?.rows ?? tallest(plan.tiling))
  }

  layoutB(kSize: number): Layout {
    const { form, plan } = this
    const lengths = kLengths(form, plan.k, kSize)
    if (form.n !== undefined) lengths[form.n] = plan.b.kind === 'copy' ? (form.extents[form.n] as number) : this.width * plan.partPanels
    return layoutB(form, plan, lengths, this.width)
  }
}
