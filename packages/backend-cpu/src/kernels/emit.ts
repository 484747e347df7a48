/** From a kernel to its phases: the emitter of its kind. */
import type { EmitKernel } from '../runtime/program.ts'
import { emitContraction } from './contraction.ts'
import { emitCumulative } from './cumulative.ts'
import { emitLoop } from './loop.ts'
import { emitScatter } from './scatter.ts'
import { emitSort } from './sort.ts'

export const emitKernel: EmitKernel = (context, kernel) => {
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
