/** Running sums, products, maxima and minima along an axis, from the start or (reverse) from the end. */
import { showAval } from '../aval.ts'
import { computeDType, type DType } from '../dtype.ts'
import { fail } from '../errors.ts'
import { instructions } from '../lower/instructions.ts'
import { narrowed, widened } from '../lower/narrow.ts'
import { checkOptions } from '../options.ts'
import { bind1 } from '../program/bind.ts'
import { normalizeAxis, sizeOf, stridesOf } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { add, multiply } from './arithmetic.ts'
import { astype } from './cast.ts'
import { equal } from './comparison.ts'
import { first, wrap } from './family.ts'
import { gatherP } from './gather.ts'
import { eachIndex } from './host.ts'
import { iota } from './iota.ts'
import { padWith } from './pad.ts'
import { isUnknown, none, type SimplePrimitive } from './primitive.ts'
import { asNumbers } from './reduce.ts'
import { ravel } from './reshape.ts'
import { where } from './select.ts'
import { moveToFront } from './transpose.ts'

export interface CumulativeParams {
  readonly axis: number
  readonly reverse: boolean
}

type Operator = 'sum' | 'prod' | 'max' | 'min'

function cumulative(
  name: string,
  op: Operator,
  tangent: (t: Tensor, x: Tensor, out: Tensor, params: CumulativeParams) => Tensor,
): SimplePrimitive<CumulativeParams> {
  const { evaluate } = instructions[op === 'sum' ? 'add' : op === 'prod' ? 'mul' : op]
  const self: SimplePrimitive<CumulativeParams> = {
    name,
    inputs: ['x'],
    abstractEval(avals) {
      if (first(avals).dtype === 'bool')
        fail('DTypeError', `${name}: needs numbers, got ${showAval(first(avals))}. Convert with astype('int32').`)
      return [first(avals)]
    },
    jvp: ([x], [t], [out], params) => [t ? tangent(t, x as Tensor, out as Tensor, params) : null],
    transpose:
      op !== 'sum'
        ? none(`${name} is not linear`)
        : ([ct], inputs, { axis, reverse }) => [ct && isUnknown(first(inputs)) ? bind1(self, [ct], { axis, reverse: !reverse }) : null],
    batch: (tensors, axes, _, { axis, reverse }) => ({
      outputs: [bind1(self, [moveToFront(first(tensors), first(axes) as number)], { axis: axis + 1, reverse })],
      axes: [0],
    }),
    lower(l, values, { axis, reverse }, outputs) {
      const out = first(outputs),
        { shape } = out,
        x = widened(l, first(values)),
        dtype = computeDType(out.dtype)
      const buffer = l.allocate(x.aval)
      l.emit({
        kind: 'cumulative',
        op,
        dtype,
        reverse,
        input: l.buffer(x),
        output: buffer,
        outer: sizeOf(shape.slice(0, axis)),
        length: shape[axis] as number,
        inner: sizeOf(shape.slice(axis + 1)),
      })
      return [narrowed(l, l.wrap(x.aval, buffer), out)]
    },
    evaluate(arrays, { axis, reverse }, outputs) {
      const out = first(outputs),
        { shape, dtype } = out,
        n = shape[axis] as number,
        strides = stridesOf(shape),
        data = Float64Array.from(first(arrays).data)
      eachIndex(
        shape.map((size, k) => (k === axis ? Math.min(1, size) : size)),
        index => {
          const start = index.reduce((sum, i, k) => sum + i * (strides[k] as number), 0)
          const at = (i: number): number => start + (reverse ? n - 1 - i : i) * (strides[axis] as number)
          for (let i = 1; i < n; i++) data[at(i)] = wrap(evaluate([data[at(i - 1)] as number, data[at(i)] as number], dtype, dtype), dtype)
        },
      )
      return [{ aval: out, data }]
    },
  }
  return self
}

export const cumsumP: SimplePrimitive<CumulativeParams> = cumulative('cumsum', 'sum', (t, _, __, params) => bind1(cumsumP, [t], params))
export const cumprodP: SimplePrimitive<CumulativeParams> = cumulative('cumprod', 'prod', productTangent)
export const cummaxP: SimplePrimitive<CumulativeParams> = cumulative('cummax', 'max', extremumTangent)
export const cumminP: SimplePrimitive<CumulativeParams> = cumulative('cummin', 'min', extremumTangent)

/**
 * Prefix combinations by doubling: after the step of length s each position has combined the s before it. `identity` comes in from beyond the end.
 * About log2(n) elementwise steps, differentiable to any order. Source: Hillis & Steele, "Data parallel algorithms", 1986.
 */
