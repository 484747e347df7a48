/**
 * Repeats a body while a condition holds (JAX: while_loop). Inputs: constants of the condition, constants of the body, the initial carry. Forward-mode
 * differentiable; not in reverse, since the number of values to keep is not known.
 */
import { aval } from '../aval.ts'
import { identity } from '../identity.ts'
import { range } from '../lists.ts'
import { bind } from '../program/bind.ts'
import { evaluateProgram } from '../program/evaluate.ts'
import type { Program } from '../program/program.ts'
import type { Tensor } from '../tensor.ts'
import {
  type Closed,
  type JvpProgram,
  avalsOf,
  batchKey,
  batchProgram,
  bits,
  cachedFor,
  count,
  jvpProgram,
  pick,
  runInline,
  spread,
  traceClosed,
} from '../transforms/programs.ts'
import { frontAxes, inFront, nonzero, present } from './call.ts'
import { checkTypes, outputTypes, reorder, storeAll, storedForBody, updateCarries } from './control.ts'
import { type CallPrimitive, type HostArray, type MaybeTensor, none } from './primitive.ts'
import { any } from './reduce.ts'
import { reshape } from './reshape.ts'
import { where } from './select.ts'
import { whileStepwise } from './stepwise.ts'
import { instantiate } from './zeros.ts'
import { type BatchAxis, placeAxis } from '../transforms/batch.ts'

export interface WhileParams {
  /** Its constants, carry -> bool scalar. */
  readonly condition: Program
  readonly conditionConsts: number
  /** Its constants, carry -> carry. */
  readonly body: Program
  readonly bodyConsts: number
}

interface Roles<T> {
  readonly forCondition: readonly T[]
  readonly forBody: readonly T[]
  readonly carry: readonly T[]
}
/** Inputs of the equation by their role. */
function roles<T>(inputs: readonly T[], { conditionConsts: a, bodyConsts: b }: WhileParams): Roles<T> {
  return { forCondition: inputs.slice(0, a), forBody: inputs.slice(a, a + b), carry: inputs.slice(a + b) }
}

export const whileP: CallPrimitive<WhileParams> = {
  name: 'while',
  inputs: ['input'],
  abstractEval(inputs, params) {
    const { forCondition, forBody, carry } = roles(inputs, params)
    checkTypes('while: inputs of the condition', avalsOf(params.condition), [...forCondition, ...carry])
    checkTypes('while: result of the condition', [aval([], 'bool')], outputTypes(params.condition))
    checkTypes('while: inputs of the body', avalsOf(params.body), [...forBody, ...carry])
    checkTypes('while: results of the body', carry, outputTypes(params.body))
    return outputTypes(params.body)
  },
  jvpCall(primals, tangents, params) {
    const { nonzeroCarry, ...d } = differentiate(params, tangents)
    const results = bindJvp(d, nonzeroCarry, primals, tangents, params)
    const n = params.body.outputs.length
    return [results.slice(0, n), spread(results.slice(n), nonzeroCarry)]
  },
  // The loop with tangents cannot be split: the linear part repeats the primal computation.
  linearizeCall(primals, tangents, params) {
    const { nonzeroCarry, ...d } = differentiate(params, tangents)
    const outputs = bind(whileP, primals, params)
    if (count(nonzeroCarry) === 0) return [outputs, outputs.map(() => null)]
    return [outputs, spread(bindJvp(d, nonzeroCarry, primals, tangents, params).slice(outputs.length), nonzeroCarry)]
  },
  transpose: none(
    'the number of iterations of a whileLoop is not known in advance, so its intermediate values cannot be kept. Use scan, or foriLoop with bounds that are plain numbers',
  ),
  batch(inputs, axes, size, params, name) {
    return batchWhile(
      inFront(inputs, axes),
      axes.map(a => a !== null),
      { size, name },
      params,
    )
  },
  lower(l, inputs, params, outputs) {
    const { forCondition, forBody, carry } = roles(inputs, params)
    const condition = storedForBody(l, forCondition),
      body = storedForBody(l, forBody)
    const buffers = outputs.map(a => l.allocate(a))
    storeAll(l, carry, buffers)
    const state = (): ReturnType<typeof l.wrap>[] => outputs.map((a, i) => l.wrap(a, buffers[i] as number))
    const predicate = l.allocate(aval([], 'bool'))
    l.emit({
      kind: 'while',
      predicate,
      condition: l.nested(() => storeAll(l, l.program(params.condition, [...condition(), ...state()]), [predicate])),
      body: l.nested(() => updateCarries(l, l.program(params.body, [...body(), ...state()]), buffers)),
    })
    return state()
  },
  evaluate(inputs, params) {
    const { forCondition, forBody, carry } = roles(inputs, params)
    let state = carry
    while ((evaluateProgram(params.condition, [...forCondition, ...state])[0] as HostArray).data[0] !== 0)
      state = evaluateProgram(params.body, [...forBody, ...state])
    return state
  },
  stepwise(inputs, params, run) {
    const { forCondition, forBody, carry } = roles(inputs, params)
    return whileStepwise(
      carry,
      state => run(params.condition, [...forCondition, ...state])[0] as Tensor,
      state => run(params.body, [...forBody, ...state]),
    )
  },
}

