/** Program -> executable: lower, fuse, plan memory, hand to the backend. */
import type { Aval } from '../aval.ts'
import { fail } from '../errors.ts'
import { simplifyAxes } from '../lower/axes.ts'
import { compact } from '../lower/compact.ts'
import { decompose } from '../lower/decompose.ts'
import { fuse } from '../lower/fuse.ts'
import type { BufferId, KernelGraph } from '../lower/kernel.ts'
import { type KernelRewrite, type Lowered, lower } from '../lower/lower.ts'
import { dropRounding } from '../lower/narrow.ts'
import { planMemory } from '../lower/plan.ts'
import { splitReductions } from '../lower/split.ts'
import { type Program, subprograms } from '../program/program.ts'
import { simplify } from '../program/simplify.ts'
import { span, spanSteps } from '../spans.ts'
import type { Backend, Executable, Steps } from './backend.ts'
import { finish } from './steps.ts'

/** Where result i of a Program comes from: result `output` of the executable, or input `input` handed through. */
export type Source = { readonly output: number } | { readonly input: number }

export interface Compiled {
  readonly graph: KernelGraph
  readonly executable: Executable
  readonly sources: readonly Source[]
  readonly avals: readonly Aval[]
}

/** Called with every graph before it is compiled: tests check invariants here. */
export type GraphObserver = (graph: KernelGraph, program: Program) => void
let observer: GraphObserver | null = null
export function observeGraphs(f: GraphObserver | null): void {
  observer = f
}

export function compile(program: Program, backend: Backend, donatable: readonly boolean[] = []): Compiled {
  return finish(compileInSteps(program, backend, donatable))
}

/** The same with pauses between steps of some milliseconds. */
export function* compileInSteps(program: Program, backend: Backend, donatable: readonly boolean[] = []): Steps<Compiled> {
  const { graph, sources } = yield* spanSteps('lower', describe(program), lowerInSteps(program, backend, donatable))
  yield
  const what = `${graph.kernels.length} kernel${graph.kernels.length === 1 ? '' : 's'}`
  const executable =
    backend.compileInSteps === undefined
      ? span('compile', what, () => backend.compile(graph))
      : yield* spanSteps('compile', what, backend.compileInSteps(graph))
  return { graph, executable, sources, avals: program.outputs.map(o => o.aval) }
}

/** An eager operation by its name. */
function describe({ equations }: Program): string {
  const [first] = equations
  return equations.length === 1 && first !== undefined ? first.primitive.name : `${equations.length} equations`
}

export interface Planned {
  readonly graph: KernelGraph
  readonly sources: readonly Source[]
}

/** The kernels of a Program as `backend` gets them. */
export function lowerFor(program: Program, backend: Backend, donatable: readonly boolean[] = []): Planned {
  return finish(lowerInSteps(program, backend, donatable))
}

function* lowerInSteps(program: Program, backend: Backend, donatable: readonly boolean[]): Steps<Planned> {
  const simple = simplify(program)
  checkDTypes(simple, backend)
  const kernels = lower(simple)
  yield
  const fused = fuse(kernels)
  yield
  const rewritten = rewritesOf(simple).reduce((kernels, rewrite) => rewrite(kernels, backend.capabilities), dropRounding(fused))
  const decomposed = decompose(simplifyAxes(rewritten), backend)
  const lowered = compact(splitReductions(decomposed, backend.capabilities.split))
  yield
  const planned = plan(
    lowered,
    program.inputs.map((_, i) => donatable[i] ?? false),
  )
  observer?.(planned.graph, simple)
  return planned
}

/** What the primitives of a Program bring, each once. */
function rewritesOf({ equations }: Program): readonly KernelRewrite[] {
  const found = equations.flatMap(({ primitive, params }) => [primitive.rewrite ?? [], subprograms(params).flatMap(rewritesOf)].flat())
  return [...new Set(found)]
}

/** Gives every buffer a place. Results that are the same buffer are computed once; results that are inputs are handed through. */
function plan(lowered: Lowered, donatable: readonly boolean[]): { graph: KernelGraph; sources: Source[] } {
  const outputs = [...new Set(lowered.outputs.filter(b => !lowered.inputs.includes(b)))]
  const place = (b: BufferId): { kind: 'input'; index: number } | { kind: 'output'; index: number } | { kind: 'temporary' } => {
    const input = lowered.inputs.indexOf(b),
      output = outputs.indexOf(b)
    return input >= 0 ? { kind: 'input', index: input } : output >= 0 ? { kind: 'output', index: output } : { kind: 'temporary' }
  }
  const graph = planMemory({
    buffers: lowered.buffers.map((spec, b) => ({ ...spec, place: place(b) })),
    inputs: lowered.inputs,
    outputs,
    kernels: lowered.kernels,
    donatable,
  })
  const sources = lowered.outputs.map(
    (b): Source => (lowered.inputs.includes(b) ? { input: lowered.inputs.indexOf(b) } : { output: outputs.indexOf(b) }),
  )
  return { graph, sources }
}

function checkDTypes(program: Program, backend: Backend): void {
  const check = (a: Aval): void => {
    if (!backend.capabilities.dtypes.includes(a.dtype))
      fail(
        'DTypeError',
        `The ${backend.name} backend has no ${a.dtype}; it has ${backend.capabilities.dtypes.join(', ')}. Convert with astype, or choose another backend in init().`,
      )
  }
  program.inputs.forEach(v => check(v.aval))
  for (const e of program.equations) {
    e.outputs.forEach(v => check(v.aval))
    subprograms(e.params).forEach(p => checkDTypes(p, backend))
  }
}
