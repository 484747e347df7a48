/**
 * Functions with derivatives of their own (JAX: custom_jvp, custom_vjp). The equation holds the function's Program, which is what runs, and the
 * user's rules as functions on flat lists of tensors, which replace its derivative.
 */
import { type Aval, varyingNot } from '../aval.ts'
import { isFloat } from '../dtype.ts'
import { fail } from '../errors.ts'
import { bind, bind1, isConcrete } from '../program/bind.ts'
import { evaluateProgram } from '../program/evaluate.ts'
import { untracked } from '../region.ts'
import type { Tensor } from '../tensor.ts'
import { type BatchAxis, batchFlat, placeAxis } from '../transforms/batch.ts'
import { sharesLinearTrace } from '../transforms/linearTrace.ts'
import { batchProgram, pick, spread, withAxis } from '../transforms/programs.ts'
import { outputTypes } from './control.ts'
import { type CallParams, frontAxes, inFront, nonzero, present } from './call.ts'
import { jitP } from './jit.ts'
import { type Batched, type CallPrimitive, isUnknown, type MaybeTensor, none, type SimplePrimitive } from './primitive.ts'
import { reduceSumP } from './reduce.ts'
import { instantiate } from './zeros.ts'

type Tensors = readonly Tensor[]

/** Tensors that the function closed over come first among the inputs; the rules do not see them. */
interface CustomParams extends CallParams {
  readonly numCaptured: number
}
export interface CustomJvpParams extends CustomParams {
  readonly rule: (primals: Tensors, tangents: Tensors) => readonly [outputs: Tensors, tangents: Tensors]
}
export interface CustomVjpParams extends CustomParams {
  readonly forward: (primals: Tensors) => Forward
}
/** What the forward rule gives: `backward` takes the residuals again, as they are traced anew by then. */
interface Forward {
  readonly outputs: Tensors
  readonly residuals: Tensors
  readonly backward: (residuals: Tensors, cotangents: Tensors) => readonly MaybeTensor[]
}

/** The tangents of the explicit inputs; throws if a captured one has any. */
function explicitTangents(tangents: readonly MaybeTensor[], { numCaptured, name }: CustomParams, where: string): readonly MaybeTensor[] {
  if (tangents.slice(0, numCaptured).some(t => t !== null))
    fail(
      'GradientError',
      `${where}: ${name} closes over a value that is differentiated, which its rule does not see. Pass it as an argument.`,
    )
  return tangents.slice(numCaptured)
}

const shared = {
  inputs: ['input'],
  abstractEval: (_: readonly Aval[], { program }: CallParams): readonly Aval[] => program.outputs.map(o => o.aval),
  lower: ((l, inputs, { program }) => l.program(program, inputs)) as CallPrimitive<CallParams>['lower'],
  evaluate: ((inputs, { program }) => evaluateProgram(program, inputs)) as CallPrimitive<CallParams>['evaluate'],
}

/** Without a trace there is nothing to differentiate: then only the Program counts, which caches know. */
const bindCustom = <P extends CustomParams>(primitive: CallPrimitive<P>, inputs: Tensors, params: P): Tensors =>
  isConcrete(inputs) ? bind(jitP, inputs, { program: params.program, name: params.name }) : bind(primitive, inputs, params)

/** Which values get the batch axis: all, but for those that do not vary along a named one. */
const batchedTypes = (types: readonly Aval[], name: string | null): readonly boolean[] =>
  types.map(a => name === null || a.varying.includes(name))

/** Results of a rule with the axis in front where `is` holds. */
const placeResults = ({ outputs, axes }: Batched, is: readonly boolean[], where: string, { size, name }: BatchAxis): Tensors =>
  outputs.map((o, i) => {
    if (is[i]) return placeAxis(o, axes[i] ?? null, 0, size)
    if (axes[i] == null) return o
    return fail(
      'ValueError',
      `${where}: its rule gives a result that differs along the axis '${name}', where that of the function does not. Sum it with psum, as the function does.`,
    )
  })

// ---- forward rule

