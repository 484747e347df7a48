/**
 * The outer loops. A phase walks UNITS: one batch index, one part of the columns, one block of rows. A thread does
 *
 *     for each chunk of its units whose partial sums fit its scratch memory (all of them when there is one block of reduced axes)
 *       for each block of the reduced axes
 *         for each unit: pack the part of b and the block of a unless they are there from the unit before; the micro-kernel on each tile
 *
 * Where a is packed and there are several parts of the columns, a phase before it packs all of a into shared memory, once.
 * Where the result is small and the reduced axes are long, their blocks are dealt out as well: each unit then leaves its partial sums in
 * shared memory, and a second phase adds them, in order.
 */
import type { BufferId } from '@cotangent/core/kernel'
import { I32, type Local } from '../wasm/assembler.ts'
import type { Form } from './contraction-axes.ts'
import { fillB } from './contraction-fill.ts'
import { Geometry } from './contraction-geometry.ts'
import { ADD, LAST } from './contraction-micro.ts'
import type { Plan } from './contraction-plan.ts'
import { product } from './contraction-tiling.ts'
import { type Deal, UnitLoop } from './contraction-units.ts'
import { address, BEGIN, type EmitContext, END, type Phase, SCRATCH } from './kernel.ts'
import { contraction } from '../tuning.ts'

const NONE = -1
/** Floats of the largest tile. */
const TILE = 96

export function emitPhases(context: EmitContext, form: Form, plan: Plan, cost: number): readonly Phase[] {
  const g = new Geometry(form, plan)
  const units = product(form.batch, form.extents) * g.parts * g.rowBlocks
  const ways = waysToDeal(g, units)
  const blocks = Math.ceil(g.kBlocks / ways)
  const blocksOfA = (units / g.parts) * g.kBlocks
  const deal: Deal = {
    blocks,
    ways: Math.ceil(g.kBlocks / blocks),
    sums: ways > 1 ? context.needShared(4 * ways * units * g.sizeUnit) : undefined,
    packedA: g.plan.a.kind === 'panels' && g.parts > 1 && ways === 1 ? context.needShared(4 * blocksOfA * g.sizeA) : undefined,
  }
  const scratchA = deal.packedA === undefined ? g.sizeA : 0
  context.needScratch(4 * (scratchA + g.sizeB + (g.kBlocks > 1 && ways === 1 ? Math.min(units, g.chunk) * g.sizeUnit : TILE)))
  const sum = new SumPhase(context, g, units, deal).emit(cost)
  if (deal.packedA !== undefined) return [new PackPhase(context, g, units, deal).emit(blocksOfA), sum]
  return ways > 1 ? [sum, new CombinePhase(context, g, units, deal).emit()] : [sum]
}

/** Few units with many blocks of reduced axes: deal the blocks out. */
function waysToDeal(g: Geometry, units: number): number {
  const work = product(g.form.extents.map((_, i) => i), g.form.extents)
  if (g.kBlocks < 4 || units > 4 || work < contraction.worthDealing) return 1
  return Math.max(1, Math.min(g.kBlocks, Math.floor(16 / units)))
}

class SumPhase extends UnitLoop {
  private readonly loadedA: Local
  private readonly loadedB: Local

  constructor(context: EmitContext, g: Geometry, units: number, deal: Deal) {
    super(context, g, units, deal, 'contraction')
    this.loadedA = this.nest.f.local(I32)
    this.loadedB = this.nest.f.local(I32)
  }

  emit(cost: number): Phase {
    const { nest, g, unit, deal } = this
    const { f } = nest
    const chunk = deal.ways > 1 ? 1 : g.chunk
    const tasks = this.units * deal.ways
    const [from, to, firstBlock, lastBlock] = [f.local(I32), f.local(I32), f.local(I32), f.local(I32)]
    const oneChunk = (): void => {
      f.get(from).i32(chunk).add().set(to).minS(to, END).set(to)
      f.i32(0).set(firstBlock).i32(g.kBlocks).set(lastBlock)
      if (deal.ways > 1) {
        f.get(from).i32(this.units).divU().i32(deal.blocks).mul().set(firstBlock)
        nest.clampCount(deal.blocks, g.kBlocks, firstBlock, lastBlock)
        f.get(firstBlock).get(lastBlock).add().set(lastBlock)
      }
      f.forRange(this.block, firstBlock, lastBlock, () => {
        this.setBlock(firstBlock)
        f.forRange(unit, from, to, () => {
          this.decode()
          this.setPart(from)
          this.byLength((kSize) => this.work(kSize))
        })
      })
    }
    f.forRange(from, BEGIN, END, oneChunk, chunk)
    return { run: nest.context.module.add(f), tasks, cost }
  }

