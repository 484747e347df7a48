/** Helpers for families of primitives that share all rules but the calculus. Top-level code of primitive files may call only these and `none`. */
// These first: primitives are made while the modules below, which import each other, are still loading.
import {
  type HostArray,
  type MaybeTensor,
  type NoParams,
  type NoRule,
  type SimplePrimitive,
  isNone,
  isUnknown,
  none,
  knownFactor,
} from './primitive.ts'
import { type Domain, inDomain, type InstructionName, instructions } from '../lower/instructions.ts'
import { type Aval, aval, showAval } from '../aval.ts'
import { computeDType, convert, type DType, isFloat, isHalf, listOf } from '../dtype.ts'
import { fail } from '../errors.ts'
import type { NodeId } from '../lower/kernel.ts'
import type { Body } from '../lower/lowering.ts'
import { bind1 } from '../program/bind.ts'
import { broadcastShapes } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { addP } from './arithmetic.ts'
import { alignBatch, broadcastTo, sumTo } from './broadcast.ts'

/** The first of a list that has one: rules are positional. */
export const first = <T>(xs: readonly T[]): T => xs[0] as T

/** Derivative of one operand: the tangent `t` of operand i carried to the output. Must be linear in `t`. */
export type Derivative = (t: Tensor, inputs: readonly Tensor[], output: Tensor) => Tensor

/** A function of one element that takes several instructions. */
export interface Composite {
  readonly lower: (b: Body, args: readonly NodeId[], dtype: DType) => NodeId
  readonly evaluate: (x: readonly number[]) => number
}

interface ElementwiseRules {
  /** The function that users call, for messages. Default: `name`. */
  readonly publicName?: string
  readonly inputs: readonly string[]
  readonly domain: Domain
  /** One entry an input, or a reason why there is none. `'zero'`: the function is flat in this operand. */
  readonly derivatives: readonly (Derivative | 'zero')[] | NoRule
  /** For operands in which the function is linear when the others are known. */
  readonly transpose?: readonly (((ct: Tensor, inputs: readonly (Tensor | null)[]) => Tensor) | null)[]
  /** 1: an addition; exp is about 8. */
  readonly cost: number
  readonly result?: 'same' | 'bool'
}

/** One instruction of the same name, or a composite of several. */
export type ElementwiseRule = ElementwiseRules &
  ({ readonly name: InstructionName; readonly composite?: undefined } | { readonly name: string; readonly composite: Composite })

/** What a domain accepts, for messages. */
export const nameOfDomain = (domain: Domain): string =>
  domain === 'any' ? 'any dtype' : domain === 'number' ? 'a number (not bool)' : listOf(d => inDomain(domain, d))

/** Elementwise on operands of one dtype, with NumPy broadcasting. `select`-like mixtures of dtypes have files of their own. */
/* @__NO_SIDE_EFFECTS__ */
export function elementwise(rule: ElementwiseRule): SimplePrimitive<NoParams> {
  const { name, inputs, derivatives, cost } = rule
  const self: SimplePrimitive<NoParams> = {
    name,
    inputs,
    abstractEval: avals => [elementwiseType(rule, avals)],
    jvp: isNone(derivatives)
      ? derivatives
      : (primals, tangents, outputs) => [sumTangents(derivatives, primals, tangents, outputs[0] as Tensor)],
    transpose:
      rule.transpose === undefined
        ? none(`${name} is not linear`)
        : (cts, operands) => {
            const ct = cts[0] as Tensor
            const known = operands.map(x => (isUnknown(x) ? null : x))
            return operands.map((x, i) => {
              if (!isUnknown(x)) return null
              const t = rule.transpose?.[i]
              if (!t) return fail('GradientError', `${name} is not linear in ${inputs[i]}.`)
              // A rule with a second parameter multiplies by the other operands.
              if (t.length > 1) operands.forEach((y, k) => k === i || knownFactor(name, y))
              return sumTo(t(ct, known), x.aval.shape)
            })
          },
    batch: (tensors, axes) => batchElementwise(self, tensors, axes),
    lower: (l, values, _, [out]) => {
      const from = first(values).aval.dtype,
        dtype = rule.result === 'bool' ? 'bool' : from
      // A comparison is of what the dtype holds: else x == max(x, 0) fails where only one side was stored, and so rounded, in between.
      const held = (b: Body, args: readonly NodeId[]): readonly NodeId[] =>
        dtype === 'bool' && isHalf(from) ? args.map(x => b.apply('cast', [x], from)) : args
      if (rule.composite === undefined)
        return [l.elementwise(out as Aval, values, (b, args) => b.apply(rule.name as InstructionName, held(b, args), dtype), cost)]
      // Its constants must not be rounded to a float that is only stored.
      const inside = isHalf(dtype) ? computeDType(dtype) : dtype,
        { lower } = rule.composite
      return [l.elementwise(out as Aval, values, (b, args) => lower(b, args, inside), cost)]
    },
    evaluate: (arrays, _, [out]) => {
      const dtype = first(arrays).aval.dtype
      const element = rule.composite?.evaluate ?? (x => instructions[rule.name as InstructionName].evaluate(x, dtype, dtype))
      return [mapHost(out as Aval, arrays, element)]
    },
  }
  return self
}

