/**
 * jit: traces a function once for each kind of arguments and runs the compiled Program after that. The key is what tracing can depend on: the
 * arguments' tree structure, the types of their tensors, the static arguments. Every trace is recorded with its reason (`jitReport`).
 *
 * The hot path, arguments like those of the last call, walks the arguments once against the known structure and compares type ids.
 */
import { type Aval, showAval } from '../aval.ts'
import type { Backend } from '../backend/backend.ts'
import { currentBackend } from '../backend/current.ts'
import { runProgram } from '../backend/execute.ts'
import { prepareProgram, runProgramAsync } from '../backend/executeAsync.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { jitP } from '../primitives/jit.ts'
import { axesKey } from '../program/axes.ts'
import { type Trace, bind, isConcrete, stagingTrace } from '../program/bind.ts'
import { internProgram } from '../program/intern.ts'
import { runsPlainly, traceModes } from '../program/modes.ts'
import { type Program, freeAxes } from '../program/program.ts'
import { simplify } from '../program/simplify.ts'
import { trace } from '../program/trace.ts'
import { Storage, type Tensor } from '../tensor.ts'
import { type Structure, flattenTree, leafPaths, matchTree, sameStructure, staticKey, structureDifference, unflattenTree } from '../tree.ts'
import { type AnyFunction, flatFunction, nameOf, parameterName } from './functions.ts'
import type { Args, Index } from './types.ts'

export interface JitOptions<A extends Args> {
  /** Positions of arguments that are part of the function: functions, options, flags. A new value is a new trace. */
  readonly static?: readonly Index<A>[]
  /** Positions of arguments whose memory results may take over. Their tensors are disposed by the call. */
  readonly donate?: readonly Index<A>[]
}

/** What `jit` returns: the same function, the same without waiting, and its compilation alone. */
export type Jitted<F extends AnyFunction> = F & {
  /**
   * Runs without blocking the calling thread, where the backend has threads for that; otherwise in a later task. Arguments are read at the
   * call: they may be disposed after it, and donated ones are. Calls run one after another, in their order; synchronous operations
   * meanwhile do not wait for them. Errors, those of tracing too, reject the promise.
   */
  readonly async: (...args: Parameters<F>) => Promise<ReturnType<F>>
  /**
   * Traces and compiles for arguments like these and runs nothing: later calls compile nothing. Where a compiler is slow, as those of graphics
   * drivers are, the promise waits for it without blocking. Donated arguments are not given up.
   */
  readonly compile: (...args: Parameters<F>) => Promise<void>
}

export interface JitTrace {
  /** Why the function was traced: first call, or what differed from the last one. */
  readonly reason: string
  readonly program: Program
  /** Which inputs a call gives up. */
  readonly donated: readonly boolean[] | undefined
}

export interface JitReport {
  readonly name: string
  readonly calls: number
  readonly traces: readonly JitTrace[]
}

/** One kind of arguments and what became of it. */
interface Entry {
  readonly structures: readonly (Structure | null)[]
  /** Static arguments where `structures` has null: their value, and as text, since an object may have changed since. */
  readonly statics: readonly StaticArgument[]
  readonly avals: readonly Aval[]
  /** The named axes in scope: collectives in the function depend on their sizes. */
  readonly axes: string
  /** The debug modes of the trace. */
  readonly modes: string
  readonly program: Program
  readonly captured: readonly Tensor[]
  /** The one in use at the trace, if anything is captured: it has the constants that the function makes. */
  readonly backend: Backend | null
  readonly out: Structure
  readonly donated: readonly boolean[] | undefined
}

const reports = new WeakMap<object, () => JitReport>()
/** How often a function made by `jit` was called and traced, and why; undefined for other functions. */
export const jitReport = (f: object): JitReport | undefined => reports.get(f)?.()

/**
 * `f` compiled as a whole. Traced once for each kind of arguments: tree structure, shapes, dtypes and static arguments; then the Program runs.
 * While tracing, values have no numbers. Strings, `staticValue(...)` and undefined are static by themselves. JAX: `jit`.
 *
 * @example const step = jit((params: Params, x: Tensor) => update(params, x), { donate: [0] })
 * params = step(params, x)
 * params = await step.async(params, x) // other things happen meanwhile
 */
export function jit<F extends AnyFunction>(f: F, options: JitOptions<Parameters<F>> = {}): Jitted<F> {
  checkOptions('jit', options, 'static', 'donate')
  const compiled = new JitFunction(f, (options.static ?? []) as readonly number[], (options.donate ?? []) as readonly number[])
  const wrapped = Object.assign((...args: readonly unknown[]) => compiled.call(args), {
    async: (...args: readonly unknown[]) => compiled.callAsync(args),
    compile: (...args: readonly unknown[]) => compiled.compile(args),
  })
  reports.set(wrapped, () => ({ name: compiled.name, calls: compiled.calls, traces: compiled.traces }))
  return Object.defineProperty(wrapped, 'name', { value: `jit(${compiled.name})` }) as unknown as Jitted<F>
}

