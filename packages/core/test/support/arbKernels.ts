/**
 * Random valid kernel graphs for comparing backends and testing the lowering. Unless `instructions` names inexact ones, every correct
 * backend gives the same bits (NaNs are all alike).
 */
import type * as fc from 'fast-check'
import { type ComputeDType, computeDTypes as allDTypes, type TypedArray } from '../../src/dtype.ts'
import type { InstructionName } from '../../src/lower/instructions.ts'
import type { KernelKind } from '../../src/lower/kernel.ts'
import type { UnplannedGraph } from '../../src/lower/plan.ts'
import { arbChoices, type Choices } from './choices.ts'
import { Draft } from './draft.ts'
import { drawKernels } from './drawKernels.ts'
import { exactInstructions } from './drawNodes.ts'

/** A graph and data for its inputs. */
export interface KernelCase {
  readonly graph: UnplannedGraph
  readonly inputs: readonly TypedArray[]
}

export interface KernelCaseOptions {
  /** Kinds of kernels to draw; default all. */
  readonly kinds?: readonly KernelKind[]
  /** Default all. Gathers, scatters, argmax and control flow need int32; masks and selections bool. */
  readonly dtypes?: readonly ComputeDType[]
  /** Default `exactInstructions`. */
  readonly instructions?: readonly InstructionName[]
  /** Iteration spaces that recur; default two random ones. */
  readonly spaces?: readonly (readonly number[])[]
  /** Most kernels at the top level; default 5. */
  readonly kernels?: number
}

const allKinds: readonly KernelKind[] = ['loop', 'contraction', 'scatter', 'sort', 'cumulative', 'while', 'scan', 'branch']

export function arbKernelCase(options: KernelCaseOptions = {}): fc.Arbitrary<KernelCase> {
  return arbChoices(choices => drawCase(choices, options))
}

function drawCase(choices: Choices, options: KernelCaseOptions): KernelCase {
  const { kinds = allKinds, dtypes = allDTypes, instructions = exactInstructions, kernels = 5 } = options
  const draft = new Draft(choices, dtypes, options.spaces)
  drawKernels(draft, choices.between(1, kernels), { kinds, instructions }, 2)
  for (let n = choices.below(2) + (draft.outputs.length === 0 ? 1 : 0); n > 0; n--) copyOut(draft)
  if (draft.inputs.length > 0 && choices.chance(10)) draft.outputs.push(choices.pick(draft.inputs))
  const { buffers, inputs, outputs, data } = draft
  const donatable = inputs.map(() => choices.chance(60))
  return { graph: { buffers, inputs, outputs, kernels: draft.kernels, donatable }, inputs: data }
}

/** Copies a buffer that is readable at the end to a new output, so that what temporaries hold is seen. */
function copyOut(draft: Draft): void {
  const ids = draft.candidates(b => b.place.kind === 'temporary')
  const id = ids.length > 0 ? draft.choices.pick(ids) : draft.input(draft.choices.pick(draft.dtypes), 2)
  const { size } = draft.bufferOf(id),
    dtype = draft.dtypeOf(id),
    map = { offset: 0, strides: [1] }
  const store = { buffer: draft.output(dtype, size), map, value: 0 }
  const epilogue = [{ op: 'load', buffer: id, dtype, map } as const]
  draft.kernels.push({
    kind: 'loop',
    extents: [size],
    parallel: 1,
    body: [],
    bodyStores: [],
    reductions: [],
    epilogue,
    stores: [store],
  })
}