function elementwiseType(rule: ElementwiseRule, avals: readonly Aval[]): Aval {
  const { domain, result, publicName = rule.name } = rule
  const { dtype } = first(avals)
  for (const a of avals) {
    if (!inDomain(domain, a.dtype))
      fail('DTypeError', `${publicName}: needs ${nameOfDomain(domain)}, got ${avals.map(showAval).join(', ')}. Convert with astype.`)
    if (a.dtype !== dtype)
      fail('DTypeError', `${publicName}: operands have different dtypes: ${avals.map(showAval).join(', ')}. Convert one with astype.`)
  }
  const shape = avals.length === 1 ? first(avals).shape : broadcastShapes(publicName, ...avals.map(a => a.shape))
  return result === 'bool'
    ? aval(shape, 'bool')
    : aval(
        shape,
        dtype,
        avals.every(a => a.weak),
      )
}

function sumTangents(
  derivatives: readonly (Derivative | 'zero')[],
  primals: readonly Tensor[],
  tangents: readonly MaybeTensor[],
  out: Tensor,
): MaybeTensor {
  let sum: MaybeTensor = null
  tangents.forEach((t, i) => {
    const d = derivatives[i]
    if (t === null || d === undefined || d === 'zero') return
    const part = d(t, primals, out)
    sum = sum === null ? part : bind1(addP, [sum, part])
  })
  return sum === null ? null : broadcastTo(sum, out.shape)
}

/** The batch rule of everything that broadcasts its operands as NumPy does. */
export function batchElementwise<P extends object>(
  primitive: SimplePrimitive<P>,
  tensors: readonly Tensor[],
  axes: readonly (number | null)[],
  ...params: readonly P[]
): { readonly outputs: readonly Tensor[]; readonly axes: readonly number[] } {
  return { outputs: [bind1(primitive, alignBatch(tensors, axes), ...params)], axes: [0] }
}

/** Applies `f` to broadcast elements, wrapping integer results; for `evaluate` rules. */
export function mapHost(out: Aval, arrays: readonly HostArray[], f: (x: readonly number[]) => number): HostArray {
  const n = out.shape.length
  const steps = arrays.map(a => {
    const strides = new Array<number>(n).fill(0)
    for (let k = 0, s = 1; k < a.aval.shape.length; k++) {
      const size = a.aval.shape[a.aval.shape.length - 1 - k] as number
      strides[n - 1 - k] = size === 1 ? 0 : s
      s *= size
    }
    return strides
  })
  const data = new Float64Array(out.size)
  const index = new Array<number>(n).fill(0)
  const x = new Array<number>(arrays.length)
  for (let i = 0; i < out.size; i++) {
    for (let j = 0; j < arrays.length; j++) {
      let at = 0
      for (let k = 0; k < n; k++) at += (index[k] as number) * ((steps[j] as number[])[k] as number)
      x[j] = (arrays[j] as HostArray).data[at] as number
    }
    data[i] = wrap(f(x), out.dtype)
    for (let k = n - 1; k >= 0; k--) {
      index[k] = (index[k] as number) + 1
      if ((index[k] as number) < (out.shape[k] as number)) break
      index[k] = 0
    }
  }
  return { aval: out, data }
}

/** Integers wrap, booleans become 0 or 1, floats stay float64: the oracle does not round. */
export const wrap = (v: number, d: DType): number => (isFloat(d) ? v : convert(v, d))
