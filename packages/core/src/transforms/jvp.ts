/**
 * Forward mode: each tracer is a pair of a primal and its tangent, and a rule carries both through every primitive (Wengert 1964; JAX: jvp).
 */
import { fail } from '../errors.ts'
import { isFloat } from '../dtype.ts'
import { varyLike } from '../primitives/collective.ts'
import { type MaybeTensor, type Primitive, isCall, isNone } from '../primitives/primitive.ts'
import { madeBy, type Trace, type TracerValue, bind, checkResults, withTrace } from '../program/bind.ts'
import { owned, release } from '../region.ts'
import { Tensor } from '../tensor.ts'
import { holdsLinear } from './linearTrace.ts'

export interface DualValue extends TracerValue {
  readonly primal: Tensor
  readonly tangent: Tensor
}

/** Interprets primitives on (primal, tangent) pairs. Values without a tangent stay what they are. */
export class JvpTrace implements Trace {
  readonly level: number
  readonly what: string
  alive = true

  constructor(level: number, what: string) {
    this.level = level
    this.what = what
  }
  /** A tracer; `null` as tangent gives the primal itself. */
  dual(primal: Tensor, tangent: MaybeTensor, made?: TracerValue['made']): Tensor {
    if (tangent === null) return primal
    const value: DualValue = { trace: this, primal, tangent: varyLike(tangent, primal.aval), made }
    return new Tensor(primal.aval, value)
  }
  primalOf(t: Tensor): Tensor {
    return 'trace' in t.value && t.value.trace === this ? (t.value as DualValue).primal : t
  }
  tangentOf(t: Tensor): MaybeTensor {
    return 'trace' in t.value && t.value.trace === this ? (t.value as DualValue).tangent : null
  }
  process(primitive: Primitive, inputs: readonly Tensor[], params: object): readonly Tensor[] {
    return owned(() => {
      const [outputs, tangents] = pushForward(
        primitive,
        inputs.map(t => this.primalOf(t)),
        inputs.map(t => this.tangentOf(t)),
        params,
      )
      const made = madeBy(primitive)
      return outputs.map((out, i) => {
        const tangent = tangents[i] ?? null
        if (tangent === null) release([out])
        return this.dual(out, tangent, made)
      })
    })
  }
}

/** Outputs and tangents of one primitive. */
function pushForward(
  primitive: Primitive,
  primals: readonly Tensor[],
  tangents: readonly MaybeTensor[],
  params: object,
): readonly [readonly Tensor[], readonly MaybeTensor[]] {
  if (isCall(primitive))
    return primitive[tangents.some(t => t !== null && holdsLinear(t)) ? 'linearizeCall' : 'jvpCall'](primals, tangents, params)
  const outputs = bind(primitive, primals, params)
  if (!outputs.some(t => isFloat(t.dtype))) return [outputs, outputs.map(() => null)]
  const rule = primitive.jvp
  if (isNone(rule))
    return fail(
      'GradientError',
      `${primitive.name} has no derivative: ${rule.none}. Use stopGradient on its input if the derivative is to be zero.`,
    )
  return [outputs, rule(primals, tangents, outputs, params)]
}

/** Outputs of `f` and their tangents, for tangents of its inputs. */
export function jvpFlat(
  f: (...inputs: readonly Tensor[]) => readonly Tensor[],
  primals: readonly Tensor[],
  tangents: readonly MaybeTensor[],
  what: string,
): readonly [outputs: readonly Tensor[], tangents: readonly MaybeTensor[]] {
  return withTrace(
    level => new JvpTrace(level, what),
    false,
    t => {
      const outputs = f(...primals.map((p, i) => t.dual(p, tangents[i] ?? null)))
      checkResults(what, outputs)
      return [outputs.map(o => t.primalOf(o)), outputs.map(o => t.tangentOf(o))] as const
    },
  )
}
