/** Steps of random programs that move, reduce, contract and index. */
import { isFloat } from '../../../src/dtype.ts'
import { convGeneralDilated, dotGeneral, dynamicSlice, dynamicUpdateSlice, pad, reduceWindow, scatterAdd } from '../../../src/lax/index.ts'
import {
  all,
  any,
  argmax,
  argmin,
  argsort,
  astype,
  broadcastTo,
  concatenate,
  cumsum,
  expandDims,
  flip,
  logsumexp,
  max,
  mean,
  min,
  moveaxis,
  prod,
  ravel,
  remainder,
  reshape,
  sliceAxis,
  sort,
  sum,
  take,
  transpose,
} from '../../../src/numpy/index.ts'
import { cummax } from '../../../src/lax/index.ts'
import { type ProgramDraft, type Step, type Value, MAX_SIZE, TAME, castTo, castable, isWide, of, tame, toScalar } from './draft.ts'

const hasAxis = (v: Value): boolean => v.x.ndim > 0
const isFull = (v: Value): boolean => v.x.ndim > 0 && v.x.size > 0
const sizeAt = (v: Value, axis: number): number => v.x.shape[axis] as number
const drawAxis = (d: ProgramDraft, v: Value): number => d.choices.below(v.x.ndim)
/** The same elements, or some of them. */
const moved = (v: Value, x: Value['x']): Value => of(x, v.bound, v)

const rearrange: Step = d => {
  const v = d.pick(hasAxis)
  if (v === undefined) return undefined
  const axis = drawAxis(d, v),
    { x } = v
  const ways = [
    () => transpose(x),
    () => flip(x, { axis }),
    () => ravel(x),
    () => expandDims(x, d.choices.below(x.ndim + 1)),
    () => moveaxis(x, axis, d.choices.below(x.ndim)),
    () => reshape(x, [...x.shape].reverse()),
    () => broadcastTo(expandDims(x, 0), [d.choices.between(1, 3), ...x.shape]),
  ]
  return moved(v, d.choices.pick(ways)())
}

const cut: Step = d => {
  const v = d.pick(isFull)
  if (v === undefined) return undefined
  const axis = drawAxis(d, v),
    n = sizeAt(v, axis),
    start = d.choices.below(n)
  return moved(v, sliceAxis(v.x, start, d.choices.between(start + 1, n), { axis, stride: d.choices.between(1, 2) }))
}

const padded: Step = d => {
  const v = d.pick(hasAxis)
  if (v === undefined || v.x.dtype === 'bool') return undefined
  const fill = d.choices.below(3)
  const config = v.x.shape.map(() => [d.choices.between(-1, 1), d.choices.below(2), d.choices.below(2)] as const)
  if (v.x.shape.some((n, k) => n + (config[k]?.[0] ?? 0) < 1)) return undefined
  return of(pad(v.x, fill, config), Math.max(v.bound, fill), v)
}

const joined: Step = d => {
  const a = d.pick(hasAxis)
  if (a === undefined) return undefined
  const axis = drawAxis(d, a)
  const b = d.pick(v => v.x.dtype === a.x.dtype && v.x.ndim === a.x.ndim && a.x.shape.every((n, k) => k === axis || n === sizeAt(v, k)))
  return b && of(concatenate([a.x, b.x], { axis }), Math.max(a.bound, b.bound), a, b)
}

/** Some of the axes, or all (undefined). */
function drawReduction(d: ProgramDraft, v: Value): { readonly axis?: number; readonly keepdims: boolean } {
  const keepdims = d.choices.chance(30)
  return v.x.ndim > 0 && d.choices.chance(70) ? { axis: drawAxis(d, v), keepdims } : { keepdims }
}

const added: Step = d => {
  const v = d.pick()
  if (v === undefined) return undefined
  const small = tame(v),
    options = drawReduction(d, small)
  return of(sum(small.x, options), small.x.dtype === 'bool' ? small.x.size : TAME * small.x.size, small)
}
const averaged: Step = d => {
  const v = d.pick(x => isWide(x.x.dtype) && x.x.size > 0)
  if (v === undefined) return undefined
  const small = tame(v),
    f = d.choices.pick([mean, logsumexp])
  return { x: f(small.x, drawReduction(d, small)), exact: false, bound: TAME + Math.log(small.x.size) }
}
const chosen: Step = d => {
  const v = d.pick(x => x.exact && x.x.size > 0)
  if (v === undefined) return undefined
  const options = drawReduction(d, v)
  if (v.x.dtype === 'bool') return of(d.choices.pick([any, all])(v.x, options), 1, v)
  return moved(v, d.choices.pick([max, min])(v.x, options))
}
const multiplied: Step = d => {
  const v = d.pick(x => x.x.dtype !== 'bool')
  if (v === undefined || v.x.size > 4) return undefined
  const small = tame(v)
  return of(prod(small.x, drawReduction(d, small)), TAME ** small.x.size, small)
}
const position: Step = d => {
  const v = d.pick(x => x.exact && isFull(x))
  if (v === undefined) return undefined
  const axis = drawAxis(d, v)
  const f = d.choices.pick([argmax, argmin, argsort])
  return of(f(v.x, { axis }), sizeAt(v, axis), v)
}
const ordered: Step = d => {
  const v = d.pick(x => x.exact && isFull(x))
  if (v === undefined) return undefined
  const axis = drawAxis(d, v)
  return moved(v, d.choices.pick([sort, cummax])(v.x, { axis }))
}
const running: Step = d => {
  const v = d.pick(x => hasAxis(x) && x.x.dtype !== 'bool')
  if (v === undefined) return undefined
  const small = tame(v),
    axis = drawAxis(d, small)
  return of(cumsum(small.x, { axis }), TAME * sizeAt(small, axis), small)
}
const windowed: Step = d => {
  const v = d.pick(x => isFull(x) && x.x.dtype !== 'bool')
  if (v === undefined) return undefined
  const small = tame(v),
    axis = drawAxis(d, small)
  const window = small.x.shape.map((n, k) => (k === axis ? Math.min(n, 2) : 1)),
    strides = window.map(() => 1 + d.choices.below(2))
  const operator = d.choices.pick(small.exact ? (['sum', 'max', 'min'] as const) : (['sum'] as const))
  return of(reduceWindow(small.x, operator, window, strides, d.choices.pick(['VALID', 'SAME'])), 2 * TAME, small)
}