interface Differentiated {
  readonly body: JvpProgram
  /** Which constants of the body have a tangent. */
  readonly wrt: readonly boolean[]
}

/** The body with tangents. A carry has one if it starts with one or the body gives it one, directly or by way of other carries. */
function differentiate(
  params: WhileParams,
  tangents: readonly MaybeTensor[],
): Differentiated & { readonly nonzeroCarry: readonly boolean[] } {
  const { forBody, carry } = roles(nonzero(tangents), params)
  for (let nonzeroCarry = carry; ; ) {
    const body = jvpProgram(params.body, [...forBody, ...nonzeroCarry], nonzeroCarry)
    if (!body.nonzero.some((b, i) => b && !nonzeroCarry[i])) return { body, wrt: forBody, nonzeroCarry }
    nonzeroCarry = nonzeroCarry.map((b, i) => b || (body.nonzero[i] as boolean))
  }
}

/** The loop over carry and tangents. Results: the carry, then the tangents that are not zero. */
function bindJvp(
  d: Differentiated,
  nonzeroCarry: readonly boolean[],
  primals: readonly Tensor[],
  tangents: readonly MaybeTensor[],
  params: WhileParams,
): readonly Tensor[] {
  const { forCondition, forBody, carry } = roles(primals, params)
  const t = roles(tangents, params)
  const { condition, body } = cachedFor(params.body, `while ${identity(params.condition)} ${bits(d.wrt)} ${bits(nonzeroCarry)}`, () =>
    jvpPrograms(d, nonzeroCarry, params),
  )
  const carryDots = carry.flatMap((c, i) => (nonzeroCarry[i] ? [instantiate(t.carry[i] as MaybeTensor, c.aval)] : []))
  return bind(whileP, [...condition.consts, ...forCondition, ...body.consts, ...forBody, ...present(t.forBody), ...carry, ...carryDots], {
    condition: condition.program,
    conditionConsts: condition.consts.length + forCondition.length,
    body: body.program,
    bodyConsts: body.consts.length + forBody.length + count(d.wrt),
  })
}

/** Condition and body on a carry that is followed by its tangents. */
function jvpPrograms(
  { body, wrt }: Differentiated,
  nonzeroCarry: readonly boolean[],
  params: WhileParams,
): { readonly condition: Closed; readonly body: Closed } {
  const nb = params.bodyConsts,
    nc = nonzeroCarry.length,
    dots = count(nonzeroCarry),
    constDots = count(wrt),
    own = body.consts.length
  // jvpProgram takes consts, body consts, carry, tangents of consts, tangents of carry; the loop wants all constants first.
  const order = [
    ...range(0, own + nb),
    ...range(own + nb + nc, constDots),
    ...range(own + nb, nc),
    ...range(own + nb + nc + constDots, dots),
  ]
  const carryAvals = avalsOf(params.body).slice(nb)
  const condition = traceClosed(
    (...xs) => runInline(params.condition, xs.slice(0, params.conditionConsts + nc)),
    [...avalsOf(params.condition), ...pick(carryAvals, nonzeroCarry)],
    'while',
  )
  return { condition, body: { program: reorder(body.program, order, range(0, nc + dots)), consts: body.consts } }
}

