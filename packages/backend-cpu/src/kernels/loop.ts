/**
 * Loops: elementwise work and reductions. A result is computed by one task alone, in an order that depends on the loop only, so nothing
 * depends on how tasks are spread over threads.
 */
import type { Loop } from '@cotangent/core/kernel'
import { Ops } from '../math/expression.ts'
import { type Local, WasmFunction } from '../wasm/assembler.ts'
import { type Bound, scalarLoop, vectorLoop } from './address.ts'
import { Body } from './body.ts'
import { type EmitContext, type Phase, phaseParams } from './kernel.ts'
import { type LoopPlan, planLoop } from './loop-plan.ts'
import { Reducer } from './loop-reduce.ts'
import { simplify } from './loop-simplify.ts'
import { cutTasks, emitTasks, type TaskSpace } from './loop-tasks.ts'

const product = (n: readonly number[]): number => n.reduce((a, b) => a * b, 1)

export function emitLoop(context: EmitContext, original: Loop): readonly Phase[] {
  const simple = simplify(original)
  if (simple.extents.includes(0)) return []
  const plan = planLoop(simple, context.buffers)
  const space = spaceOf(plan)
  const cut = cutTasks(space)
  const f = new WasmFunction('loop', phaseParams)
  const emitter = new LoopEmitter(context, f, plan)
  emitter.prologue()
  emitTasks(f, space, cut, (indices, from, to) => emitter.row(indices, from, to))
  context.module.add(f)
  return [{ run: f, tasks: cut.tasks, cost: plan.pointCost * product(plan.loop.extents) }]
}

/** Do the vectors lie along a parallel axis? */
const alongParallel = ({ vector, loop }: LoopPlan): boolean => vector >= 0 && vector < loop.parallel
const rowAxesOf = (plan: LoopPlan): number => (alongParallel(plan) ? plan.vector : plan.loop.parallel)

function spaceOf(plan: LoopPlan): TaskSpace {
  const { loop, unroll, whole, pointCost } = plan
  const rowAxes = rowAxesOf(plan)
  return {
    rows: loop.extents.slice(0, rowAxes),
    length: alongParallel(plan) ? (loop.extents[rowAxes] as number) : 1,
    step: 4 * unroll,
    whole,
    cost: pointCost * product(loop.extents.slice(alongParallel(plan) ? rowAxes + 1 : rowAxes)),
  }
}

class LoopEmitter {
  private readonly f: WasmFunction
  private readonly plan: LoopPlan
  private readonly body: Body
  private readonly epilogue: Body
  private readonly reducer: Reducer

  /** Levels of the nest: 0 the rows, then the parallel vector axis and the tile axis if there are, then the reduced axes. */
  constructor(context: EmitContext, f: WasmFunction, plan: LoopPlan) {
    const { loop, vector } = plan
    this.f = f
    this.plan = plan
    const o = new Ops(f, context.module, context.fma)
    const rowAxes = rowAxesOf(plan)
    const levels = loop.extents.map((_, axis) => Math.max(0, axis - rowAxes + 1))
    this.body = new Body(o, context, { nodes: loop.body, stores: loop.bodyStores, levels, vector })
    const outer = levels.slice(0, loop.parallel)
    this.epilogue = new Body(o, context, {
      nodes: loop.epilogue,
      stores: loop.stores,
      levels: outer,
      vector: alongParallel(plan) ? vector : -1,
    })
    this.reducer = new Reducer(o, plan, this.body)
  }

  prologue(): void {
    this.body.prologue()
    this.epilogue.prologue()
  }

  row(indices: readonly Local[], from: Bound, to: Bound): void {
    const { body, epilogue, plan } = this,
      { loop, vector } = plan
    body.start(indices)
    epilogue.start(indices)
    body.enter(0, [1])
    if (!alongParallel(plan)) return this.results([1], 0)
    epilogue.enter(0, [1])
    const range = { f: this.f, cursors: [body.cursors, epilogue.cursors], axis: vector, from, to, extent: loop.extents[vector] as number }
    vectorLoop({ ...range, unroll: plan.unroll, whole: plan.whole }, lanes => this.results(lanes, 1))
  }

  /** The reduction and the epilogue for elements along the vector axis; `level` is that of the innermost parallel loop. */
  private results(lanes: readonly number[], level: number): void {
    const { body, epilogue, plan, reducer } = this
    if (plan.loop.body.length === 0) {
      epilogue.enter(level, lanes)
      if (plan.tiled) this.tile(lanes, level + 1)
      else epilogue.store(lanes)
      return
    }
    if (level > 0) body.enter(level, lanes)
    reducer.begin(lanes)
    this.reduce(plan.loop.parallel, level + 1, lanes)
    epilogue.enter(level, lanes, reducer.finish())
    epilogue.store(lanes)
  }

  /** The parallel axis inside the vector axis. */
  private tile(lanes: readonly number[], level: number): void {
    const {
      epilogue,
      f,
      plan: { loop, vector },
    } = this
    scalarLoop({ f, cursors: [epilogue.cursors], axis: vector + 1, from: 0, to: loop.extents[vector + 1] as number }, () => {
      epilogue.enter(level, lanes)
      epilogue.store(lanes)
    })
  }

  /** The nest of the reduced axes from `axis` on. */
  private reduce(axis: number, level: number, lanes: readonly number[]): void {
    const { f, body, plan, reducer } = this,
      { extents } = plan.loop
    const range = { f, cursors: [body.cursors], axis, from: 0, to: extents[axis] as number }
    if (axis < extents.length - 1) {
      return scalarLoop(range, () => {
        body.enter(level, lanes)
        this.reduce(axis + 1, level + 1, lanes)
      })
    }
    const point = (copies: readonly number[]): void => {
      if (plan.inTurn) return body.enterInTurn(level, copies, (n, copy) => reducer.addCopy(n, copy))
      body.enter(level, copies)
      body.store(copies)
      reducer.add(copies)
    }
    const { blocks } = reducer
    if (plan.vector === axis)
      vectorLoop({ ...range, unroll: plan.unroll, extent: range.to, whole: false, ...(blocks ? { blocks } : {}) }, point)
    else scalarLoop(range, () => point(lanes), blocks)
    reducer.afterInnermost()
  }
}