  /** The indices and the flags of a block of the reduced axes. */
  private setBlock(firstBlock: Local): void {
    const { g, block, deal } = this
    const { f, flags } = this.nest
    f.i32(NONE).set(this.loadedA).i32(NONE).set(this.loadedB)
    this.setReduced()
    f.get(block).get(firstBlock).ne().i32(ADD).mul()
    if (deal.ways === 1) f.get(block).i32(g.kBlocks - 1).eq().i32(LAST).mul().add()
    f.set(flags)
  }

  /** Where the unit's partial sums are. */
  private setPart(from: Local): void {
    const { nest, g, unit, deal } = this
    const { f, part } = nest
    if (g.kBlocks === 1) {
      f.get(SCRATCH).i32(4 * (nest.scratchA + g.sizeB)).add().set(part) // room for one tile
      return
    }
    if (deal.sums === undefined) f.get(SCRATCH).i32(4 * (nest.scratchA + g.sizeB)).add().get(unit).get(from).sub()
    else address(f, deal.sums).get(unit)
    f.i32(4 * g.sizeUnit).mul().add().set(part)
  }

  private work(kSize: number): void {
    const { nest, g, deal } = this
    if (g.plan.b.kind !== 'inPlace') this.once(this.keyB, this.loadedB, () => fillB(nest, kSize))
    this.placeA()
    const pack = (fill: () => void): void => this.once(this.keyA, this.loadedA, fill)
    this.walk({ kSize, pack: deal.packedA === undefined ? pack : undefined })
  }

  /** Fills unless `loaded` is this key already. */
  private once(key: Local, loaded: Local, fill: () => void): void {
    const { f } = this.nest
    f.get(key).get(loaded).ne().if(() => {
      fill()
      f.get(key).set(loaded)
    })
  }
}

/** Packs all blocks of a into shared memory. */
class PackPhase extends UnitLoop {
  constructor(context: EmitContext, g: Geometry, units: number, deal: Deal) {
    super(context, g, units, deal, 'contractionPack')
  }

  emit(tasks: number): Phase {
    const { nest, g, unit, block, rowUnits } = this
    const { f } = nest
    const [task, key] = [f.local(I32), f.local(I32)]
    f.forRange(task, BEGIN, END, () => {
      f.get(task).set(key)
      nest.takeDigit(key, g.kBlocks, block)
      f.get(key).i32(rowUnits).divU().i32(rowUnits * g.parts).mul().get(key).i32(rowUnits).remU().add().set(unit)
      this.decode()
      this.setReduced()
      this.placeA()
      this.byLength((kSize) => this.walk({ kSize, pack: (fill) => fill(), packOnly: true }))
    })
    return { run: nest.context.module.add(f), tasks, cost: contraction.pack * tasks * g.sizeA }
  }
}

/** Adds the partial sums of the ways. */
class CombinePhase extends UnitLoop {
  constructor(context: EmitContext, g: Geometry, units: number, deal: Deal) {
    super(context, g, units, deal, 'contractionSums')
  }

  emit(): Phase {
    const { nest, g, unit, units, deal } = this
    const { f, part } = nest
    const bytes = 4 * g.sizeUnit
    f.forRange(unit, BEGIN, END, () => {
      this.decode()
      address(f, deal.sums as BufferId).get(unit).i32(bytes).mul().add().set(part)
      this.walk({ kSize: g.kSizes[0] as number, combine: { count: deal.ways, bytes: bytes * units } })
    })
    return { run: nest.context.module.add(f), tasks: units, cost: (units * g.sizeUnit * deal.ways) / 4 }
  }
}
