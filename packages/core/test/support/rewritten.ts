/** Graphs of Programs with Contractions rewritten: for tests and measurements of the passes that do so. */
import type { DType } from '../../src/dtype.ts'
import { fuse } from '../../src/lower/fuse.ts'
import type { Contraction, Kernel, KernelGraph } from '../../src/lower/kernel.ts'
import { lower } from '../../src/lower/lower.ts'
import { planMemory } from '../../src/lower/plan.ts'
import type { Program } from '../../src/program/program.ts'

/** The Program's kernels, with `rewrite` in the place of each Contraction. */
export function graphOf(
  program: Program,
  rewrite?: (k: Contraction, allocate: (dtype: DType, size: number) => number) => readonly Kernel[],
): KernelGraph {
  const lowered = fuse(lower(program)),
    buffers = [...lowered.buffers]
  const allocate = (dtype: DType, size: number): number => buffers.push({ dtype, size }) - 1
  const kernels = lowered.kernels.flatMap(k => (k.kind === 'contraction' && rewrite !== undefined ? rewrite(k, allocate) : [k]))
  return planMemory({
    buffers: buffers.map((b, id) => ({
      ...b,
      place: lowered.inputs.includes(id)
        ? { kind: 'input', index: lowered.inputs.indexOf(id) }
        : lowered.outputs.includes(id)
          ? { kind: 'output', index: lowered.outputs.indexOf(id) }
          : { kind: 'temporary' },
    })),
    inputs: lowered.inputs,
    outputs: lowered.outputs,
    kernels,
    donatable: lowered.inputs.map(() => false),
  })
}
