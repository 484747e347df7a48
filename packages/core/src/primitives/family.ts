/** Helpers for families of primitives that share all rules but the calculus. Top-level code of primitive files may call only these and `none`. */
import { type Aval, aval, showAval } from '../aval.ts'
import { type DType, isFloat, isInteger } from '../dtype.ts'
import { fail } from '../errors.ts'
import { type Domain, type InstructionName, instructions } from '../lower/instructions.ts'
import { bind1 } from '../program/bind.ts'
import { broadcastShapes } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { addP } from './arithmetic.ts'
import { alignBatch, broadcastTo, sumTo } from './broadcast.ts'
import { type HostArray, type MaybeTensor, type NoParams, type NoRule, type SimplePrimitive, isNone, isUnknown, none } from './primitive.ts'

/** Derivative of one operand: the tangent `t` of operand i carried to the output. Must be linear in `t`. */
export type Derivative = (t: Tensor, inputs: readonly Tensor[], output: Tensor) => Tensor

export interface ElementwiseRule {
  readonly name: InstructionName
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

const accepts = (domain: Domain, d: DType): boolean => {
  switch (domain) {
    case 'any': return true
    case 'number': return d !== 'bool'
    case 'float': return isFloat(d)
    case 'integer': return isInteger(d)
    case 'bitwise': return !isFloat(d)
  }
}
const domainNames: Record<Domain, string> = { any: 'any dtype', number: 'a number (not bool)', float: 'float32 or float64', integer: 'int32 or uint32', bitwise: 'int32, uint32 or bool' }

/** Elementwise on operands of one dtype, with NumPy broadcasting. `select`-like mixtures of dtypes have files of their own. */
export function elementwise(rule: ElementwiseRule): SimplePrimitive<NoParams> {
  const { name, inputs, domain, derivatives, cost } = rule
  const evaluate = instructions[name].evaluate
  const outDType = (d: DType): DType => (rule.result === 'bool' ? 'bool' : d)
  const self: SimplePrimitive<NoParams> = {
    name,
    inputs,
    abstractEval(avals) {
      const first = avals[0] as Aval
      for (const a of avals) {
        if (!accepts(domain, a.dtype)) fail('DTypeError', `${name}: needs ${domainNames[domain]}, got ${avals.map(showAval).join(', ')}. Convert with astype.`)
        if (a.dtype !== first.dtype) fail('DTypeError', `${name}: operands have different dtypes: ${avals.map(showAval).join(', ')}.`)
      }
      const shape = avals.length === 1 ? first.shape : broadcastShapes(name, ...avals.map(a => a.shape))
      return [aval(shape, outDType(first.dtype), rule.result !== 'bool' && avals.every(a => a.weak))]
    },
    jvp: isNone(derivatives) ? derivatives : (primals, tangents, outputs) => {
      const out = outputs[0] as Tensor
      let sum: MaybeTensor = null
      tangents.forEach((t, i) => {
        const d = derivatives[i]
        if (t === null || d === undefined || d === 'zero') return
        const part = d(t, primals, out)
        sum = sum === null ? part : bind1(addP, [sum, part])
      })
      return [sum === null ? null : broadcastTo(sum, out.shape)]
    },
    transpose: rule.transpose === undefined ? none(`${name} is not linear`) : (cts, operands) => {
      const ct = cts[0] as Tensor
      const known = operands.map(x => (isUnknown(x) ? null : x))
      return operands.map((x, i) => {
        if (!isUnknown(x)) return null
        const t = rule.transpose?.[i]
        return t ? sumTo(t(ct, known), x.aval.shape) : fail('InternalError', `${name} is not linear in ${inputs[i]}`)
      })
    },
    batch(tensors, axes) {
      return { outputs: [bind1(self, alignBatch(tensors, axes))], axes: [0] }
    },
    lower: (l, values, _, [out]) => [
      l.elementwise(out as Aval, values, (b, args) => b.apply(name, args, outDType((values[0] as { aval: Aval }).aval.dtype)), cost),
    ],
    evaluate: (arrays, _, [out]) => [mapHost(out as Aval, arrays, x => evaluate(x, (out as Aval).dtype === 'bool' ? (arrays[0] as HostArray).aval.dtype : (out as Aval).dtype, (arrays[0] as HostArray).aval.dtype))],
  }
  return self
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
export const wrap = (v: number, d: DType): number => (d === 'int32' ? v | 0 : d === 'uint32' ? v >>> 0 : d === 'bool' ? (v !== 0 ? 1 : 0) : v)