const applyJvp: CallPrimitive<CustomJvpParams>['jvpCall'] = (primals, tangents, params) => {
  const explicit = primals.slice(params.numCaptured)
  const given = explicitTangents(tangents, params, 'customJvp').map((t, i) => instantiate(t, (explicit[i] as Tensor).aval))
  const [outputs, results] = untracked(() => params.rule(explicit, given))
  if (outputs.some(o => given.some(t => sharesLinearTrace(o, t))))
    fail(
      'GradientError',
      `customJvp: the rule of ${params.name} computes its value together with a tangent in one loop (jvp of scan, cond or whileLoop inside jit), so the value cannot be known before the tangent. Call jvp in the rule itself, outside of jit.`,
    )
  return [outputs, results.map((t, i) => (isFloat((outputs[i] as Tensor).dtype) ? t : null))]
}

export const customJvpP: CallPrimitive<CustomJvpParams> = {
  ...shared,
  name: 'customJvp',
  jvpCall: applyJvp,
  linearizeCall: applyJvp,
  transpose: none('a function with a rule of customJvp is not linear'),
  batch(inputs, axes, size, params, name) {
    const batched = axes.map(a => a !== null),
      n = params.numCaptured
    const b = batchProgram(params.program, batched, { size, name }, batchedTypes(outputTypes(params.program), name))
    const rule: CustomJvpParams['rule'] = (primals, tangents) => {
      const is = frontAxes(batched.slice(n))
      const out = batchFlat(
        (...xs) => params.rule(xs.slice(0, primals.length), xs.slice(primals.length)).flat(),
        [...primals, ...tangents],
        [...is, ...is],
        { size, name },
        'vmap',
      )
      const results = placeResults(out, [...b.batched, ...b.batched], `customJvp of ${params.name}`, { size, name })
      return [results.slice(0, b.batched.length), results.slice(b.batched.length)]
    }
    const outputs = bindCustom(customJvpP, [...b.consts, ...inFront(inputs, axes)], {
      ...params,
      program: b.program,
      rule,
      numCaptured: n + b.consts.length,
    })
    return { outputs, axes: frontAxes(b.batched) }
  },
}

// ---- reverse rule

export const customVjpP: CallPrimitive<CustomVjpParams> = {
  ...shared,
  name: 'customVjp',
  jvpCall: (_, __, { name }) =>
    fail(
      'GradientError',
      `${name} has only a reverse rule (customVjp), so jvp, jacfwd and hessian cannot pass forwards through it. Use customJvp, from which both modes follow.`,
    ),
  linearizeCall(primals, tangents, params) {
    const explicit = primals.slice(params.numCaptured)
    const given = explicitTangents(tangents, params, 'customVjp')
    const { outputs, residuals, backward } = untracked(() => params.forward(explicit))
    const floats = outputs.map(o => isFloat(o.dtype))
    const results = bind(customTangentP, [...residuals, ...present(given)], {
      backward,
      numResiduals: residuals.length,
      wrt: nonzero(given),
      outputs: outputs.map(o => o.aval),
      floats,
      name: params.name,
    })
    return [outputs, spread(results, floats)]
  },
  transpose: none('a function with a rule of customVjp is not linear'),
  batch(inputs, axes, size, params, name) {
    const batched = axes.map(a => a !== null),
      n = params.numCaptured
    const b = batchProgram(params.program, batched, { size, name }, batchedTypes(outputTypes(params.program), name))
    const outputs = bindCustom(customVjpP, [...b.consts, ...inFront(inputs, axes)], {
      ...params,
      program: b.program,
      numCaptured: n + b.consts.length,
      forward: batchForward(params, batched.slice(n), b.batched, { size, name }),
    })
    return { outputs, axes: frontAxes(b.batched) }
  },
}

