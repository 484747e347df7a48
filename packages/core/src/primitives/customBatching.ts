/**
 * A function with a batching rule of its own (JAX: custom_vmap). The equation holds the function's Program, which is what runs without `vmap`, and the
 * rule as a function on flat lists of tensors, which replaces it under `vmap`.
 *
 * Forward mode differentiates the rule along with the function. Reverse mode parts the function into known and linear work, which the rule knows
 * nothing of: under `vmap` of it each operation is batched by its own rule.
 */
import { fail } from '../errors.ts'
import { untracked } from '../region.ts'
import type { Tensor } from '../tensor.ts'
import { placeAxis } from '../transforms/batch.ts'
import { jvpFlat } from '../transforms/jvp.ts'
import { jvpProgram, spread } from '../transforms/programs.ts'
import { type CallParams, bindCall, callRules, inFront, nonzero, present } from './call.ts'
import { jitP } from './jit.ts'
import type { CallPrimitive, MaybeTensor } from './primitive.ts'
import { instantiate } from './zeros.ts'

/** Inputs and outputs with the batch axis in front where `batched` holds. */
export type BatchRule = (
  size: number,
  batched: readonly boolean[],
  inputs: readonly Tensor[],
) => { readonly outputs: readonly Tensor[]; readonly batched: readonly boolean[] }

export interface CustomBatchingParams extends CallParams {
  /** Inputs that the function closed over, which come first and which the rule does not see. */
  readonly numCaptured: number
  readonly rule: BatchRule
}

export const customBatchingP: CallPrimitive<CustomBatchingParams> = {
  ...callRules(() => customBatchingP),
  name: 'customBatching',
  jvpCall(primals, tangents, params) {
    const { numCaptured: n } = params
    if (present(tangents.slice(0, n)).length > 0) return jitP.jvpCall(primals, tangents, params)
    const j = jvpProgram(params.program, nonzero(tangents))
    const rule = jvpRule(params.rule, nonzero(tangents.slice(n)), j.nonzero)
    const numCaptured = j.consts.length + n
    const results = bindCall(
      customBatchingP,
      j,
      [...primals, ...present(tangents)],
      { ...params, numCaptured, rule },
      `jvp(${params.name})`,
    )
    const k = params.program.outputs.length
    return [results.slice(0, k), spread(results.slice(k), j.nonzero)]
  },
  linearizeCall: (primals, tangents, params) => jitP.linearizeCall(primals, tangents, params),
  transpose: (cts, inputs, params) => (jitP.transpose as Exclude<typeof jitP.transpose, { none: string }>)(cts, inputs, params),
  batch(inputs, axes, size, params, axisName) {
    const { rule, numCaptured: n, name } = params
    if (axes.every(a => a === null)) return jitP.batch(inputs, axes, size, params, axisName)
    if (axes.slice(0, n).some(a => a !== null))
      fail('ValueError', `customBatching: ${name} closes over a value that is mapped, which its rule does not see. Pass it as an argument.`)
    const { outputs, batched } = untracked(() =>
      rule(
        size,
        axes.slice(n).map(a => a !== null),
        inFront(inputs, axes).slice(n),
      ),
    )
    return { outputs, axes: batched.map(b => (b ? 0 : null)) }
  },
}

/** The rule of the function's jvp: primals, tangents of the inputs in `wrt` -> outputs, tangents of the outputs in `out`. */
const jvpRule =
  (rule: BatchRule, wrt: readonly boolean[], out: readonly boolean[]): BatchRule =>
  (size, batched, inputs) => {
    const n = wrt.length
    const dots = spread(inputs.slice(n), wrt),
      dotBatched = spread(batched.slice(n), wrt)
    // A primal and its tangent are batched alike.
    const both = batched.slice(0, n).map((b, i) => b || dotBatched[i] === true)
    const front = (x: MaybeTensor, is: boolean | null | undefined, i: number): MaybeTensor =>
      x !== null && both[i] && is !== true ? placeAxis(x, null, 0, size) : x
    const primals = inputs.slice(0, n).map((x, i) => front(x, batched[i], i) as Tensor)
    let outBatched: readonly boolean[] = []
    const [outputs, tangents] = jvpFlat(
      (...xs) => {
        const result = rule(size, both, xs)
        outBatched = result.batched
        return result.outputs
      },
      primals,
      dots.map((t, i) => front(t, dotBatched[i], i)),
      'customBatching',
    )
    const pick = <T>(xs: readonly T[]): T[] => xs.filter((_, i) => out[i])
    const full = tangents.map((t, i) => instantiate(t, (outputs[i] as Tensor).aval))
    return { outputs: [...outputs, ...pick(full)], batched: [...outBatched, ...pick(outBatched)] }
  }