const product: Step = d => {
  const a = d.pick(v => hasAxis(v) && v.x.dtype !== 'bool')
  if (a === undefined) return undefined
  const axis = drawAxis(d, a),
    n = sizeAt(a, axis)
  const b = d.pick(v => v.x.shape.includes(n) && castable(v, a.x.dtype))
  if (b === undefined) return undefined
  const x = tame(a),
    y = tame(castTo(b, a.x.dtype))
  if ((x.x.size * y.x.size) / Math.max(1, n * n) > MAX_SIZE) return undefined
  const result = dotGeneral(x.x, y.x, { contracting: [[axis], [y.x.shape.indexOf(n)]] })
  return of(result, TAME * TAME * n, x, y)
}

const convolved: Step = d => {
  const a = d.pick(v => isFull(v) && v.x.dtype !== 'bool')
  const b = a && d.pick(v => v.x.size > 0 && v.x.dtype === a.x.dtype)
  if (a === undefined || b === undefined) return undefined
  const x = tame(a),
    width = Math.min(3, b.x.size, x.x.size)
  const kernel = sliceAxis(ravel(tame(b).x), 0, width)
  const y = convGeneralDilated(
    reshape(x.x, [1, 1, x.x.size]),
    reshape(kernel, [1, 1, width]),
    [1 + d.choices.below(2)],
    d.choices.pick(['SAME', 'VALID']),
  )
  return of(ravel(y), TAME * TAME * width, x, b)
}

/** Positions along an axis of n elements. */
const positions = (v: Value, n: number): Value['x'] => astype(remainder(castTo(v, 'int32').x, n), 'int32')
const isIndex = (v: Value): boolean => v.exact && !isFloat(v.x.dtype) && v.x.dtype !== 'bool' && v.x.ndim < 3

const gathered: Step = d => {
  const v = d.pick(isFull),
    i = d.pick(isIndex)
  if (v === undefined || i === undefined) return undefined
  const axis = drawAxis(d, v)
  if (v.x.size * i.x.size > MAX_SIZE) return undefined
  return of(take(v.x, positions(i, sizeAt(v, axis)), { axis, mode: 'clip' }), v.bound, v, i)
}
const scattered: Step = d => {
  const v = d.pick(x => isFull(x) && x.x.dtype !== 'bool'),
    i = d.pick(x => isIndex(x) && x.x.size <= TAME),
    u = v && d.pick(x => castable(x, v.x.dtype) && (x.exact || !v.exact))
  if (v === undefined || i === undefined || u === undefined) return undefined
  const update = tame(castTo(toScalar(u), v.x.dtype))
  const shape = [...i.x.shape, ...v.x.shape.slice(1)]
  const x = scatterAdd(v.x, [positions(i, sizeAt(v, 0))], broadcastTo(update.x, shape), {})
  return of(x, v.bound + TAME * i.x.size, v, i, update)
}
const windowAt: Step = d => {
  const v = d.pick(isFull),
    i = d.pick(isIndex)
  if (v === undefined || i === undefined) return undefined
  const start = positions(toScalar(i), TAME)
  const starts = v.x.shape.map((_, k) => (k === 0 ? start : 0))
  const sizes = v.x.shape.map((n, k) => (k === 0 ? Math.max(1, n - 1) : n))
  const part = dynamicSlice(v.x, starts, sizes)
  return d.choices.chance(50) ? of(part, v.bound, v, i) : of(dynamicUpdateSlice(v.x, flip(part), starts), v.bound, v, i)
}

export const structural: readonly Step[] = [
  added,
  rearrange,
  product,
  cut,
  padded,
  joined,
  averaged,
  chosen,
  multiplied,
  position,
  ordered,
  running,
  windowed,
  convolved,
  gathered,
  scattered,
  windowAt,
]
