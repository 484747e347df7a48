/**
 * Accumulators of a Loop's reductions. Vectors along a parallel axis: one accumulator a copy, each lane a result. Vectors along a reduced
 * axis: one accumulator a copy, combined over copies and lanes at the end, in a fixed order.
 *
 * Long float sums are blocked: every `BLOCK` additions the accumulators are folded into totals by compensated addition (Neumaier 1974), so the
 * error does not grow with the number of blocks. Accumulators of one result share a total: registers are few.
 */
import { type ComputeDType, isFloat, type Loop, type Node, type Reduction } from '@cotangent/core/kernel'
import type { Expression, Ops } from '../math/expression.ts'
import { I32, type Local } from '../wasm/assembler.ts'
import type { Blocks } from './address.ts'
import type { Body, Reduced } from './body.ts'
import { better, combine, type CombineOp, identity, isArg, rotate, tied } from './combine.ts'
import type { LoopPlan } from './loop-plan.ts'
import { choose, expressions, laneMask, newValue, setValue, type Value } from '../math/value.ts'

const BLOCK = 64

/** One accumulator: a plain one, a block with its compensated total, an extreme with the mask of NaN seen, or a winner with its index. */
interface Accumulator {
  readonly value: Value
  readonly total?: { readonly sum: Value; readonly error: Value }
  readonly nan?: Value
  readonly winner?: { readonly index: Value; readonly seen: Value }
}

export class Reducer {
  /** Breaks the innermost loop into blocks, if a sum needs it. */
  readonly blocks: Blocks | undefined
  private readonly o: Ops
  private readonly loop: Loop
  private readonly body: Body
  /** Vectors lie along a reduced axis, so copies and lanes are parts of one result. */
  private readonly horizontal: boolean
  /** Additions into one accumulator in one run of the innermost loop. */
  private readonly innermost: number
  private readonly blocked: boolean
  private readonly untilFold: Local | undefined
  private readonly copies: number
  private accumulators: Accumulator[][] = []

  constructor(o: Ops, plan: LoopPlan, body: Body) {
    const { loop, vector, unroll } = plan
    const reduced = loop.extents.slice(loop.parallel)
    this.o = o
    this.loop = loop
    this.body = body
    this.horizontal = vector >= loop.parallel
    this.copies = this.horizontal ? unroll : 0
    const inner = reduced.at(-1) ?? 1
    this.innermost = this.horizontal ? Math.ceil(inner / (4 * unroll)) : inner
    const additions = reduced.slice(0, -1).reduce((a, n) => a * n, this.innermost)
    this.blocked = additions > 2 * BLOCK && loop.reductions.some(r => r.op === 'sum' && isFloat(r.dtype))
    this.blocks = this.blocked && this.innermost > 2 * BLOCK ? { every: BLOCK, after: () => this.fold() } : undefined
    this.untilFold = this.blocked && this.blocks === undefined ? o.f.local(I32) : undefined
  }

  /** Sets all accumulators to the identities. */
  begin(lanes: readonly number[]): void {
    const { o } = this
    const n = this.horizontal ? this.copies : lanes.length
    this.accumulators = this.loop.reductions.map(r => Array.from({ length: n }, (_, copy) => this.create(r, copy)))
    if (this.untilFold !== undefined) o.f.i32(BLOCK).set(this.untilFold)
  }

  private create(r: Reduction, copy: number): Accumulator {
    const { o } = this
    const dtype = this.inputOf(r)
    const set = (d: ComputeDType, e: readonly Expression[]): Value => {
      const v = newValue(o, d)
      setValue(o, v, e)
      return v
    }
    if (isArg(r.op))
      return { value: set(dtype, identity(o, 'sum', dtype)), winner: { index: set('int32', [o.i32(0)]), seen: set('bool', [o.i32(0)]) } }
    const value = set(dtype, identity(o, r.op, dtype))
    const zero = (): Value => set(dtype, identity(o, 'sum', dtype))
    const sums = this.blocked && r.op === 'sum' && isFloat(dtype)
    if (sums) return this.horizontal && copy > 0 ? { value } : { value, total: { sum: zero(), error: zero() } }
    return (r.op === 'max' || r.op === 'min') && isFloat(dtype) ? { value, nan: zero() } : { value }
  }

  private inputOf(r: Reduction): ComputeDType {
    return (this.loop.body[r.value] as Node).dtype
  }

