/** What became of a jitted function: its traces with the reason of each, the Programs, the kernels and the memory plan, as text. */
import { lowerFor } from './backend/compile.ts'
import { currentBackend } from './backend/current.ts'
import { fail } from './errors.ts'
import { printKernels } from './lower/print.ts'
import { printProgram } from './program/print.ts'
import { jitReport } from './transforms/jit.ts'

export interface ExplainedTrace {
  /** `first call`, or what differed from the call before: `x changed from f32[2] to f32[3]`. */
  readonly reason: string
  /** The Program, as `makeProgram` prints it. */
  readonly program: string
  /** Kernels after fusion, with the memory plan, for the backend in use. */
  readonly kernels: string
  /** Kernels that the backend runs in another way than that text suggests: fallbacks, and what is done in parts. One line each. */
  readonly notes: readonly string[]
}
export interface Explanation {
  readonly name: string
  readonly calls: number
  readonly traces: readonly ExplainedTrace[]
  /** All of it, to print. */
  toString(): string
}

/**
 * Explains a function made by `jit`. It looks at what was traced so far and runs nothing.
 * @throws ValueError for other functions.
 * @example
 * const f = jit((x: Tensor) => x.mul(2).add(1))
 * f(array([1, 2]))
 * console.log(String(explain(f)))
 */
export function explain(f: (...args: never[]) => unknown): Explanation {
  const report = jitReport(f)
  if (report === undefined)
    return fail('ValueError', `explain: ${f.name || 'the function'} was not made by jit. Pass what jit(f) returned.`)
  const backend = currentBackend()
  const traces = report.traces.map(({ reason, program }): ExplainedTrace => {
    const { graph } = lowerFor(program, backend)
    return { reason, program: printProgram(program), kernels: printKernels(graph), notes: backend.notes?.(graph) ?? [] }
  })
  const head = `${report.name}: ${report.calls} call${report.calls === 1 ? '' : 's'}, ${traces.length} trace${traces.length === 1 ? '' : 's'}, backend ${backend.name}`
  const text = [head, ...traces.flatMap((t, i) => ['', `trace ${i + 1}: ${t.reason}`, t.program, '', t.kernels, ...t.notes])].join('\n')
  return { name: report.name, calls: report.calls, traces, toString: () => text }
}
