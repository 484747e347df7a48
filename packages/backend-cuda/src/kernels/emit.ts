/** A kernel to commands, by its kind. */
import type { Command, EmitContext, LeafKernel } from '../command.ts'
import { emitContraction } from './contraction.ts'
import { emitCumulative } from './cumulative.ts'
import { emitLoop } from './loop.ts'
import { emitScatter } from './scatter.ts'
import { emitSort } from './sort.ts'

export function emitKernel(context: EmitContext, kernel: LeafKernel): readonly Command[] {
  switch (kernel.kind) {
    case 'loop':
      return emitLoop(context, kernel)
    case 'contraction':
      return emitContraction(context, kernel)
    case 'cumulative':
      return emitCumulative(context, kernel)
    case 'scatter':
      return emitScatter(context, kernel)
    case 'sort':
      return emitSort(context, kernel)
  }
}
