/**
 * How many kernels XLA would make of a Program on a GPU: an estimate by the rules that its passes document, not a run of XLA.
 *
 * - gemm_rewriter, conv_rewriter: a dot or convolution is one call of cuBLAS or cuDNN, transposed and reshaped operands included;
 * - instruction fusion (priority_fusion): what computes an element from elements is repeated in every consumer and stored nowhere, unless a library reads it or
 *   the step returns it; a reduction ends the fusion that it is in;
 * - multi_output_fusion: fusions over the same elements, none of which needs another, become one;
 * - horizontal_loop_fusion: the independent elementwise results of the step, such as updated parameters, become one.
 *
 * `separate` counts without the last two, `merged` with them wherever they may apply. Files of these names are in xla/service/gpu/transforms of openxla/xla.
 */
import type { Atom, Equation, Program, Var } from '../../core/src/program/program.ts'

export interface XlaEstimate {
  readonly library: number
  readonly separate: number
  readonly merged: number
}

const libraries: ReadonlySet<string> = new Set(['dotGeneral', 'convolve'])
/** Results of these are stored: no element of them comes from single elements. */
const reductions: ReadonlySet<string> = new Set([
  'sum',
  'prod',
  'reduceMax',
  'reduceMin',
  'argmax',
  'argmin',
  'reduceWindowMax',
  'windowArgmax',
  'scatter',
  'sort',
])
/** What a library call takes as a description of its operand, and what costs nothing. */
const views: ReadonlySet<string> = new Set(['reshape', 'transpose', 'reverse', 'stopGradient', 'broadcast'])

const elements = (v: Atom): number => v.aval.shape.reduce((a, b) => a * b, 1)

export function estimateXla({ equations, outputs }: Program): XlaEstimate {
  const producer = new Map<Var, Equation>(equations.flatMap(e => e.outputs.map(v => [v, e] as const)))
  const producerOf = (v: Atom): Equation | undefined => (v.kind === 'var' ? producer.get(v) : undefined)
  /** The equation that computes what a library reads. */
  const behindViews = (v: Atom): Equation | undefined => {
    const e = producerOf(v)
    return e !== undefined && views.has(e.primitive.name) ? behindViews(e.inputs[0] as Atom) : e
  }
  const stored = new Set<Equation>()
  for (const e of equations) {
    const { name } = e.primitive
    if (libraries.has(name) || reductions.has(name)) stored.add(e)
    if (libraries.has(name)) for (const v of e.inputs) stored.add(behindViews(v) as Equation)
  }
  const results = new Set(outputs.flatMap(v => behindViews(v) ?? []))
  for (const e of results) stored.add(e)

  // How many kernels, in order, come before what an equation computes.
  const depths = new Map<Equation, number>()
  const kernels: { readonly equation: Equation; readonly depth: number }[] = []
  for (const e of equations) {
    const before = Math.max(0, ...e.inputs.map(v => depths.get(producerOf(v) as Equation) ?? 0))
    depths.set(e, before + (stored.has(e) ? 1 : 0))
    if (stored.has(e)) kernels.push({ equation: e, depth: before + 1 })
  }
  const fusions = kernels.filter(k => !libraries.has(k.equation.primitive.name))
  const groups = fusions.map(({ equation, depth }) => {
    const reduces = reductions.has(equation.primitive.name)
    if (!reduces && results.has(equation)) return 'results'
    return `${depth} over ${elements(reduces ? (equation.inputs[0] as Atom) : (equation.outputs[0] as Var))}`
  })
  return { library: kernels.length - fusions.length, separate: fusions.length, merged: new Set(groups).size }
}
