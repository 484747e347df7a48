/**
 * Loops: elementwise work and reductions. The parallel axes other than the vector axis are flattened into rows; tasks are runs of rows, or
 * pieces of long rows. A result is computed by one task alone, in an order that depends on the loop only.
 */
import type { Loop } from '@cotangent/core/kernel'
import { Ops } from '../math/expression.ts'
import { I32, type Local, WasmFunction } from '../wasm/assembler.ts'
import { type Bound, type Index, scalarLoop, vectorLoop } from './address.ts'
import { Body } from './body.ts'
import { BEGIN, type EmitContext, END, type Phase, phaseParams } from './kernel.ts'
import { type LoopPlan, planLoop } from './loop-plan.ts'
import { Reducer } from './loop-reduce.ts'
import { simplify } from './loop-simplify.ts'

/** Nanoseconds of work worth a task of its own. */
const TASK_COST = 4000

/** How the iteration space is cut: `rows` rows, each of `pieces` pieces of `pieceLength` indices of the vector axis. */
interface Cut {
  readonly rows: number
  readonly rowsPerTask: number
  readonly pieces: number
  readonly pieceLength: number
  readonly tasks: number
}

const product = (n: readonly number[]): number => n.reduce((a, b) => a * b, 1)

function cutOf({ loop, vector, unroll, pointCost }: LoopPlan): Cut {
  const inRow = vector >= 0 && vector < loop.parallel ? (loop.extents[vector] as number) : 1
  const rows = product(loop.extents.slice(0, loop.parallel)) / inRow
  const perIndex = pointCost * product(loop.extents.slice(loop.parallel))
  const step = 4 * unroll
  if (inRow * perIndex > 2 * TASK_COST && inRow > step) {
    const pieceLength = Math.max(1, Math.round(TASK_COST / perIndex / step)) * step
    const pieces = Math.ceil(inRow / pieceLength)
    return { rows, rowsPerTask: 1, pieces, pieceLength, tasks: rows * pieces }
  }
  const rowsPerTask = Math.max(1, Math.round(TASK_COST / (inRow * perIndex)))
  return { rows, rowsPerTask, pieces: 1, pieceLength: inRow, tasks: Math.ceil(rows / rowsPerTask) }
}

export function emitLoop(context: EmitContext, original: Loop): readonly Phase[] {
  const simple = simplify(original)
  if (simple.extents.includes(0)) return []
  const plan = planLoop(simple, context.buffers)
  const cut = cutOf(plan)
  const f = new WasmFunction('loop', phaseParams)
  new LoopEmitter(context, f, plan, cut).emit()
  context.module.add(f)
  return [{ run: f, tasks: cut.tasks, cost: plan.pointCost * product(plan.loop.extents) }]
}

class LoopEmitter {
  private readonly f: WasmFunction
  private readonly plan: LoopPlan
  private readonly cut: Cut
  private readonly body: Body
  private readonly epilogue: Body
  private readonly reducer: Reducer
  /** Index locals of the row axes. */
  private readonly rowIndices: readonly Local[]

  constructor(context: EmitContext, f: WasmFunction, plan: LoopPlan, cut: Cut) {
    const { loop, vector } = plan
    this.f = f
    this.plan = plan
    this.cut = cut
    const o = new Ops(f, context.module, context.fma)
    const rowAxes = vector >= 0 && vector < loop.parallel ? loop.parallel - 1 : loop.parallel
    const levels = loop.extents.map((_, axis) => Math.max(0, axis - rowAxes + 1))
    this.body = new Body(o, context, { nodes: loop.body, stores: loop.bodyStores, levels, vector })
    const outer = levels.slice(0, loop.parallel)
    this.epilogue = new Body(o, context, { nodes: loop.epilogue, stores: loop.stores, levels: outer, vector: vector < loop.parallel ? vector : -1 })
    this.reducer = new Reducer(o, plan, this.body)
    this.rowIndices = Array.from({ length: rowAxes }, () => f.local(I32))
  }

  emit(): void {
    this.body.prologue()
    this.epilogue.prologue()
    if (this.cut.pieces > 1) this.emitPieces()
    else this.emitRows()
  }

  /** Task t is piece t % pieces of row t / pieces. */
  private emitPieces(): void {
    const { f, cut, plan } = this
    const { pieces, pieceLength } = cut
    const row = f.local(I32), from = f.local(I32), to = f.local(I32), task = f.local(I32)
    const extent = plan.loop.extents[plan.vector] as number
    const end = plan.whole ? Math.ceil(extent / 4) * 4 : extent
    f.forRange(task, BEGIN, END, () => {
      f.get(task).i32(pieces).op(0x6e).set(row) // i32.div_u
      f.get(task).get(row).i32(pieces).mul().sub().i32(pieceLength).mul().set(from)
      f.get(from).i32(pieceLength).add().set(to)
      f.get(to).i32(end).op(0x4a).if(() => f.i32(end).set(to)) // i32.gt_s
      this.decode(row)
      this.row({ local: from }, { local: to })
    })
  }

