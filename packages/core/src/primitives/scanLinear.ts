/**
 * Reverse mode of scan. Linearised, it is a loop that also stacks what its derivative needs, and a linear loop over that. Transposed, the
 * linear loop runs backwards: cotangents of the carry are its carry, cotangents of constants add up in it, cotangents of `xs` are its `ys`.
 *
 * What does not change between steps is not stacked: residuals that are constants, or computed from constants alone, stay outside the loop.
 */
import { fail } from '../errors.ts'
import { range } from '../lists.ts'
import { bind } from '../program/bind.ts'
import { hasEffect } from '../program/effects.ts'
import type { Atom, Program, Var } from '../program/program.ts'
import { simplify } from '../program/simplify.ts'
import type { Tensor } from '../tensor.ts'
import {
  type Closed,
  type LinearProgram,
  avalsOf,
  bits,
  cachedFor,
  count,
  linearizeProgram,
  pick,
  spread,
  traceClosed,
} from '../transforms/programs.ts'
import { backward } from '../transforms/transpose.ts'
import { add } from './arithmetic.ts'
import { nonzero, present } from './call.ts'
import { outputTypes, reorder } from './control.ts'
import { jitP } from './jit.ts'
import { isUnknown, type MaybeTensor, type Unknown } from './primitive.ts'
import { type HoistedScan, hoistFromLoop } from './scanHoist.ts'
import { type ScanParams, carryFixpoint, roles, scanP } from './scan.ts'
import { instantiate, zerosOf } from './zeros.ts'

type Mask = readonly boolean[]

/** Where the linear loop finds a residual of its body. */
type Residual =
  | { readonly kind: 'const'; readonly index: number } // constant `index` of the loop
  | { readonly kind: 'invariant'; readonly index: number } // result `index` of the hoisted Program
  | { readonly kind: 'xs'; readonly index: number } // scanned input `index`
  | { readonly kind: 'ys'; readonly index: number } // stacked result `index` of the forward loop

interface SplitScan {
  /** consts, carry, xs -> carry, ys, stacked residuals. */
  readonly forward: ScanParams
  readonly forwardConsts: readonly Tensor[]
  /** consts -> residuals that are the same in every step. */
  readonly hoisted: Closed
  /** The linear loop: fixed residuals, tangents of consts; tangents of the carry; stacked residuals, tangents of xs. */
  readonly linear: ScanParams
  /** What can be done before the linear loop, for all steps at once. */
  readonly out: HoistedScan | null
  readonly residuals: readonly Residual[]
  readonly nonzeroCarry: Mask
  readonly nonzero: Mask
}

export function linearizeScan(
  primals: readonly Tensor[],
  tangents: readonly MaybeTensor[],
  params: ScanParams,
): readonly [readonly Tensor[], readonly MaybeTensor[]] {
  const given = nonzero(tangents)
  const split = cachedFor(
    params.program,
    `scan ${params.numConsts} ${params.numCarry} ${params.length} ${params.reverse} ${bits(given)}`,
    () => splitScan(params, given),
  )
  const { consts, carry, xs } = roles(primals, params),
    t = roles(tangents, params)
  const results = bind(scanP, [...split.forwardConsts, ...primals], split.forward)
  const outputs = results.slice(0, params.program.outputs.length)
  if (count(split.nonzero) === 0) return [outputs, outputs.map(() => null)]
  const invariant =
    split.hoisted.program.outputs.length === 0
      ? []
      : bind(jitP, [...split.hoisted.consts, ...consts], { program: split.hoisted.program, name: 'invariant' })
  const residual = (r: Residual): Tensor =>
    (r.kind === 'const'
      ? consts[r.index]
      : r.kind === 'invariant'
        ? invariant[r.index]
        : r.kind === 'xs'
          ? xs[r.index]
          : results[params.numCarry + r.index]) as Tensor
  const fixed = split.residuals.filter(isFixed).map(residual),
    moving = split.residuals.filter(r => !isFixed(r)).map(residual)
  const carryDots = carry.flatMap((c, i) => (split.nonzeroCarry[i] ? [instantiate(t.carry[i] as MaybeTensor, c.aval)] : []))
  const linear = bindLinear(split, [...fixed, ...present(t.consts)], carryDots, [...moving, ...present(t.xs)])
  return [outputs, spread(linear, split.nonzero)]
}