  /** Feeds the values of the present point. `lanes[c]` elements of copy c count. */
  add(lanes: readonly number[]): void {
    this.loop.reductions.forEach((r, k) => lanes.forEach((n, copy) => this.addOne(r, k, n, copy)))
  }

  /** As `add`, for one copy alone. */
  addCopy(lanes: number, copy: number): void {
    this.loop.reductions.forEach((r, k) => this.addOne(r, k, lanes, copy))
  }

  private addOne(r: Reduction, k: number, lanes: number, copy: number): void {
    const a = (this.accumulators[k] as Accumulator[])[copy] as Accumulator
    const mask = this.horizontal && lanes < 4 ? laneMask(this.o, lanes) : undefined
    const x = expressions(this.o, this.body.value(r.value, copy))
    if (isArg(r.op)) {
      const index = this.o.get(this.body.value(r.index as number, copy)[0] as Local)
      return this.contest(r.op, this.inputOf(r), a, x, index, mask)
    }
    const now = expressions(this.o, a.value)
    const next = a.nan === undefined ? combine(this.o, r.op, r.dtype, now, x) : this.extreme(r.op as 'max' | 'min', a.nan, now, x, mask)
    setValue(this.o, a.value, mask === undefined ? next : choose(this.o, mask, next, now))
  }

  /**
   * max and min in five instructions instead of eight: pmax in both orders differs for zeros of different signs, where `and` gives 0 (for min
   * `or` gives -0), and for NaN, which is remembered apart.
   */
  private extreme(
    op: 'max' | 'min',
    nan: Value,
    now: readonly Expression[],
    x: readonly Expression[],
    mask: Expression | undefined,
  ): readonly Expression[] {
    const { o } = this,
      type = now.length === 2 ? 'f64x2' : 'f32x4'
    const old = expressions(o, nan),
      found = old.map((n, i) => o.v('v128.or', n, o.v(`${type}.ne`, x[i] as Expression, x[i] as Expression)))
    setValue(o, nan, mask === undefined ? found : choose(o, mask, found, old))
    return now.map((a, i) => {
      const b = x[i] as Expression
      return o.v(op === 'max' ? 'v128.and' : 'v128.or', o.v(`${type}.p${op}`, a, b), o.v(`${type}.p${op}`, b, a))
    })
  }

  /** Takes over a better value with its index. The first value always wins. */
  private contest(
    op: 'argmax' | 'argmin',
    dtype: ComputeDType,
    a: Accumulator,
    x: readonly Expression[],
    index: Expression,
    mask: Expression | undefined,
  ): void {
    const { o } = this,
      winner = a.winner as { index: Value; seen: Value }
    const seen = o.get(winner.seen[0] as Local)
    const wins = o.v('v128.or', better(o, op, dtype, x, expressions(o, a.value)), o.v('v128.not', seen))
    const take = o.keep(mask === undefined ? wins : o.v('v128.and', wins, mask))
    setValue(o, a.value, choose(o, take, x, expressions(o, a.value)))
    setValue(o, winner.index, [o.select(take, index, o.get(winner.index[0] as Local))])
    setValue(o, winner.seen, [o.v('v128.or', seen, take)])
  }

  /** After each run of the innermost loop. */
  afterInnermost(): void {
    const { o, untilFold } = this
    if (untilFold === undefined) return
    o.f
      .get(untilFold)
      .i32(this.innermost)
      .sub()
      .tee(untilFold)
      .i32(0)
      .op(0x4c)
      .if(() => {
        // i32.le_s
        this.fold()
        o.f.i32(BLOCK).set(untilFold)
      })
  }

  /** total += block, keeping the rounding error; block = 0. */
  private fold(): void {
    const { o } = this
    this.loop.reductions.forEach((r, k) => {
      const type = r.dtype === 'float64' ? 'f64x2' : 'f32x4'
      const all = this.accumulators[k] as Accumulator[]
      const shared = this.horizontal && all[0]?.total !== undefined
      if (shared) this.gather('sum', r.dtype, all)
      for (const a of all) {
        a.total?.sum.forEach((s, half) => {
          const block = o.get(a.value[half] as Local),
            sum = o.get(s),
            error = o.get(a.total?.error[half] as Local)
          const next = o.keep(o.v(`${type}.add`, sum, block))
          const back = o.keep(o.v(`${type}.sub`, next, sum))
          const lost = o.v(`${type}.add`, o.v(`${type}.sub`, sum, o.v(`${type}.sub`, next, back)), o.v(`${type}.sub`, block, back))
          o.set(a.total?.error[half] as Local, o.v(`${type}.add`, error, lost))
          o.set(s, next)
        })
        if (shared || a.total !== undefined) setValue(o, a.value, identity(o, 'sum', r.dtype))
      }
    })
  }