export function prefixByDoubling(
  xs: readonly Tensor[],
  identities: readonly number[],
  { axis, reverse }: CumulativeParams,
  combine: (earlier: readonly Tensor[], later: readonly Tensor[]) => readonly Tensor[],
): readonly Tensor[] {
  const n = first(xs).shape[axis] as number
  let out = xs
  for (let s = 1; s < n; s *= 2) {
    const move = (x: Tensor, fill: number): Tensor =>
      padWith(
        x,
        fill,
        x.shape.map((_, k) => (k !== axis ? [0, 0, 0] : reverse ? [-s, s, 0] : [s, -s, 0])),
      )
    out = combine(
      out.map((x, i) => move(x, identities[i] as number)),
      out,
    )
  }
  return out
}

/** The product rule inside the prefix products, so that zeros among the factors do no harm. */
function productTangent(t: Tensor, x: Tensor, _: Tensor, params: CumulativeParams): Tensor {
  return prefixByDoubling([x, t], [1, 0], params, ([p, dp], [q, dq]) => [
    multiply(p as Tensor, q as Tensor),
    add(multiply(dp as Tensor, q as Tensor), multiply(p as Tensor, dq as Tensor)),
  ])[1] as Tensor
}

/** The tangent of the element that is the extremum so far: of equal ones, the one met last. */
function extremumTangent(t: Tensor, x: Tensor, out: Tensor, { axis, reverse }: CumulativeParams): Tensor {
  const n = x.shape[axis] as number,
    own = iota(x.shape, { axis })
  const position = reverse
    ? bind1(cumminP, [where(equal(x, out), own, n - 1)], { axis, reverse })
    : bind1(cummaxP, [where(equal(x, out), own, 0)], { axis, reverse })
  const paired = x.shape.flatMap((_, k) => (k === axis ? [] : [[k, k] as const]))
  return bind1(gatherP, [t, position], { axes: [axis], paired, mode: 'clip', negative: false, fillValue: 0 })
}

export interface CumulativeOptions {
  /** Default for `cumsum` and `cumprod`: x is flattened first, as NumPy. */
  readonly axis?: number
  /** From the end. Default false. */
  readonly reverse?: boolean
}
export interface RunningTotal extends CumulativeOptions {
  /** What x is converted to before, and the dtype of the result. Default: as that of `sum`. */
  readonly dtype?: DType
}

function running(
  primitive: SimplePrimitive<CumulativeParams>,
  where: string,
  x: TensorLike,
  { axis, reverse = false }: CumulativeOptions,
): Tensor {
  const t = toTensor(x, where),
    adds = primitive === cumsumP || primitive === cumprodP,
    numbers = adds || t.dtype === 'bool' ? asNumbers(where, t) : t
  const line = axis === undefined ? ravel(numbers) : numbers
  return bind1(primitive, [line], { axis: normalizeAxis(where, axis ?? 0, line.ndim), reverse })
}

function runningTotal(primitive: Parameters<typeof running>[0], where: string, x: TensorLike, { dtype, ...options }: RunningTotal): Tensor {
  const out = running(primitive, where, dtype === undefined ? x : astype(toTensor(x, where), dtype), options)
  return dtype === undefined ? out : astype(out, dtype)
}

/** Running sum along an axis (default: of all elements in order). NumPy: `cumsum`. */
export function cumsum(x: TensorLike, options: RunningTotal = {}): Tensor {
  checkOptions('cumsum', options, 'axis', 'reverse', 'dtype')
  return runningTotal(cumsumP, 'cumsum', x, options)
}
/** Running product along an axis (default: of all elements in order); its gradient is right at zeros too. NumPy: `cumprod`. */
export function cumprod(x: TensorLike, options: RunningTotal = {}): Tensor {
  checkOptions('cumprod', options, 'axis', 'reverse', 'dtype')
  return runningTotal(cumprodP, 'cumprod', x, options)
}
/** Running maximum along an axis (default 0). JAX: `lax.cummax`. */
export function cummax(x: TensorLike, options: CumulativeOptions = {}): Tensor {
  const { axis = 0, reverse = false } = checkOptions('cummax', options, 'axis', 'reverse')
  return running(cummaxP, 'cummax', x, { axis, reverse })
}
/** Running minimum along an axis (default 0). JAX: `lax.cummin`. */
export function cummin(x: TensorLike, options: CumulativeOptions = {}): Tensor {
  const { axis = 0, reverse = false } = checkOptions('cummin', options, 'axis', 'reverse')
  return running(cumminP, 'cummin', x, { axis, reverse })
}
