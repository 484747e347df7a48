/** A kernel to Passes, by its kind. */
import { fail } from '@cotangent/core/kernel'
import type { EmitContext, LeafKernel, Pass } from '../pass.ts'
import { emitCumulative } from './cumulative.ts'
import { emitLoop } from './loop.ts'
import { emitScatter } from './scatter.ts'
import { emitSort } from './sort.ts'

export function emitKernel(context: EmitContext, kernel: LeafKernel): readonly Pass[] {
  switch (kernel.kind) {
    case 'loop':
      return emitLoop(context, kernel)
    case 'scatter':
      return emitScatter(context, kernel)
    case 'sort':
      return emitSort(context, kernel)
    case 'cumulative':
      return emitCumulative(context, kernel)
    default:
      return fail('BackendError', `webgl: there are no ${kernel.kind} kernels.`)
  }
}
