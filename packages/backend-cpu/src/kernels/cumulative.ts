/**
 * Running reductions along the middle axis of `[outer, length, inner]`: vectors lie along `inner`, which a task shares with no other. Where
 * `inner` is 1 they lie along the axis itself: each is reduced by itself, and what came before it is added, so that the chain from one
 * element to the next is four times shorter (Hillis and Steele, "Data parallel algorithms", 1986).
 * float32 sums and products run in float64, so that their error does not grow along the axis.
 */
import { type Affine, bytesOf, type Cumulative, type ComputeDType } from '@cotangent/core/kernel'
import { cast } from '../math/cast.ts'
import { type Expression, Ops } from '../math/expression.ts'
import { cumulativeCost, loops } from '../tuning.ts'
import { type Local, WasmFunction } from '../wasm/assembler.ts'
import { fromPointer, loadStrided, storeStrided } from './access.ts'
import { type Bound, type Cursor, Cursors, scalarLoop, vectorLoop } from './address.ts'
import { combine, neutral } from './combine.ts'
import { type EmitContext, type Phase, phaseParams } from './kernel.ts'
import { cutTasks, emitTasks } from './loop-tasks.ts'
import { expressions, newValue, setValue, type Value } from '../math/value.ts'

export function emitCumulative(context: EmitContext, kernel: Cumulative): readonly Phase[] {
  const { outer, length, inner } = kernel
  if (outer * length * inner === 0) return []
  const f = new WasmFunction('cumulative', phaseParams)
  const cost = inner === 1 ? cumulativeCost.along : cumulativeCost.beside
  const space = { rows: [outer], length: inner, step: 4 * loops.cumulativeCopies, whole: false, cost: cost * length }
  const cut = cutTasks(space)
  const emitter = new CumulativeEmitter(new Ops(f, context.module, context.fma), kernel)
  emitter.cursors.prologue()
  emitTasks(f, space, cut, (indices, from, to) => emitter.row(indices, from, to))
  context.module.add(f)
  return [{ run: f, tasks: cut.tasks, cost: cost * outer * length * inner }]
}

class CumulativeEmitter {
  readonly cursors: Cursors
  private readonly o: Ops
  private readonly kernel: Cumulative
  private readonly source: Cursor
  private readonly target: Cursor
  private readonly running: ComputeDType

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
    if (kernel.inner === 1) return this.scan()
    vectorLoop({ f: o.f, cursors: [cursors], axis: 1, from, to, extent: kernel.inner, unroll: loops.cumulativeCopies, whole: false }, lanes => {
      const totals = lanes.map(() => {
        const v = newValue(o, this.running)
        setValue(o, v, neutral(o, kernel.op, this.running))
        return v
      })
      scalarLoop({ f: o.f, cursors: [cursors], axis: 2, from: 0, to: kernel.length }, () => {
        lanes.forEach((n, copy) => this.step(totals[copy] as Value, n, copy))
      })
    })
  }

  /** One row, in vectors along it. */
  private scan(): void {
    const { o, kernel, cursors, running } = this,
      { length, op, dtype, reverse } = kernel,
      stride = reverse ? -1 : 1
    const total = newValue(o, running)
    setValue(o, total, neutral(o, op, running))
    vectorLoop({ f: o.f, cursors: [cursors], axis: 2, from: 0, to: length, extent: length, unroll: loops.cumulativeCopies, whole: false }, lanes =>
      lanes.forEach((n, copy) => {
        const offset = 4 * copy * stride * bytesOf(dtype)
        const x = loadStrided(o, dtype, stride, n, fromPointer(o.f, this.source, offset))
        const sums = this.prefixes(cast(o, running, dtype, expressions(o, x)))
        const out = newValue(o, dtype)
        setValue(o, out, cast(o, dtype, running, kept(o, combine(o, op, running, expressions(o, total), sums))))
        setValue(o, total, combine(o, op, running, expressions(o, total), lastOf(o, sums)))
        storeStrided(o, dtype, stride, n, out, fromPointer(o.f, this.target, offset))
      }),
    )
  }

  /** The running reduction of one vector: lanes with their neighbours, then pairs with the pairs before them. */
  private prefixes(x: readonly Expression[]): readonly Expression[] {
    const { o, running, kernel } = this
    const first = neutral(o, kernel.op, running)
    const join = (a: readonly Expression[], b: readonly Expression[]): readonly Expression[] =>
      kept(o, combine(o, kernel.op, running, a, b).slice(0, b.length))
    const values = kept(o, x)
    if (values.length === 1) {
      const [v, none] = [values[0], first[0]] as [Expression, Expression]
      const [pairs] = join([o.shuffle32(v, none, [4, 0, 1, 2])], [v]) as [Expression]
      return join([o.shuffle32(pairs, none, [4, 5, 0, 1])], [pairs])
    }
    const shifted = values.map((v, half) => o.shuffle32(v, first[half] as Expression, [4, 5, 0, 1]))
    const [low, upper] = join(shifted, values) as [Expression, Expression]
    return [low, ...join([o.shuffle32(low, low, [2, 3, 2, 3])], [upper])]
  }

  private step(total: Value, lanes: number, copy: number): void {
    const {
      o,
      kernel: { dtype, op },
      running,
    } = this
    const offset = 4 * copy * bytesOf(dtype)
    const x = loadStrided(o, dtype, 1, lanes, fromPointer(o.f, this.source, offset))
    setValue(o, total, combine(o, op, running, expressions(o, total), cast(o, running, dtype, expressions(o, x))))
    const out = newValue(o, dtype)
    setValue(o, out, cast(o, dtype, running, expressions(o, total)))
    storeStrided(o, dtype, 1, lanes, out, fromPointer(o.f, this.target, offset))
  }
}

const kept = (o: Ops, x: readonly Expression[]): readonly Expression[] => x.map(e => o.keep(e))

/** The last element in all lanes. */
const lastOf = (o: Ops, x: readonly Expression[]): readonly Expression[] => {
  const last = x.at(-1) as Expression
  const lanes = x.length === 1 ? [3, 3, 3, 3] : [2, 3, 2, 3]
  return x.map(() => o.shuffle32(last, last, lanes))
}