  /** Combines all accumulators into the first, in pairs. */
  private gather(op: CombineOp, dtype: ComputeDType, all: readonly Accumulator[]): void {
    const { o } = this
    for (let apart = 1; apart < all.length; apart *= 2) {
      for (let i = 0; i + apart < all.length; i += 2 * apart) {
        const [a, b] = [all[i], all[i + apart]] as [Accumulator, Accumulator]
        setValue(o, a.value, combine(o, op, dtype, expressions(o, a.value), expressions(o, b.value)))
      }
    }
  }

  /** The results, one value a copy (in lane 0 when vectors lay along a reduced axis). */
  finish(): Reduced {
    if (this.blocked) this.fold()
    const results = this.loop.reductions.map((r, k) => {
      const all = this.accumulators[k] as readonly Accumulator[]
      all.forEach(a => this.close(a, r.dtype))
      if (!this.horizontal) return all.map(a => a.winner?.index ?? a.value)
      const one = isArg(r.op) ? this.lastWinner(r.op, this.inputOf(r), all) : this.acrossLanes(r, all)
      return [one]
    })
    return (index, copy) => results[index]?.[copy] as Value
  }

  /** value = total + error; where the total is infinite the error is NaN and does not count. A mask of NaN is a NaN itself. */
  private close(a: Accumulator, dtype: ComputeDType): void {
    const { o } = this
    a.nan?.forEach((n, half) => o.set(a.value[half] as Local, o.v('v128.or', o.get(a.value[half] as Local), o.get(n))))
    if (a.total === undefined) return
    const type = dtype === 'float64' ? 'f64x2' : 'f32x4'
    a.total.sum.forEach((s, half) => {
      const error = o.get(a.total?.error[half] as Local)
      o.set(a.value[half] as Local, o.select(o.v(`${type}.eq`, error, error), o.v(`${type}.add`, o.get(s), error), o.get(s)))
    })
  }

  private acrossLanes(r: Reduction, all: readonly Accumulator[]): Value {
    const { o } = this
    const op = r.op as CombineOp
    const out = (all[0] as Accumulator).value
    this.gather(op, r.dtype, all)
    for (const by of [2, 1] as const) {
      const moved = rotate(o, expressions(o, out), by).map(e => o.keep(e))
      setValue(o, out, combine(o, op, r.dtype, expressions(o, out), moved))
    }
    return out
  }

  /** Of equal values the one with the lower index. */
  private lastWinner(op: 'argmax' | 'argmin', dtype: ComputeDType, all: readonly Accumulator[]): Value {
    const [first, ...others] = all as readonly [Accumulator, ...Accumulator[]]
    for (const a of others)
      this.duel(
        op,
        dtype,
        first,
        expressions(this.o, a.value),
        expressions(this.o, a.winner?.index as Value),
        expressions(this.o, a.winner?.seen as Value),
      )
    for (const by of [2, 1] as const) {
      const moved = [first.value, first.winner?.index as Value, first.winner?.seen as Value].map(v =>
        rotate(this.o, expressions(this.o, v), by).map(e => this.o.keep(e)),
      )
      this.duel(op, dtype, first, ...(moved as [Expression[], Expression[], Expression[]]))
    }
    return first.winner?.index as Value
  }

  private duel(
    op: 'argmax' | 'argmin',
    dtype: ComputeDType,
    a: Accumulator,
    x: readonly Expression[],
    index: readonly Expression[],
    seen: readonly Expression[],
  ): void {
    const { o } = this,
      mine = expressions(o, a.value),
      winner = a.winner as { index: Value; seen: Value }
    const i = o.get(winner.index[0] as Local),
      has = o.get(winner.seen[0] as Local)
    const earlier = o.v('v128.and', tied(o, op, dtype, x, mine), o.v('i32x4.lt_s', index[0] as Expression, i))
    const wins = o.v('v128.or', o.v('v128.or', better(o, op, dtype, x, mine), earlier), o.v('v128.not', has))
    const take = o.keep(o.v('v128.and', wins, seen[0] as Expression))
    setValue(o, a.value, choose(o, take, x, mine))
    setValue(o, winner.index, [o.select(take, index[0] as Expression, i)])
    setValue(o, winner.seen, [o.v('v128.or', has, take)])
  }
}