/** The forward rule over a batch, with the axis in outputs where `is` holds. A cotangent of an input that all examples share is the sum over them. */
function batchForward(
  { forward, name }: CustomVjpParams,
  batched: readonly boolean[],
  is: readonly boolean[],
  axis: BatchAxis,
): CustomVjpParams['forward'] {
  return primals => {
    let one: Forward | undefined
    const out = batchFlat(
      (...xs) => {
        one = forward(xs)
        return [...one.outputs, ...one.residuals]
      },
      primals,
      frontAxes(batched),
      axis,
      'vmap',
    )
    const { residuals, backward } = one as Forward
    // What all examples share stays shared: the backward rule may ask for its cotangent.
    const kept = residuals.map((_, i) => axis.name === null || (out.varies[is.length + i] as boolean))
    const front = placeResults(out, [...is, ...kept], `customVjp of ${name}`, axis)
    return {
      outputs: front.slice(0, is.length),
      residuals: front.slice(is.length),
      backward: (again, cotangents) => batchBackward(backward, again, cotangents, [...kept, ...is], batched, axis),
    }
  }
}

/** The backward rule over a batch: residuals and cotangents have the axis where `given` holds, results where `batched` does. */
function batchBackward(
  backward: Forward['backward'],
  residuals: Tensors,
  cotangents: Tensors,
  given: readonly boolean[],
  batched: readonly boolean[],
  axis: BatchAxis,
): readonly MaybeTensor[] {
  let is: readonly boolean[] = []
  const inputs = [...residuals, ...cotangents]
  const { outputs, axes, varies } = batchFlat(
    (...xs) => {
      const cts = backward(xs.slice(0, residuals.length), xs.slice(residuals.length))
      is = nonzero(cts)
      return present(cts)
    },
    inputs,
    frontAxes(given),
    axis,
    'vmap',
  )
  const position = spread([...outputs.keys()], is)
  return position.map((k, i) => {
    if (k === null) return null
    const ct = outputs[k] as Tensor
    // What does not vary along a named axis is the cotangent of a shared input already, whole.
    if (!batched[i] && axis.name !== null && !varies[k]) return ct
    const front = placeAxis(ct, axes[k] ?? null, 0, axis.size)
    return batched[i] ? front : bind1(reduceSumP, [front], { axes: [0] })
  })
}

interface CustomTangentParams {
  readonly backward: Forward['backward']
  readonly numResiduals: number
  /** Which inputs of the function have a tangent: those come after the residuals. */
  readonly wrt: readonly boolean[]
  readonly outputs: readonly Aval[]
  readonly floats: readonly boolean[]
  readonly name: string
}

const cannotRun = (name: string): string =>
  `${name} has only a reverse rule (customVjp): its tangent cannot be computed, only transposed. Use grad or vjp, or customJvp for both modes`

/** The derivative of a function of which only the transpose is known. It never runs. */
const customTangentP: SimplePrimitive<CustomTangentParams> = {
  name: 'customTangent',
  inputs: ['input'],
  // Its types are those of the function, which may sum over named axes.
  axisNames: () => [],
  abstractEval: (_, { outputs, floats }) => pick(outputs, floats),
  jvp: none('the tangent of a customVjp function can only be transposed'),
  transpose(cts, inputs, { backward, numResiduals, wrt, outputs, floats }) {
    const residuals = inputs.slice(0, numResiduals) as Tensors
    const given = spread(cts, floats)
    const results = untracked(() =>
      backward(
        residuals,
        outputs.map((a, i) => instantiate(given[i] ?? null, a)),
      ),
    )
    return [...residuals.map(() => null), ...pick(results, wrt).map((ct, i) => (isUnknown(inputs[numResiduals + i] as Tensor) ? ct : null))]
  },
  batch(inputs, axes, size, params, name) {
    const front = inputs.map((x, i) => placeAxis(x, axes[i] ?? null, 0, size))
    const is = batchedTypes(params.outputs, name)
    const backward: Forward['backward'] = (residuals, cotangents) =>
      batchBackward(
        params.backward,
        residuals,
        cotangents,
        [...residuals.map(() => true), ...is],
        params.wrt.map(() => true),
        { size, name },
      )
    const outputs = bind(customTangentP, front, {
      ...params,
      backward,
      outputs: params.outputs.map((a, i) => (is[i] ? withAxis(varyingNot(a, name === null ? [] : [name]), size) : a)),
    })
    return { outputs, axes: frontAxes(pick(is, params.floats)) }
  },
  lower: (_, __, { name }) => fail('GradientError', `${cannotRun(name)}.`),
  evaluate: (_, { name }) => fail('GradientError', `${cannotRun(name)}.`),
}