function batchWhile(
  inputs: readonly Tensor[],
  batched: readonly boolean[],
  axis: BatchAxis,
  params: WhileParams,
): ReturnType<CallPrimitive['batch']> {
  const masks = roles(batched, params),
    { forCondition, forBody, carry } = roles(inputs, params)
  const { carryMask, condition, body, stops } = cachedFor(
    params.body,
    `while ${identity(params.condition)} batch ${batchKey(axis)} ${bits(batched)}`,
    () => batchPrograms(masks, axis, params),
  )
  const init = carry.map((c, i) => (carryMask[i] && !masks.carry[i] ? placeAxis(c, null, 0, axis.size) : c))
  const bodyInputs = [...body.consts, ...(stops ? forCondition : []), ...forBody]
  const outputs = bind(whileP, [...condition.consts, ...forCondition, ...bodyInputs, ...init], {
    condition: condition.program,
    conditionConsts: condition.consts.length + forCondition.length,
    body: body.program,
    bodyConsts: bodyInputs.length,
  })
  return { outputs, axes: frontAxes(carryMask) }
}

interface BatchedWhile {
  readonly carryMask: readonly boolean[]
  readonly condition: Closed
  readonly body: Closed
  /** Examples stop on their own: the body then takes the condition's constants before its own. */
  readonly stops: boolean
}

function batchPrograms(masks: Roles<boolean>, axis: BatchAxis, params: WhileParams): BatchedWhile {
  const { carryMask, stops } = settle(masks, axis, params)
  const body = batchProgram(params.body, [...masks.forBody, ...carryMask], axis, carryMask)
  const condition = batchProgram(params.condition, [...masks.forCondition, ...carryMask], axis)
  if (!stops) return { carryMask, condition, body, stops }
  const nc = params.conditionConsts
  const holds = (xs: readonly Tensor[]): Tensor => runInline(condition.program, [...condition.consts, ...xs])[0] as Tensor
  const avals = avalsOf(condition.program).slice(condition.consts.length),
    forBody = avalsOf(body.program).slice(body.consts.length, body.consts.length + params.bodyConsts)
  const anyLeft = traceClosed((...xs) => [any(holds(xs))], avals, 'while')
  // Examples that are done keep their carry while others go on.
  const next = traceClosed(
    (...xs) => {
      const state = xs.slice(nc + params.bodyConsts)
      const going = holds([...xs.slice(0, nc), ...state])
      const moved = runInline(body.program, [...body.consts, ...xs.slice(nc)])
      return moved.map((m, i) => where(reshape(going, [axis.size, ...new Array<number>(m.ndim - 1).fill(1)]), m, state[i] as Tensor))
    },
    [...avals.slice(0, nc), ...forBody, ...avals.slice(nc)],
    'while',
  )
  return { carryMask, condition: anyLeft, body: next, stops }
}

/** Which carries are batched: the fixed point of the body; all, once the condition differs between examples. */
function settle(
  masks: Roles<boolean>,
  axis: BatchAxis,
  params: WhileParams,
): { readonly carryMask: readonly boolean[]; readonly stops: boolean } {
  for (let carryMask = masks.carry; ; ) {
    const stops = batchProgram(params.condition, [...masks.forCondition, ...carryMask], axis).batched[0] as boolean
    const out = stops ? carryMask.map(() => true) : batchProgram(params.body, [...masks.forBody, ...carryMask], axis, carryMask).batched
    if (out.every((b, i) => b === carryMask[i])) return { carryMask, stops }
    carryMask = carryMask.map((b, i) => b || (out[i] as boolean))
  }
}
