/** A kernel to commands, by its kind. */
import { asLoop, fail } from '@cotangent/core/kernel'
import type { Command, EmitContext, LeafKernel } from '../command.ts'
import { emitCumulative } from './cumulative.ts'
import { emitLoop } from './loop.ts'

export function emitKernel(context: EmitContext, kernel: LeafKernel): readonly Command[] {
  switch (kernel.kind) {
    case 'loop':
      return emitLoop(context, kernel)
    case 'contraction':
      return emitLoop(context, asLoop(kernel))
    case 'cumulative':
      return emitCumulative(context, kernel)
    default:
      return fail('InternalError', `cuda: ${kernel.kind} kernels are not compiled.`)
  }
}