/** The linear loop, preceded by what was taken out of it. */
function bindLinear(
  { linear, out }: SplitScan,
  consts: readonly Tensor[],
  carry: readonly Tensor[],
  xs: readonly Tensor[],
): readonly Tensor[] {
  if (out === null) return bind(scanP, [...consts, ...carry, ...xs], linear)
  const values = bind(jitP, [...out.before.consts, ...consts, ...xs], { program: out.before.program, name: 'hoisted' })
  const constant = out.stacked.map(b => !b)
  return bind(
    scanP,
    [...pick(consts, out.consts), ...pick(values, constant), ...carry, ...pick(xs, out.xs), ...pick(values, out.stacked)],
    out.loop,
  )
}

const isFixed = (r: Residual): boolean => r.kind === 'const' || r.kind === 'invariant'

function splitScan(params: ScanParams, given: Mask): SplitScan {
  const { wrt, nonzeroCarry, body } = carryFixpoint(params, given, (w, inst) => linearizeProgram(params.program, w, inst))
  const n = params.program.outputs.length
  const { residuals, hoisted, stackedAtoms } = placeResiduals(body, params)
  const { program, consts } = body.primal
  const forward = simplify({ ...program, outputs: [...program.outputs.slice(0, n), ...stackedAtoms] })
  const linear = linearLoop(body, residuals, wrt, params)
  return {
    forward: { ...params, program: forward, numConsts: params.numConsts + consts.length },
    forwardConsts: consts,
    hoisted: { program: hoisted, consts },
    residuals,
    nonzeroCarry,
    nonzero: body.nonzero,
    linear,
    out: hoistFromLoop(linear),
  }
}

/** Decides for each residual of the body where it lives. `stackedAtoms`: further results of the forward body. */
function placeResiduals(
  { primal, residuals }: LinearProgram,
  params: ScanParams,
): {
  readonly residuals: readonly Residual[]
  readonly hoisted: Program
  readonly stackedAtoms: readonly Atom[]
} {
  const { program, consts } = primal
  const own = consts.length,
    { numConsts, numCarry } = params
  const n = params.program.outputs.length
  const fixed = invariantVars(program, own + numConsts)
  const hoistedAtoms: Atom[] = [],
    stackedAtoms: Atom[] = []
  const position = (list: Atom[], a: Atom): number => (list.includes(a) ? list.indexOf(a) : list.push(a) - 1)
  const placed = residuals.map((s): Residual => {
    if ('input' in s && s.input < numConsts) return { kind: 'const', index: s.input }
    if ('input' in s && s.input >= numConsts + numCarry) return { kind: 'xs', index: s.input - numConsts - numCarry }
    const a = 'input' in s ? (program.inputs[own + s.input] as Var) : (program.outputs[s.output] as Atom)
    if (a.kind === 'literal' || fixed.has(a)) return { kind: 'invariant', index: position(hoistedAtoms, a) }
    const already = program.outputs.slice(numCarry, n).indexOf(a)
    if (already >= 0) return { kind: 'ys', index: already }
    return { kind: 'ys', index: n - numCarry + position(stackedAtoms, a) }
  })
  const inputs = program.inputs.slice(0, own + numConsts)
  const equations = program.equations.filter(e => !hasEffect(e) && e.outputs.every(v => fixed.has(v)))
  return { residuals: placed, hoisted: simplify({ inputs, equations, outputs: hoistedAtoms }), stackedAtoms }
}

/** Variables that depend on the first `n` inputs only, and not on equations that must run in every step. */
function invariantVars(program: Program, n: number): ReadonlySet<Var> {
  const fixed = new Set<Var>(program.inputs.slice(0, n))
  for (const e of program.equations)
    if (!hasEffect(e) && e.inputs.every(a => a.kind === 'literal' || fixed.has(a))) e.outputs.forEach(v => fixed.add(v))
  return fixed
}