  /** Task t is rows t * rowsPerTask and on. */
  private emitRows(): void {
    const { f, cut } = this
    const row = f.local(I32), last = f.local(I32)
    f.get(BEGIN).i32(cut.rowsPerTask).mul().set(row)
    f.get(END).i32(cut.rowsPerTask).mul().set(last)
    f.get(last).i32(cut.rows).op(0x4a).if(() => f.i32(cut.rows).set(last))
    const inRow = this.plan.vector >= 0 && this.plan.vector < this.plan.loop.parallel ? (this.plan.loop.extents[this.plan.vector] as number) : 1
    this.decode(row)
    f.block(() => {
      f.loop(() => {
        f.get(row).get(last).op(0x4e).brIf(1) // i32.ge_s
        this.row(0, inRow)
        this.nextRow()
        f.bump(row, 1).br(0)
      })
    })
  }

  /** Index locals of a flattened row. */
  private decode(row: Local): void {
    const { f, rowIndices, plan } = this
    const rest = f.local(I32)
    f.get(row).set(rest)
    for (let axis = rowIndices.length - 1; axis >= 0; axis--) {
      const index = rowIndices[axis] as Local, extent = plan.loop.extents[axis] as number
      if (axis === 0) { f.get(rest).set(index); break }
      f.get(rest).i32(extent).op(0x70).set(index) // i32.rem_u
      f.get(rest).i32(extent).op(0x6e).set(rest) // i32.div_u
    }
  }

  /** Counts the row indices up, the last fastest. */
  private nextRow(): void {
    const { f, rowIndices, plan } = this
    const bump = (axis: number): void => {
      const index = rowIndices[axis]
      if (index === undefined) return
      f.bump(index, 1)
      if (axis === 0) return
      f.get(index).i32(plan.loop.extents[axis] as number).op(0x46).if(() => { // i32.eq
        f.i32(0).set(index)
        bump(axis - 1)
      })
    }
    bump(rowIndices.length - 1)
  }

  private row(from: Bound, to: Bound): void {
    const { body, epilogue, plan } = this
    const indices: Index[] = [...this.rowIndices]
    body.start(indices)
    epilogue.start(indices)
    body.enter(0, [1])
    const { loop, vector } = plan
    if (vector < 0 || vector >= loop.parallel) return this.results([1], 0)
    epilogue.enter(0, [1])
    const cursors = [body.cursors, epilogue.cursors]
    const range = { f: this.f, cursors, axis: vector, from, to, extent: loop.extents[vector] as number }
    vectorLoop({ ...range, unroll: plan.unroll, whole: plan.whole }, (lanes) => this.results(lanes, 1))
  }

  /** The reduction and the epilogue for elements along the vector axis; `level` is that of the innermost parallel loop. */
  private results(lanes: readonly number[], level: number): void {
    const { body, epilogue, plan, reducer } = this
    if (plan.loop.body.length === 0) {
      epilogue.enter(level, lanes)
      epilogue.store(lanes)
      return
    }
    if (level > 0) body.enter(level, lanes)
    reducer.begin(lanes)
    this.reduce(plan.loop.parallel, level + 1, lanes)
    epilogue.enter(level, lanes, reducer.finish())
    epilogue.store(lanes)
  }

  /** The nest of the reduced axes from `axis` on. */
  private reduce(axis: number, level: number, lanes: readonly number[]): void {
    const { f, body, plan, reducer } = this
    const { extents } = plan.loop
    const point = (copies: readonly number[]): void => {
      body.enter(level, copies)
      body.store(copies)
      reducer.add(copies)
    }
    const range = { f, cursors: [body.cursors], axis, from: 0, to: extents[axis] as number }
    const innermost = axis === extents.length - 1
    if (!innermost) {
      scalarLoop(range, () => {
        body.enter(level, lanes)
        this.reduce(axis + 1, level + 1, lanes)
      })
    } else {
      const blocks = reducer.blocks
      if (plan.vector === axis) {
        vectorLoop({ ...range, unroll: plan.unroll, extent: range.to, whole: false, ...(blocks ? { blocks } : {}) }, point)
      } else scalarLoop(range, () => point(lanes), blocks)
      reducer.afterInnermost()
    }
  }
}
