/**
 * A loop of known length with a carry (JAX: scan). Inputs: constants, the initial carry, then `xs` whose leading axis is the loop. The body takes
 * constants, carry and one slice of each of `xs`, and gives the next carry and one slice of each of `ys`. Results: the last carry, then the stacked `ys`.
 *
 * Reverse mode keeps what each step needs as further `ys` (scanLinear.ts); the lowering reads and writes slices in place.
 */
import { type Aval, aval, reshaped, showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import { range } from '../lists.ts'
import type { BufferId } from '../lower/kernel.ts'
import { type Index, type Lowering, type Value, indexConstant, indexPlusDynamic } from '../lower/lowering.ts'
import { bind } from '../program/bind.ts'
import { evaluateProgram } from '../program/evaluate.ts'
import type { Program } from '../program/program.ts'
import { type BatchAxis, placeAxis } from '../transforms/batch.ts'
import { type JvpProgram, avalsOf, batchProgram, bits, cachedFor, count, jvpProgram, spread } from '../transforms/programs.ts'
import { nonzero, present } from './call.ts'
import { checkTypes, outputTypes, reorder, storeAll, storedForBody, updateCarries } from './control.ts'
import type { CallPrimitive, HostArray, MaybeTensor } from './primitive.ts'
import { linearizeScan, transposeScan } from './scanLinear.ts'
import { scanStepwise } from './stepwise.ts'
import { moveaxis } from './transpose.ts'
import { instantiate } from './zeros.ts'

export interface ScanParams {
  readonly program: Program
  readonly length: number
  /** From the last slice to the first. */
  readonly reverse: boolean
  readonly numConsts: number
  readonly numCarry: number
}

export interface Roles<T> {
  readonly consts: readonly T[]
  readonly carry: readonly T[]
  readonly xs: readonly T[]
}
/** Inputs of the equation, or of the body, by their role. */
export const roles = <T>(inputs: readonly T[], { numConsts: a, numCarry: b }: ScanParams): Roles<T> => ({
  consts: inputs.slice(0, a),
  carry: inputs.slice(a, a + b),
  xs: inputs.slice(a + b),
})

export const stacked = (a: Aval, length: number): Aval => reshaped(a, [length, ...a.shape])
const slice = (a: Aval): Aval => reshaped(a, a.shape.slice(1))

export const scanP: CallPrimitive<ScanParams> = {
  name: 'scan',
  inputs: ['input'],
  abstractEval(inputs, params) {
    const { program, length, numCarry } = params
    const { consts, carry, xs } = roles(inputs, params)
    const short = xs.find(x => x.shape[0] !== length)
    if (short !== undefined) fail('ShapeError', `scan: a scanned input is ${showAval(short)}, but the length of the loop is ${length}.`)
    checkTypes('scan: inputs of the body', avalsOf(program), [...consts, ...carry, ...xs.map(slice)])
    const out = outputTypes(program)
    checkTypes('scan: the next carry', carry, out.slice(0, numCarry))
    return [...out.slice(0, numCarry), ...out.slice(numCarry).map(y => stacked(y, length))]
  },
  jvpCall(primals, tangents, params) {
    const { wrt, nonzeroCarry, body } = differentiate(params, nonzero(tangents))
    const { consts, carry, xs } = roles(primals, params),
      t = roles(tangents, params)
    const carryDots = carry.flatMap((c, i) => (nonzeroCarry[i] ? [instantiate(t.carry[i] as MaybeTensor, c.aval)] : []))
    const j = {
      ...params,
      ...cachedFor(body.program, `scan ${params.numConsts} ${params.numCarry} ${bits(wrt)}`, () => jvpBody(body, wrt, params)),
    }
    const results = bind(scanP, [...body.consts, ...consts, ...present(t.consts), ...carry, ...carryDots, ...xs, ...present(t.xs)], j)
    const nc = carry.length,
      ny = params.program.outputs.length - nc,
      dots = count(nonzeroCarry)
    return [
      [...results.slice(0, nc), ...results.slice(nc + dots, nc + dots + ny)],
      spread([...results.slice(nc, nc + dots), ...results.slice(nc + dots + ny)], body.nonzero),
    ]
  },
  linearizeCall: (primals, tangents, params) => linearizeScan(primals, tangents, params),
  transpose: (cts, inputs, params) => transposeScan(cts, inputs, params),
  batch(inputs, axes, size, params, name) {
    const { consts, carry, xs } = roles(
      axes.map(a => a !== null),
      params,
    )
    const body = settleBatch(params, consts, carry, xs, { size, name })
    const place = roles(
      inputs.map((x, i) => ({ x, axis: axes[i] ?? null })),
      params,
    )
    const moved = [
      ...place.consts.map(({ x, axis }) => (axis === null ? x : moveaxis(x, axis, 0))),
      ...place.carry.map(({ x, axis }, i) => (body.carry[i] ? placeAxis(x, axis, 0, size) : x)),
      ...place.xs.map(({ x, axis }) => (axis === null ? x : moveaxis(x, axis, 1))),
    ]
    const outputs = bind(scanP, [...body.closed.consts, ...moved], {
      ...params,
      program: body.closed.program,
      numConsts: params.numConsts + body.closed.consts.length,
    })
    return { outputs, axes: body.out.map((b, i) => (b ? (i < params.numCarry ? 0 : 1) : null)) }
  },
  lower: (l, inputs, params, outputs) => lowerScan(l, inputs, params, outputs),
  evaluate: (inputs, params, outputs) => evaluateScan(inputs, params, outputs),
  stepwise: scanStepwise,
}

// ---- forward mode

export interface CarryDerivative<B> {
  /** Which inputs of the body have a tangent. */
  readonly wrt: readonly boolean[]
  readonly nonzeroCarry: readonly boolean[]
  readonly body: B
}

/** A carry has a tangent if it starts with one or some step gives it one: the least fixed point. */
export function carryFixpoint<B extends { readonly nonzero: readonly boolean[] }>(
  params: ScanParams,
  given: readonly boolean[],
  transform: (wrt: readonly boolean[], instantiate: readonly boolean[]) => B,
): CarryDerivative<B> {
  const { consts, carry, xs } = roles(given, params)
  for (let nonzeroCarry = carry; ; ) {
    const wrt = [...consts, ...nonzeroCarry, ...xs]
    const body = transform(wrt, nonzeroCarry)
    if (nonzeroCarry.every((b, i) => b || !body.nonzero[i])) return { wrt, nonzeroCarry, body }
    nonzeroCarry = nonzeroCarry.map((b, i) => b || (body.nonzero[i] as boolean))
  }
}

const differentiate = (params: ScanParams, given: readonly boolean[]): CarryDerivative<JvpProgram> =>
  carryFixpoint(params, given, (wrt, inst) => jvpProgram(params.program, wrt, inst))

/** The body on primals and tangents, each role's tangents after its primals. */
function jvpBody(
  { program, consts, nonzero: out }: JvpProgram,
  wrt: readonly boolean[],
  params: ScanParams,
): Pick<ScanParams, 'program' | 'numConsts' | 'numCarry'> {
  const { numCarry: nc } = params
  const n = roles(avalsOf(params.program), params),
    d = roles(wrt, params)
  const own = consts.length,
    nk = n.consts.length,
    nx = n.xs.length
  const [dk, dc, dx] = [count(d.consts), count(d.carry), count(d.xs)]
  const primal = own,
    dot = own + nk + nc + nx
  const inputs = [
    ...range(0, own),
    ...range(primal, nk),
    ...range(dot, dk),
    ...range(primal + nk, nc),
    ...range(dot + dk, dc),
    ...range(primal + nk + nc, nx),
    ...range(dot + dk + dc, dx),
  ]
  const ny = out.length - nc,
    dotsOut = out.length
  const outputs = [...range(0, nc), ...range(dotsOut, dc), ...range(nc, ny), ...range(dotsOut + dc, count(out) - dc)]
  return { program: reorder(program, inputs, outputs), numConsts: own + nk + dk, numCarry: nc + dc }
}

// ---- batching

function settleBatch(params: ScanParams, consts: readonly boolean[], carry: readonly boolean[], xs: readonly boolean[], axis: BatchAxis) {
  for (let mask = carry; ; ) {
    const closed = batchProgram(params.program, [...consts, ...mask, ...xs], axis, mask)
    if (mask.every((b, i) => b || !closed.batched[i])) return { closed, carry: mask, out: closed.batched }
    mask = mask.map((b, i) => b || (closed.batched[i] as boolean))
  }
}

// ---- lowering and evaluation

function lowerScan(l: Lowering, inputs: readonly Value[], params: ScanParams, outputs: readonly Aval[]): readonly Value[] {
  const { program, length, reverse, numCarry } = params
  const { consts, carry, xs } = roles(inputs, params)
  const known = storedForBody(l, consts),
    scanned = xs.map(x => l.stored(x))
  const counter = l.allocate(aval([], 'int32'))
  const buffers = outputs.map(a => l.allocate(a))
  const carries = buffers.slice(0, numCarry)
  storeAll(l, carry, carries)
  const body = l.nested(() => {
    const state = carries.map((b, i) => l.wrap(outputs[i] as Aval, b))
    const next = l.program(program, [...known(), ...state, ...scanned.map(x => sliceAt(l, x, counter))])
    next.slice(numCarry).forEach((y, i) => {
      const k = numCarry + i
      l.store(y, buffers[k] as BufferId, (outputs[k] as Aval).shape, index => [atCounter(counter, index.length), ...index])
    })
    updateCarries(l, next.slice(0, numCarry), carries)
  })
  l.emit({ kind: 'scan', length, reverse, counter, body })
  return outputs.map((a, i) => l.wrap(a, buffers[i] as BufferId))
}

/** The loop's counter as an index of a kernel with `axes` axes. */
const atCounter = (counter: BufferId, axes: number): Index => indexPlusDynamic(indexConstant(0, axes), counter)

/** Slice number `counter`, read where it is used. */
function sliceAt(l: Lowering, x: Value, counter: BufferId): Value {
  return l.elements(slice(x.aval), [x], (b, index) => b.read(x, [atCounter(counter, b.axes), ...index]), { cost: 0 })
}

function evaluateScan(inputs: readonly HostArray[], params: ScanParams, outputs: readonly Aval[]): readonly HostArray[] {
  const { consts, carry, xs } = roles(inputs, params)
  const { program, length, reverse, numCarry } = params
  const ys = outputs.slice(numCarry).map(a => ({ aval: a, data: new Float64Array(a.size) }))
  let state = carry
  for (let step = 0; step < length; step++) {
    const i = reverse ? length - 1 - step : step
    const slices = xs.map(x => ({ aval: slice(x.aval), data: x.data.slice(i * slice(x.aval).size, (i + 1) * slice(x.aval).size) }))
    const out = evaluateProgram(program, [...consts, ...state, ...slices])
    state = out.slice(0, numCarry)
    ys.forEach((y, k) => y.data.set((out[numCarry + k] as HostArray).data, i * slice(y.aval).size))
  }
  return [...state, ...ys]
}
