/** A kernel to Passes, by its kind. */
import { fail } from '@cotangent/core/kernel'
import type { EmitContext, LeafKernel, Pass } from '../pass.ts'
import { emitLoop } from './loop.ts'

export function emitKernel(context: EmitContext, kernel: LeafKernel): readonly Pass[] {
  switch (kernel.kind) {
    case 'loop':
      return emitLoop(context, kernel)
    default:
      return fail('BackendError', `webgl: there are no ${kernel.kind} kernels.`)
  }
}
