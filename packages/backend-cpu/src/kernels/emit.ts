/** From a kernel to its phases: the emitter of its kind. */
import { fail } from '@cotangent/core/kernel'
import type { EmitKernel } from '../runtime/program.ts'
import { emitContraction } from './contraction.ts'
import { emitLoop } from './loop.ts'

export const emitKernel: EmitKernel = (context, kernel) => {
  switch (kernel.kind) {
    case 'loop': return emitLoop(context, kernel)
    case 'contraction': return emitContraction(context, kernel)
    default: return fail('InternalError', `cpu: no emitter for ${kernel.kind}`)
  }
}