class JitFunction {
  readonly name: string
  readonly traces: JitTrace[] = []
  calls = 0
  private readonly f: AnyFunction
  private readonly statics: readonly number[]
  private readonly donate: readonly number[]
  private readonly entries = new Map<string, Entry>()
  private last: Entry | null = null

  constructor(f: AnyFunction, statics: readonly number[], donate: readonly number[]) {
    for (const i of [...statics, ...donate])
      if (!Number.isInteger(i) || i < 0) fail('ValueError', `jit of ${nameOf(f)}: static and donate list positions of arguments, got ${i}.`)
    const both = statics.find(i => donate.includes(i))
    if (both !== undefined) fail('ValueError', `jit of ${nameOf(f)}: argument ${both} cannot be both static and donated.`)
    this.f = f
    this.name = nameOf(f)
    this.statics = statics
    this.donate = donate
  }

  call(args: readonly unknown[]): unknown {
    this.calls++
    if (runsPlainly()) {
      const { f } = this
      return f(...(args as never[]))
    }
    const leaves: Tensor[] = []
    const entry = this.entryFor(args, leaves)
    const inputs = inputsOf(entry, leaves)
    const outputs =
      isConcrete(inputs) && (entry.axes === '' || freeAxes(entry.program).length === 0)
        ? runProgram(entry.program, inputs, entry.donated === undefined ? undefined : withoutRepeats(inputs, entry.donated), this.name)
        : bind(jitP, inputs, { program: entry.program, name: this.name })
    return unflattenTree(entry.out, outputs)
  }

  /** Everything up to the start of the run happens in the call itself. */
  async callAsync(args: readonly unknown[]): Promise<unknown> {
    this.calls++
    const { entry, inputs, donated } = this.concrete(args, 'async')
    return unflattenTree(entry.out, await runProgramAsync(entry.program, inputs, donated, this.name))
  }

  async compile(args: readonly unknown[]): Promise<void> {
    const { entry, inputs, donated } = this.concrete(args, 'compile')
    await prepareProgram(entry.program, inputs, donated, this.name)
  }

  /** What a call that returns a promise needs. It cannot be traced. */
  private concrete(args: readonly unknown[], method: 'async' | 'compile') {
    const staging = stagingTrace()
    if (staging !== null) this.refuse(staging, method)
    const leaves: Tensor[] = []
    const entry = this.entryFor(args, leaves)
    const inputs = inputsOf(entry, leaves)
    for (const t of inputs) if ('trace' in t.value) this.refuse(t.value.trace, method)
    return { entry, inputs, donated: entry.donated && withoutRepeats(inputs, entry.donated) }
  }

  private refuse({ what }: Trace, method: 'async' | 'compile'): never {
    fail(
      'TracerError',
      `jit(${this.name}).${method}: ${what} traces this call, and a promise cannot be part of a Program. Inside traced functions call the function itself: jit(${this.name})(...).`,
    )
  }

  /** The entry for these arguments, traced if need be. Appends their leaves. */
  private entryFor(args: readonly unknown[], leaves: Tensor[]): Entry {
    if (this.last !== null && matches(this.last, args, leaves) && !isOutdated(this.last, leaves)) return this.last
    const structures = args.map((a, i) => {
      if (this.statics.includes(i)) return null
      const flat = flattenTree(a, parameterName(this.f, i), true)
      return { structure: flat.structure, leaves: flat.leaves }
    })
    leaves.length = 0
    for (const s of structures) if (s !== null) leaves.push(...s.leaves)
    const key = `${structures.map((s, i) => (s === null ? staticKey(args[i]) : s.structure.key)).join(';')}|${leaves.map(t => t.aval.id).join()}|${axesKey()}|${traceModes()}`
    const known = this.entries.get(key),
      kinds = structures.map(s => s?.structure ?? null)
    const entry = known === undefined || isOutdated(known, leaves) ? this.trace(key, args, kinds, leaves) : known
    this.last = entry
    return entry
  }

  private trace(key: string, args: readonly unknown[], structures: readonly (Structure | null)[], leaves: readonly Tensor[]): Entry {
    const reason = this.reason(args, structures, leaves)
    const traced = structures.filter(s => s !== null),
      { f: called } = this
    const f = (...dynamic: unknown[]): unknown => called(...(structures.map((s, i) => (s === null ? args[i] : dynamic.shift())) as never[]))
    const g = flatFunction(f, traced, `the result of ${this.name}`)
    const avals = leaves.map(t => t.aval)
    const { program, captured } = trace(g.call, avals, `jit of ${this.name}`)
    const entry: Entry = {
      structures,
      statics: args.map((a, i) => (structures[i] === null ? { value: a, key: staticKey(a) } : noArgument)),
      avals,
      axes: axesKey(),
      modes: traceModes(),
      program: stagingTrace() === null ? internProgram(simplify(program)) : simplify(program),
      captured,
      backend: captured.length === 0 ? null : currentBackend(),
      out: g.out(),
      donated: this.donated(structures, captured.length),
    }
    // A value that an outer transform traces is another one at the next call.
    if (!hasTracers(captured)) this.entries.set(key, entry)
    this.traces.push({ reason, program: entry.program, donated: entry.donated })
    return entry
  }

