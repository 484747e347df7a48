/**
 * "Transform" means "interpret differently". Every operation on tensors ends here: `bind(primitive, inputs, params)` gives it to the innermost
 * interpreter that is concerned: the trace with the highest level among the inputs', or the function being staged out (jit, scan bodies,
 * makeProgram), or plain execution.
 *
 * Why levels: transforms nest, `grad(x => grad(y => x * y)(x))`. Each running transform is a Trace one level above those outside it. A
 * trace peels its own tracers, binds the same primitives again on what is inside them, and so hands the work one level down.
 */
import { showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import { type Primitive, noParams } from '../primitives/primitive.ts'
import { execute } from '../backend/execute.ts'
import type { Tensor } from '../tensor.ts'
import { showLine, type Trail, userLineOf } from '../userLine.ts'
import { axisInScope, hasAxesInScope } from './axes.ts'
import { equationAxes } from './program.ts'

export interface Trace {
  readonly level: number
  /** What the user called, for messages: `grad of loss`. */
  readonly what: string
  /** False once the transform has returned: its tracers may not be used any more. */
  alive: boolean
  process(primitive: Primitive, inputs: readonly Tensor[], params: object): readonly Tensor[]
}

/** What a traced Tensor holds instead of a buffer. Each trace extends it with its own fields. */
export interface TracerValue {
  readonly trace: Trace
  /** The value one level down, where a tracer has one (jvp, linearize): if it is concrete, its numbers may be read. */
  readonly primal?: Tensor
  /** Where it was made, or by which operation. Absent: it is an argument of the traced function. */
  readonly made?: Trail | string | undefined
}

let everyLine = false

/** Debug mode: the traces that run at each call record lines too. */
export function recordOrigins(on: boolean): void {
  everyLine = on
}

/** Where the results of an operation are made. It costs microseconds: right while staging, which is done once. Its text is made on demand. */
export const madeHere = (): Trail => new Error()
/** The same for a trace that runs at each call, if nothing is staged around it: the name of the operation, unless debug mode asks for more. */
export const madeBy = (primitive: Primitive): Trail | string => (everyLine || staging !== null ? madeHere() : primitive.name)

/** Where a traced value comes from, for messages: `made at loss (train.ts:3:4)`. */
export function originOf({ made, trace }: TracerValue): string {
  if (made === undefined) return `an argument in ${trace.what}`
  if (typeof made === 'string') return `made by ${made} in ${trace.what}`
  const line = userLineOf(made)
  return `made in ${trace.what}${line === undefined ? '' : `, at ${showLine(line)}`}`
}

let depth = 0
let staging: Trace | null = null

/** The trace that a function is staged into at the moment, if any. */
export const stagingTrace = (): Trace | null => staging

/** Nothing is traced: an operation on these tensors executes at once. */
export function isConcrete(tensors: readonly Tensor[]): boolean {
  if (staging !== null) return false
  for (const t of tensors) if ('trace' in t.value) return false
  return true
}

/** Runs `body` inside a new trace. A `staged` trace receives every operation of `body`, also those on constants. */
export function withTrace<T extends Trace, R>(make: (level: number) => T, staged: boolean, body: (trace: T) => R): R {
  const trace = make(++depth)
  const outer = staging
  if (staged) staging = trace
  try {
    return body(trace)
  } finally {
    trace.alive = false
    staging = outer
    depth--
  }
}

/** Runs `body` outside of any staging: operations on concrete tensors execute at once (for library internals such as lowering constants). */
export function withoutStaging<R>(body: () => R): R {
  const outer = staging
  staging = null
  try {
    return body()
  } finally {
    staging = outer
  }
}

export function bind<P extends object>(primitive: Primitive<P>, inputs: readonly Tensor[], params: P): readonly Tensor[] {
  let top = staging
  for (const t of inputs) {
    const value = t.value
    if ('trace' in value) {
      if (!value.trace.alive) escaped(primitive.name, t, value.trace)
      if (top === null || value.trace.level > top.level) top = value.trace
    }
  }
  if (hasAxesInScope()) top = reachAxes(primitive, params, top)
  return top === null ? execute(primitive, inputs, params) : top.process(primitive, inputs, params)
}

/** The innermost of `top` and the traces of the named axes that the equation works over. */
function reachAxes(primitive: Primitive, params: object, top: Trace | null): Trace | null {
  for (const name of equationAxes(primitive, params)) {
    const trace = axisInScope(name)?.trace
    if (trace !== undefined && (top === null || trace.level > top.level)) top = trace
  }
  return top
}

/** `bind` for primitives with one output. */
export function bind1<P extends object>(primitive: Primitive<P>, inputs: readonly Tensor[], params: P = noParams as P): Tensor {
  return bind(primitive, inputs, params)[0] as Tensor
}

/** Throws if a result of a transformed function is a tracer of a transform that has returned: it would pass for a constant. */
export function checkResults(where: string, results: readonly Tensor[]): void {
  for (const t of results) if ('trace' in t.value && !t.value.trace.alive) escaped(where, t, t.value.trace)
}

function escaped(name: string, t: Tensor, trace: Trace): never {
  fail(
    'TracerError',
    `${name}: a traced value (${showAval(t.aval)}, ${originOf(t.value as TracerValue)}) is used after ${trace.what} has returned, when it has no numbers. Return it from the function instead of storing it outside.`,
  )
}
