/**
 * Reductions over axes, which are dropped: sum, prod, max, min, and, or, xor. One family: they differ in the operator and in the calculus.
 *
 * Derivatives as JAX: a maximum shares its gradient equally among ties; a product's tangent is built from halves, so that zeros
 * among the factors do no harm and all higher derivatives exist.
 */
import { aval, showAval } from '../aval.ts'
import { bitsOf, isFloat, isInteger, isUnsigned } from '../dtype.ts'
import { fail } from '../errors.ts'
import { identityOf, type InstructionName, instructions } from '../lower/instructions.ts'
import type { Index } from '../lower/lowering.ts'
import { checkOptions } from '../options.ts'
import { bind1 } from '../program/bind.ts'
import { normalizeAxes, type Shape, showShape, stridesOf } from '../shape.ts'
import { type Reduce, type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { add, divide, multiply } from './arithmetic.ts'
import { broadcastTo } from './broadcast.ts'
import { astype, toBool } from './cast.ts'
import { equal } from './comparison.ts'
import { concatenate } from './concatenate.ts'
import { first, nameOfDomain, wrap } from './family.ts'
import { eachIndex } from './host.ts'
import { isUnknown, none, type SimplePrimitive } from './primitive.ts'
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
      const x = first(values),
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

/** Sum over axes (default: all); bool and int8 give int32, uint8 uint32; integers wrap. NumPy: `sum`. */
export function sum(x: TensorLike, options: Reduce = {}): Tensor {
  checkOptions('sum', options, 'axis', 'keepdims')
  return reduce(reduceSumP, 'sum', asNumbers('sum', x), options)
}
/** Product over axes (default: all); bool and int8 give int32, uint8 uint32; integers wrap. NumPy: `prod`. */
export function prod(x: TensorLike, options: Reduce = {}): Tensor {
  checkOptions('prod', options, 'axis', 'keepdims')
  return reduce(reduceProdP, 'prod', asNumbers('prod', x), options)
}
/** Largest element along axes (default: all); NaN if there is one. Ties share the gradient equally. NumPy: `max`. */
export function max(x: TensorLike, options: Reduce = {}): Tensor {
  checkOptions('max', options, 'axis', 'keepdims')
  return reduce(reduceMaxP, 'max', nonEmpty('max', x, options), options)
}
/** Smallest element along axes (default: all); NaN if there is one. Ties share the gradient equally. NumPy: `min`. */
export function min(x: TensorLike, options: Reduce = {}): Tensor {
  checkOptions('min', options, 'axis', 'keepdims')
  return reduce(reduceMinP, 'min', nonEmpty('min', x, options), options)
}
/** Are all elements along axes non-zero? True for none. NumPy: `all`. */
export function all(x: TensorLike, options: Reduce = {}): Tensor {
  checkOptions('all', options, 'axis', 'keepdims')
  return reduce(reduceAndP, 'all', toBool('all', x), options)
}
/** Is any element along axes non-zero? False for none. NumPy: `any`. */
export function any(x: TensorLike, options: Reduce = {}): Tensor {
  checkOptions('any', options, 'axis', 'keepdims')
  return reduce(reduceOrP, 'any', toBool('any', x), options)
}