  private donated(structures: readonly (Structure | null)[], captured: number): readonly boolean[] | undefined {
    if (this.donate.length === 0) return undefined
    return [
      ...new Array<boolean>(captured).fill(false),
      ...structures.flatMap((s, i) => new Array<boolean>(s?.size ?? 0).fill(this.donate.includes(i))),
    ]
  }

  private reason(args: readonly unknown[], structures: readonly (Structure | null)[], leaves: readonly Tensor[]): string {
    const { last } = this
    if (last === null) return firstTrace(this.f)
    if (isOutdated(last, leaves)) return 'another backend is in use, and the function has constants on the one before'
    const reasons = structures.flatMap((s, i) => {
      const name = parameterName(this.f, i),
        before = last.structures[i] ?? null
      if (s === null)
        return sameStatic(last.statics[i] ?? noArgument, args[i])
          ? []
          : [`static ${name} changed from ${last.statics[i]?.key} to ${staticKey(args[i])}`]
      const d = before === null || sameStructure(before, s) ? null : structureDifference(before, s, name)
      return d === null ? [] : [`${d.path} changed from ${d.a} to ${d.b}`]
    })
    if (args.length !== last.structures.length) reasons.unshift(`called with ${args.length} arguments instead of ${last.structures.length}`)
    if (last.modes !== traceModes()) reasons.push('a debug mode was switched (debugNans, debugIndices, checkify)')
    if (last.axes !== axesKey()) reasons.push(`the named axes in scope changed from ${last.axes || 'none'} to ${axesKey() || 'none'}`)
    if (reasons.length > 0) return reasons.join('; ')
    const paths = structures.flatMap((s, i) => (s === null ? [] : leafPaths(s, parameterName(this.f, i))))
    const changed = leaves.flatMap((t, i) =>
      t.aval === last.avals[i]
        ? []
        : [`${paths[i]} changed from ${showAval(last.avals[i] as Aval)} to ${showAval(t.aval)}${weakNote(last.avals[i] as Aval, t.aval)}`],
    )
    return changed.length > 0 ? changed.join('; ') : 'it uses a value that an outer transform traces, so it cannot be reused'
  }
}

const weakNote = (a: Aval, b: Aval): string => (a.weak === b.weak ? '' : ' (~: weak, the type of a JavaScript number)')

const inputsOf = ({ captured }: Entry, leaves: readonly Tensor[]): readonly Tensor[] =>
  captured.length === 0 ? leaves : [...captured, ...leaves]

interface StaticArgument {
  readonly value: unknown
  readonly key: string
}
const noArgument: StaticArgument = { value: undefined, key: '' }
const sameStatic = (a: StaticArgument, b: unknown): boolean =>
  typeof b === 'object' && b !== null ? staticKey(b) === a.key : Object.is(a.value, b)

/** Appends the leaves if `args` are of the entry's kind. */
function matches(entry: Entry, args: readonly unknown[], leaves: Tensor[]): boolean {
  const { structures, avals, captured } = entry
  if (args.length !== structures.length || entry.axes !== axesKey() || entry.modes !== traceModes()) return false
  for (let i = 0; i < args.length; i++) {
    const s = structures[i] as Structure | null
    if (s === null ? !sameStatic(entry.statics[i] ?? noArgument, args[i]) : !matchTree(s, args[i], leaves, true)) return false
  }
  for (let i = 0; i < avals.length; i++) if ((leaves[i] as Tensor).aval !== avals[i]) return false
  return !hasTracers(captured)
}

/** The function's constants are on a backend that is not in use any more, while nothing keeps the arguments from the one that is. */
function isOutdated({ backend }: Entry, leaves: readonly Tensor[]): boolean {
  if (backend === null) return false
  const now = currentBackend()
  return backend !== now && leaves.every(t => !(t.value instanceof Storage) || t.value.backend === now)
}

function hasTracers(tensors: readonly Tensor[]): boolean {
  for (const t of tensors) if ('trace' in t.value) return true
  return false
}

/** A tensor that is passed twice is not given up. */
const withoutRepeats = (inputs: readonly Tensor[], donated: readonly boolean[]): readonly boolean[] =>
  donated.map((d, i) => d && inputs.indexOf(inputs[i] as Tensor) === i && inputs.lastIndexOf(inputs[i] as Tensor) === i)

/** Sources of functions traced so far, to tell a closure made anew at each call from a new function. */
const sources = new Map<string, WeakRef<object>>()
const SOURCES = 1000

function firstTrace(f: AnyFunction): string {
  const source = Function.prototype.toString.call(f)
  const before = sources.get(source)
  if (sources.size > SOURCES) sources.clear()
  sources.set(source, new WeakRef(f))
  return before === undefined || before.deref() === f
    ? 'first call'
    : 'first call of a new function with the source of one traced before: if jit is called inside a loop or a function, call it once outside'
}
