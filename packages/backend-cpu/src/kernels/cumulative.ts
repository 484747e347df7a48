/**
 * Running reductions along the middle axis of `[outer, length, inner]`: vectors lie along `inner`, which a task shares with no other.
 * float32 sums and products run in float64, so that their error does not grow along the axis.
 */
import { type Affine, bytesOf, type Cumulative, type DType } from '@cotangent/core/kernel'
import { cast } from '../math/cast.ts'
import { Ops } from '../math/expression.ts'
import { type Local, WasmFunction } from '../wasm/assembler.ts'
import { fromPointer, loadStrided, storeStrided } from './access.ts'
import { type Bound, type Cursor, Cursors, scalarLoop, vectorLoop } from './address.ts'
import { combine, identity } from './combine.ts'
import { type EmitContext, type Phase, phaseParams } from './kernel.ts'
import { cutTasks, emitTasks } from './loop-tasks.ts'
import { expressions, newValue, setValue, type Value } from '../math/value.ts'

/** A cache line of float32. */
const UNROLL = 4
const POINT_COST = 1

export function emitCumulative(context: EmitContext, kernel: Cumulative): readonly Phase[] {
  const { outer, length, inner } = kernel
  if (outer * length * inner === 0) return []
  const f = new WasmFunction('cumulative', phaseParams)
  const space = { rows: [outer], length: inner, step: 4 * UNROLL, whole: false, cost: POINT_COST * length }
  const cut = cutTasks(space)
  const emitter = new CumulativeEmitter(new Ops(f, context.module, context.fma), kernel)
  emitter.cursors.prologue()
  emitTasks(f, space, cut, (indices, from, to) => emitter.row(indices, from, to))
  context.module.add(f)
  return [{ run: f, tasks: cut.tasks, cost: POINT_COST * outer * length * inner }]
}

class CumulativeEmitter {
  readonly cursors: Cursors
  private readonly o: Ops
  private readonly kernel: Cumulative
  private readonly source: Cursor
  private readonly target: Cursor
  private readonly running: DType

  constructor(o: Ops, kernel: Cumulative) {
    const { length, inner, reverse, dtype, op } = kernel
    const map: Affine = { offset: reverse ? (length - 1) * inner : 0, strides: [length * inner, 1, reverse ? -inner : inner] }
    this.o = o
    this.kernel = kernel
    this.cursors = new Cursors(o.f, [0, 1, 2])
    this.source = this.cursors.of(map, bytesOf(dtype), kernel.input)
    this.target = this.cursors.of(map, bytesOf(dtype), kernel.output)
    this.running = dtype === 'float32' && (op === 'sum' || op === 'prod') ? 'float64' : dtype
  }

  row(indices: readonly Local[], from: Bound, to: Bound): void {
    const { o, kernel, cursors } = this
    cursors.start([...indices, undefined, undefined])
    vectorLoop({ f: o.f, cursors: [cursors], axis: 1, from, to, extent: kernel.inner, unroll: UNROLL, whole: false }, lanes => {
      const totals = lanes.map(() => {
        const v = newValue(o, this.running)
        setValue(o, v, identity(o, kernel.op, this.running))
        return v
      })
      scalarLoop({ f: o.f, cursors: [cursors], axis: 2, from: 0, to: kernel.length }, () => {
        lanes.forEach((n, copy) => this.step(totals[copy] as Value, n, copy))
      })
    })
  }

  private step(total: Value, lanes: number, copy: number): void {
    const {
      o,
      kernel: { dtype, op },
      running,
    } = this
    const offset = 4 * copy * bytesOf(dtype)
    const x = loadStrided(o, dtype, 1, lanes, fromPointer(o.f, this.source.current, offset))
    setValue(o, total, combine(o, op, running, expressions(o, total), cast(o, running, dtype, expressions(o, x))))
    const out = newValue(o, dtype)
    setValue(o, out, cast(o, dtype, running, expressions(o, total)))
    storeStrided(o, dtype, 1, lanes, out, fromPointer(o.f, this.target.current, offset))
  }
}
