/** Steps of random programs that hold functions: branches, loops, nested transforms. */
import { array } from '../../../src/numpy/creation.ts'
import { abs, greater, less, remainder, sum } from '../../../src/numpy/index.ts'
import { isFloat } from '../../../src/dtype.ts'
import type { Tensor } from '../../../src/tensor.ts'
import { checkpoint } from '../../../src/transforms/checkpoint.ts'
import { cond, switch_ } from '../../../src/transforms/control.ts'
import { grad, jvp } from '../../../src/transforms/grad.ts'
import { jit } from '../../../src/transforms/jit.ts'
import { foriLoop, scan, whileLoop } from '../../../src/transforms/loops.ts'
import { vmap } from '../../../src/transforms/vmap.ts'
import { type BodyOptions, type ProgramDraft, type Step, type Value, TAME, castTo, conform, isWide, of, tame, toScalar } from './draft.ts'

/** The choices of one function's body. */
const BODY = 60

type Body = (...operands: readonly Value[]) => ProgramDraft

/** A function of some values, the newest last: a draft with its steps drawn. Every call draws the same ones. */
function body(d: ProgramDraft, options?: BodyOptions): Body {
  const choices = d.choices.reserve(BODY)
  return (...operands) => {
    const own = choices()
    const inner = d.inside(own, operands, options)
    inner.draw(own.between(1, 4))
    return inner
  }
}

/** A body as a function of tensors like `like`, and to them. */
const endo =
  (f: Body, like: Value) =>
  (x: Tensor): Tensor =>
    conform(f(tamed(like, x)).newest(), like).x
const tamed = (like: Value, x: Tensor): Value => ({ x, exact: like.exact, bound: TAME })

/** A scalar integer in 0, ..., n - 1 that is not known while tracing. */
function drawIndex(d: ProgramDraft, n: number): Tensor | undefined {
  const v = d.pick(x => x.exact && !isFloat(x.x.dtype))
  return v && abs(remainder(castTo(toScalar(v), 'int32').x, n))
}

const branched: Step = d => {
  const v = d.pick(),
    index = drawIndex(d, 3)
  if (v === undefined || index === undefined) return undefined
  const like = tame(v)
  const f = endo(body(d), like),
    g = endo(body(d), like),
    h = endo(body(d), like)
  return tamed(like, d.choices.chance(50) ? cond(greater(index, 0), f, g, like.x) : switch_(index, [f, g, h], like.x))
}

const scanned: Step = d => {
  const v = d.pick(),
    xs = d.pick(x => x.x.ndim > 0 && (x.x.shape[0] as number) <= 5)
  if (v === undefined || xs === undefined) return undefined
  const like = tame(v),
    step = body(d)
  let y: Value = like
  const [last, ys] = scan(
    (c: Tensor, row: Tensor) => {
      const inner = step({ ...xs, x: row }, tamed(like, c))
      y = inner.pick() as Value
      return [conform(inner.newest(), like).x, y.x]
    },
    like.x,
    xs.x,
    { reverse: d.choices.chance(30) },
  )
  d.add(of(ys, y.bound, y))
  return tamed(like, last)
}

/** A loop whose number of rounds is computed. */
const repeated: Step = d => {
  const v = d.pick(x => x.exact || !d.options.reverse),
    n = drawIndex(d, 4)
  if (v === undefined || n === undefined) return undefined
  const like = tame(v),
    step = body(d, { captured: x => x.exact || !like.exact })
  const [, last] = whileLoop<readonly [Tensor, Tensor]>(
    ([i]) => less(i, n),
    ([i, c]) => {
      const counter: Value = { x: i, exact: true, bound: 4 }
      return [i.add(1), conform(step(counter, tamed(like, c)).newest(), like).x]
    },
    [array(0, { dtype: 'int32' }), like.x],
  )
  return tamed(like, last)
}

const counted: Step = d => {
  const v = d.pick()
  if (v === undefined) return undefined
  const like = tame(v),
    step = body(d)
  const rounds = d.choices.below(4)
  const f = (i: Tensor, c: Tensor): Tensor => conform(step({ x: i, exact: true, bound: 4 }, tamed(like, c)).newest(), like).x
  return tamed(like, foriLoop(0, rounds, f, like.x))
}

/** A body mapped over an axis of one value and, where it has such an axis, of another one. */
const mapped: Step = d => {
  const a = d.pick(v => v.x.ndim > 0 && v.x.size > 0),
    b = d.pick()
  if (a === undefined || b === undefined) return undefined
  const axis = d.choices.below(a.x.ndim),
    f = body(d),
    other = b.x.shape.indexOf(a.x.shape[axis] as number)
  let out: Value = a
  const each = (x: Tensor, y: Tensor): Tensor => {
    out = f({ ...b, x: y }, { ...a, x }).newest()
    return out.x
  }
  const inAxes = [axis, other < 0 || d.choices.chance(30) ? null : other] as const
  const x = vmap(each, { inAxes, outAxes: d.choices.pick([0, -1]) })(a.x, b.x)
  return of(x, out.bound, out)
}

const wrapped: Step = d => {
  const v = d.pick()
  if (v === undefined) return undefined
  const like = tame(v),
    f = endo(body(d), like)
  const wrap = d.choices.pick([(g: typeof f): typeof f => jit(g), (g: typeof f): typeof f => checkpoint(g)])
  return tamed(like, wrap(f)(like.x))
}

/** A derivative inside of the function. */
const differentiated: Step = d => {
  const v = d.pick(x => !x.exact && isWide(x.x.dtype))
  if (v === undefined) return undefined
  const like = tame(v),
    f = endo(body(d, { reverse: true }), like)
  const slope = d.choices.chance(50) ? jvp(f, [like.x], [like.x])[1] : grad((x: Tensor) => sum(f(x)))(like.x)
  return tame({ x: slope, exact: false, bound: Infinity })
}

export const control: readonly Step[] = [branched, scanned, mapped, repeated, counted, wrapped, differentiated]
