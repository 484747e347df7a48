/** A kernel to Passes, by its kind. */
import type { EmitContext, LeafKernel, Pass } from '../pass.ts'
import { emitContraction } from './contraction.ts'
import { emitCumulative } from './cumulative.ts'
import { emitLoop } from './loop.ts'
import { emitScatter } from './scatter.ts'
import { emitSort } from './sort.ts'

export function emitKernel(context: EmitContext, kernel: LeafKernel): readonly Pass[] {
  switch (kernel.kind) {
    case 'loop':
      return emitLoop(context, kernel)
    case 'contraction':
      return emitContraction(context, kernel)
    case 'scatter':
      return emitScatter(context, kernel)
    case 'sort':
      return emitSort(context, kernel)
    case 'cumulative':
      return emitCumulative(context, kernel)
  }
}