/** The tangent Program of the body (residuals, tangents -> tangents) as the body of a scan. */
function linearLoop({ tangent, nonzero: out }: LinearProgram, residuals: readonly Residual[], wrt: Mask, params: ScanParams): ScanParams {
  const d = roles(wrt, params)
  const r = residuals.length,
    dk = count(d.consts),
    dc = count(d.carry),
    dx = count(d.xs)
  const at = (fixed: boolean): number[] => residuals.flatMap((x, i) => (isFixed(x) === fixed ? [i] : []))
  const inputs = [...at(true), ...range(r, dk), ...range(r + dk, dc), ...at(false), ...range(r + dk + dc, dx)]
  return { ...params, program: reorder(tangent, inputs, range(0, count(out))), numConsts: at(true).length + dk, numCarry: dc }
}

export function transposeScan(
  cts: readonly MaybeTensor[],
  inputs: readonly (Tensor | Unknown)[],
  params: ScanParams,
): readonly MaybeTensor[] {
  const unknown = roles(inputs.map(isUnknown), params)
  const linear = [...unknown.consts, ...unknown.carry.map(() => true), ...unknown.xs]
  const given = nonzero(cts).slice(params.numCarry)
  const { consts, carry, xs } = roles(inputs, params)
  const body = cachedFor(params.program, `scan transpose ${params.numConsts} ${params.numCarry} ${bits(linear)} ${bits(given)}`, () =>
    backwardBody(params, linear, given),
  )
  const known = (x: Tensor | Unknown): x is Tensor => !isUnknown(x)
  const carryCts = carry.map((c, i) => instantiate(cts[i] ?? null, c.aval))
  const sums = pick(consts, unknown.consts).map(c => zerosOf(c.aval))
  const results = bind(
    scanP,
    [...body.consts, ...consts.filter(known), ...carryCts, ...sums, ...xs.filter(known), ...present(cts.slice(params.numCarry))],
    {
      program: body.program,
      length: params.length,
      reverse: !params.reverse,
      numConsts: body.consts.length + consts.filter(known).length,
      numCarry: carryCts.length + sums.length,
    },
  )
  const nc = carryCts.length
  return [
    ...spread(results.slice(nc, nc + sums.length), unknown.consts),
    ...carry.map((c, i) => (isUnknown(c) ? (results[i] as Tensor) : null)),
    ...spread(results.slice(nc + sums.length), unknown.xs),
  ]
}

/** consts; cotangents of the carry, sums for the constants; known xs, cotangents of ys -> cotangents of the carry, sums; cotangents of xs. */
function backwardBody(params: ScanParams, linear: Mask, given: Mask): Closed {
  const { program, numCarry } = params
  const avals = roles(avalsOf(program), params),
    is = roles(linear, params),
    not = (m: Mask): Mask => m.map(b => !b)
  const knownConsts = pick(avals.consts, not(is.consts)),
    sums = pick(avals.consts, is.consts),
    knownXs = pick(avals.xs, not(is.xs))
  const ys = pick(outputTypes(program).slice(numCarry), given)
  if (!is.carry.every(Boolean)) fail('InternalError', 'scan: the transpose of a loop that is not linear in its carry')
  return traceClosed(
    (...values) => {
      let from = 0
      const take = (n: number): readonly Tensor[] => values.slice(from, (from += n))
      const consts = spread(take(knownConsts.length), not(is.consts)),
        carryCts = take(numCarry),
        before = take(sums.length)
      const xs = spread(take(knownXs.length), not(is.xs)),
        yCts = spread(take(ys.length), given)
      const inputs = [...consts, ...avals.carry.map(() => null), ...xs].map(
        (x, i) => x ?? { unknown: true as const, aval: avalsOf(program)[i] as Tensor['aval'] },
      )
      const cts = roles(backward(program, inputs, [...carryCts, ...yCts]), params)
      return [
        ...cts.carry.map((ct, i) => instantiate(ct, avals.carry[i] as Tensor['aval'])),
        ...pick(cts.consts, is.consts).map((ct, i) => (ct === null ? (before[i] as Tensor) : add(before[i] as Tensor, ct))),
        ...pick(cts.xs, is.xs).map((ct, i) => instantiate(ct, pick(avals.xs, is.xs)[i] as Tensor['aval'])),
      ]
    },
    [...knownConsts, ...avals.carry, ...sums, ...knownXs, ...ys],
    'transpose of scan',
  )
}
