/**
 * Reductions over axes, which are dropped: sum, prod, max, min, and, or, xor. One family: they differ in the operator and in the calculus.
 *
 * Derivatives as JAX: a maximum shares its gradient equally among ties; a product's tangent is built from halves, so that zeros
 * among the factors do no harm and all higher derivatives exist.
 */
import { aval, showAval } from '../aval.ts'
import { bitsOf, isFloat, isHalf, isInteger, isUnsigned } from '../dtype.ts'
import { fail } from '../errors.ts'
import { identityOf, type InstructionName, instructions } from '../lower/instructions.ts'
import type { Index } from '../lower/lowering.ts'
import { checkOptions } from '../options.ts'
import { bind1 } from '../program/bind.ts'
import { normalizeAxes, type Shape, showShape, stridesOf } from '../shape.ts'
import { type Reduce, type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { add, divide, maximum, minimum, multiply } from './arithmetic.ts'
import { broadcastTo } from './broadcast.ts'
import { astype, toBool } from './cast.ts'
import { equal } from './comparison.ts'
import { concatenate } from './concatenate.ts'
import { first, nameOfDomain, wrap } from './family.ts'
import { eachIndex } from './host.ts'
import { isUnknown, none, type SimplePrimitive } from './primitive.ts'
import { kept, type MaskedReduce, type ReduceFrom, startOf, type Total } from './masked.ts'
import { reshape } from './reshape.ts'
import { slice } from './slice.ts'
import { moveToFront, transpose } from './transpose.ts'

export interface ReduceParams {
  /** Ascending. */
  readonly axes: readonly number[]
}

interface ReductionRule {
  readonly name: string
  readonly op: 'sum' | 'prod' | 'max' | 'min' | 'and' | 'or' | 'xor'
  /** Combines two elements. */
  readonly instruction: InstructionName
  readonly domain: 'any' | 'number' | 'bitwise'
  /** Linear in the tangent `t` of `x`. */
  readonly derivative: (t: Tensor, x: Tensor, out: Tensor, axes: readonly number[]) => Tensor
  readonly transpose?: (ct: Tensor, shape: Shape, axes: readonly number[]) => Tensor
}

/* @__NO_SIDE_EFFECTS__ */
function reduction(rule: ReductionRule): SimplePrimitive<ReduceParams> {
  const { name, op, domain } = rule
  const self: SimplePrimitive<ReduceParams> = {
    name,
    inputs: ['x'],
    abstractEval(avals, { axes }) {
      const x = first(avals)
      const accepted = domain === 'any' || (domain === 'number' ? x.dtype !== 'bool' : !isFloat(x.dtype))
      if (!accepted)
        fail(
          'DTypeError',
          `${name}: needs ${domain === 'number' ? 'numbers (not bool)' : nameOfDomain(domain)}, got ${showAval(x)}. Convert with astype.`,
        )
      return [
        aval(
          x.shape.filter((_, k) => !axes.includes(k)),
          x.dtype,
          x.weak,
        ),
      ]
    },
    jvp: ([x], [t], [out], { axes }) => [t ? rule.derivative(t, x as Tensor, out as Tensor, axes) : null],
    transpose:
      rule.transpose === undefined
        ? none(`${name} is not linear`)
        : ([ct], inputs, { axes }) => {
            const x = first(inputs)
            return [ct && isUnknown(x) && rule.transpose ? rule.transpose(ct, x.aval.shape, axes) : null]
          },
    batch: (tensors, axes, _, params) => ({
      outputs: [bind1(self, [moveToFront(first(tensors), first(axes) as number)], { axes: params.axes.map(k => k + 1) })],
      axes: [0],
    }),
    lower(l, values, { axes }, outputs) {
      // The derivative of an extremum looks for it among the elements: in 16 bits these must be the ones that it was taken of, rounded once.
      const isSearched = l.comparesHalf && (op === 'max' || op === 'min') && isHalf(first(values).aval.dtype),
        x = isSearched ? l.stored(first(values)) : first(values),
        { shape } = x.aval
      return [
        l.reduce(
          first(outputs),
          [x],
          op,
          axes.map(k => shape[k] as number),
          (b, kept, reduced) => b.read(x, mergeIndex<Index>(shape, axes, kept, reduced)),
        ),
      ]
    },
    evaluate(arrays, { axes }, outputs) {
      const x = first(arrays),
        out = first(outputs),
        { dtype } = out
      const data = new Float64Array(out.size).fill(identityOf(op, dtype))
      const strides = stridesOf(out.shape)
      eachIndex(x.aval.shape, (index, flat) => {
        const at = index.filter((_, k) => !axes.includes(k)).reduce((sum, i, k) => sum + i * (strides[k] as number), 0)
        data[at] = wrap(instructions[rule.instruction].evaluate([data[at] as number, x.data[flat] as number], dtype, dtype), dtype)
      })
      return [{ aval: out, data }]
    },
  }
  return self
}

/** A position in x from those along the kept and the reduced axes. */
function mergeIndex<T>(shape: Shape, axes: readonly number[], kept: readonly T[], reduced: readonly T[]): T[] {
  let k = 0
  return shape.map((_, axis) => {
    const r = axes.indexOf(axis)
    return (r >= 0 ? reduced[r] : kept[k++]) as T
  })
}

/** The shape with reduced axes of size 1. */
const keepdimsShape = (shape: Shape, axes: readonly number[]): number[] => shape.map((n, k) => (axes.includes(k) ? 1 : n))

export const reduceSumP: SimplePrimitive<ReduceParams> = reduction({
  name: 'sum',
  op: 'sum',
  instruction: 'add',
  domain: 'number',
  derivative: (t, _, __, axes) => bind1(reduceSumP, [t], { axes }),
  transpose: (ct, shape, axes) => broadcastTo(reshape(ct, keepdimsShape(shape, axes)), shape),
})
export const reduceProdP: SimplePrimitive<ReduceParams> = reduction({
  name: 'prod',
  op: 'prod',
  instruction: 'mul',
  domain: 'number',
  derivative: productTangent,
})
export const reduceMaxP: SimplePrimitive<ReduceParams> = reduction({
  name: 'reduceMax',
  op: 'max',
  instruction: 'max',
  domain: 'any',
  derivative: extremumTangent,
})
export const reduceMinP: SimplePrimitive<ReduceParams> = reduction({
  name: 'reduceMin',
  op: 'min',
  instruction: 'min',
  domain: 'any',
  derivative: extremumTangent,
})
// Their inputs are never floats, so no tangent reaches them.
const flat = (t: Tensor): Tensor => t
export const reduceAndP: SimplePrimitive<ReduceParams> = reduction({
  name: 'reduceAnd',
  op: 'and',
  instruction: 'and',
  domain: 'bitwise',
  derivative: flat,
})
export const reduceOrP: SimplePrimitive<ReduceParams> = reduction({
  name: 'reduceOr',
  op: 'or',
  instruction: 'or',
  domain: 'bitwise',
  derivative: flat,
})
export const reduceXorP: SimplePrimitive<ReduceParams> = reduction({
  name: 'reduceXor',
  op: 'xor',
  instruction: 'xor',
  domain: 'bitwise',
  derivative: flat,
})

/** The mean of the tangents over the elements equal to the extremum. */
function extremumTangent(t: Tensor, x: Tensor, out: Tensor, axes: readonly number[]): Tensor {
  const ties = astype(equal(x, reshape(out, keepdimsShape(x.shape, axes))), t.dtype)
  return divide(bind1(reduceSumP, [multiply(t, ties)], { axes }), bind1(reduceSumP, [ties], { axes }))
}

/** Multiplies the front half of the factors with the back half until one is left, with the product rule at each step. */
function productTangent(t: Tensor, x: Tensor, out: Tensor, axes: readonly number[]): Tensor {
  const layout = [...x.shape.keys()].filter(k => !axes.includes(k)).concat(axes)
  let n = axes.reduce((size, k) => size * (x.shape[k] as number), 1)
  if (n === 0) return bind1(reduceSumP, [t], { axes })
  const asRows = (y: Tensor): Tensor => reshape(transpose(y, layout), [...out.shape, n])
  let factors = asRows(x),
    tangents = asRows(t)
  for (; n > 1; n = Math.ceil(n / 2)) {
    const half = Math.floor(n / 2)
    const part = (y: Tensor, from: number, to: number): Tensor => slice(y, [...out.shape.map(() => 0), from], [...out.shape, to])
    const rest = (y: Tensor): Tensor[] => (n % 2 === 0 ? [] : [part(y, n - 1, n)])
    const [a, b] = [part(factors, 0, half), part(factors, half, 2 * half)]
    const mixed = add(multiply(part(tangents, 0, half), b), multiply(a, part(tangents, half, 2 * half)))
    tangents = concatenate([mixed, ...rest(tangents)], { axis: -1 })
    factors = concatenate([multiply(a, b), ...rest(factors)], { axis: -1 })
  }
  return reshape(tangents, out.shape)
}

function reduce(primitive: SimplePrimitive<ReduceParams>, where: string, x: Tensor, { axis, keepdims = false }: Reduce): Tensor {
  const axes = normalizeAxes(where, axis, x.ndim)
  const out = axes.length === 0 ? x : bind1(primitive, [x], { axes })
  return keepdims ? reshape(out, keepdimsShape(x.shape, axes)) : out
}

/** What sums and products are made of: bool counts as 0 and 1 of int32, int8 as int32 and uint8 as uint32, as in NumPy. */
export const asNumbers = (where: string, x: TensorLike): Tensor => {
  const t = toTensor(x, where)
  if (t.dtype === 'bool') return astype(t, 'int32')
  return isInteger(t.dtype) && bitsOf(t.dtype) < 32 ? astype(t, isUnsigned(t.dtype) ? 'uint32' : 'int32') : t
}

interface Fold {
  readonly primitive: SimplePrimitive<ReduceParams>
  readonly op: ReductionRule['op']
  /** Takes the initial value in. */
  readonly join: (x: Tensor, y: Tensor) => Tensor
}
/** A reduction of the elements that `where` keeps, the rest counting as the identity, joined with `initial`. */
function fold({ primitive, op, join }: Fold, caller: string, x: Tensor, options: ReduceFrom): Tensor {
  const out = reduce(primitive, caller, kept(caller, x, options.where, identityOf(op, x.dtype)), options)
  return options.initial === undefined ? out : join(out, startOf(caller, options.initial, out.dtype))
}

/** x, refused if there is nothing to choose from along the reduced axes. */
export function nonEmpty(where: string, x: TensorLike, { axis }: Pick<Reduce, 'axis'>): Tensor {
  const t = toTensor(x, where)
  if (normalizeAxes(where, axis, t.ndim).some(k => t.shape[k] === 0))
    fail(
      'ShapeError',
      `${where}: no elements to choose from: shape ${showShape(t.shape)} is empty along the reduced axes. Concatenate an initial value first.`,
    )
  return t
}

/** In the dtype that was asked for, or in that of sums of x. */
function total(by: Fold, caller: string, x: TensorLike, options: Total): Tensor {
  const { dtype } = options
  const out = fold(by, caller, asNumbers(caller, dtype === undefined ? x : astype(toTensor(x, caller), dtype)), options)
  return dtype === undefined ? out : astype(out, dtype)
}
/** Without an initial value there must be something to choose from. */
function extremum(by: Fold, caller: string, x: TensorLike, options: ReduceFrom): Tensor {
  if (options.initial !== undefined) return fold(by, caller, toTensor(x, caller), options)
  if (options.where !== undefined)
    fail('ValueError', `${caller}: \`where\` may leave nothing to choose from. Give \`initial\` too, the result of nothing.`)
  return reduce(by.primitive, caller, nonEmpty(caller, x, options), options)
}

/**
 * Sum over axes (default: all); bool and int8 give int32, uint8 uint32; integers wrap. `where` says which elements count, `initial` what
 * the sum begins with, `dtype` what it is computed in. NumPy: `sum`.
 *
 * @example sum(x, { axis: -1, where: x.greater(0) }) // of the positive elements
 */
export function sum(x: TensorLike, options: Total = {}): Tensor {
  checkOptions('sum', options, 'axis', 'keepdims', 'where', 'initial', 'dtype')
  return total({ primitive: reduceSumP, op: 'sum', join: add }, 'sum', x, options)
}
/** Product over axes (default: all); bool and int8 give int32, uint8 uint32; integers wrap. Options as those of `sum`. NumPy: `prod`. */
export function prod(x: TensorLike, options: Total = {}): Tensor {
  checkOptions('prod', options, 'axis', 'keepdims', 'where', 'initial', 'dtype')
  return total({ primitive: reduceProdP, op: 'prod', join: multiply }, 'prod', x, options)
}
/**
 * Largest element along axes (default: all); NaN if there is one. Ties share the gradient equally. With `initial`, which is one of the
 * elements to choose from, `where` may leave some out, and there may be none. NumPy: `max`.
 */
export function max(x: TensorLike, options: ReduceFrom = {}): Tensor {
  checkOptions('max', options, 'axis', 'keepdims', 'where', 'initial')
  return extremum({ primitive: reduceMaxP, op: 'max', join: maximum }, 'max', x, options)
}
/** Smallest element along axes (default: all); NaN if there is one. Ties share the gradient equally. Options as those of `max`. NumPy: `min`. */
export function min(x: TensorLike, options: ReduceFrom = {}): Tensor {
  checkOptions('min', options, 'axis', 'keepdims', 'where', 'initial')
  return extremum({ primitive: reduceMinP, op: 'min', join: minimum }, 'min', x, options)
}
/** Are all elements along axes non-zero, or those of them that `where` keeps? True for none. NumPy: `all`. */
export function all(x: TensorLike, options: MaskedReduce = {}): Tensor {
  checkOptions('all', options, 'axis', 'keepdims', 'where')
  return fold({ primitive: reduceAndP, op: 'and', join: value => value }, 'all', toBool('all', x), options)
}
/** Is any element along axes non-zero, of those that `where` keeps? False for none. NumPy: `any`. */
export function any(x: TensorLike, options: MaskedReduce = {}): Tensor {
  checkOptions('any', options, 'axis', 'keepdims', 'where')
  return fold({ primitive: reduceOrP, op: 'or', join: value => value }, 'any', toBool('any', x), options)
}
