/** A function as one equation: `jit` of it. Its rules transform its Program, so that the result is again compiled as a whole. */
import { linearizeProgram, residualsOf, spread } from '../transforms/programs.ts'
import { type CallParams, bindCall, callRules, nonzero, present } from './call.ts'
import type { CallPrimitive } from './primitive.ts'

export const jitP: CallPrimitive<CallParams> = {
  ...callRules(() => jitP),
  name: 'jit',
  linearizeCall(primals, tangents, params) {
    const { program, name } = params
    const lin = linearizeProgram(program, nonzero(tangents))
    const outputs = bindCall(jitP, lin.primal, primals, params, name)
    const linear = { program: lin.tangent, consts: residualsOf(lin, primals, outputs) }
    const results = lin.tangent.outputs.length === 0 ? [] : bindCall(jitP, linear, present(tangents), params, `linear(${name})`)
    return [outputs.slice(0, program.outputs.length), spread(results, lin.nonzero)]
  },
}
