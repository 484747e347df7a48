/** The conformance kit: every law for every entry of the op table, on one backend. Backend authors run it in their own tests. */
import type { Backend } from '../backend/backend.ts'
import { observeGraphs } from '../backend/compile.ts'
import { setBackend } from '../backend/current.ts'
import { CotangentError } from '../errors.ts'
import { checkKernels } from '../lower/check.ts'
import { checkAsynchronousCalls } from './asynchronous.ts'
import { type Case, showCase } from './case.ts'
import type { OpEntry, Refusal } from './entry.ts'
import { checkHostCalls } from './hostCalls.ts'
import {
  type Verdict,
  computesJvp,
  computesVjp,
  equalsReference,
  equalsReferenceInDouble,
  jitIsEager,
  jvpIsDerivative,
  secondDerivative,
  vjpIsTranspose,
  vmapIsLoop,
} from './laws.ts'
import { kinks, slopeAtKink } from './kinks.ts'
import { opTable } from './opTable.ts'
import { type Sampling, checkProperty, variable } from './sampling.ts'
import { specialValues } from './special.ts'

/** What the kit needs of a test runner: Vitest, Jest and node:test have it (node:test calls the hooks `before` and `after`). */
export interface Runner {
  readonly describe: (name: string, body: () => void) => void
  /** Vitest passes a context: the number of drawn cases is written into `task.meta.cases`, for reporters. */
  readonly it: (name: string, body: (context?: TestContext) => void | Promise<void>) => void
  readonly beforeAll: (body: () => void | Promise<void>) => void
  readonly afterAll: (body: () => void | Promise<void>) => void
}

/** What tests of Vitest get; of other runners it is something else. */
export interface TestContext {
  readonly task?: { readonly meta: object }
}

export interface ConformanceOptions extends Sampling {
  /** Only functions whose name this accepts. */
  readonly only?: (name: string) => boolean
  /**
   * false leaves out what the oracle answers without the backend (derivatives against differences, second derivatives, kinks) and refusals:
   * enough for further variants of a backend that passes everything. Default true.
   */
  readonly mathematics?: boolean
}

type Law = (c: Case, entry: OpEntry) => Verdict

/** The laws by their name in the test report; each says of which entries it is checked. */
export const laws: Readonly<Record<string, { readonly law: Law; readonly applies: (e: OpEntry) => boolean }>> = {
  'equals the reference': { law: (c, e) => equalsReference(c, e.accuracy), applies: () => true },
  'equals the reference in float64': { law: (c, e) => equalsReferenceInDouble(c, e.accuracy), applies: e => e.doubles === undefined },
  'jvp is the derivative': { law: (c, e) => jvpIsDerivative(c, e.accuracy), applies: e => e.differentiable === true },
  'vjp is the transpose of jvp': {
    law: (c, e) => vjpIsTranspose(c, e.accuracy),
    applies: e => e.differentiable === true && e.reverse === undefined,
  },
  'second derivatives': {
    law: c => secondDerivative(c),
    applies: e => e.differentiable === true && e.reverse === undefined && e.secondOrder === undefined,
  },
  'vmap is a loop': { law: (c, e) => vmapIsLoop(c, e.accuracy), applies: e => e.batched === undefined },
  'jit is eager': { law: (c, e) => jitIsEager(c, e.accuracy), applies: () => true },
}

/** What the laws say of a backend alone. */
const computed: typeof laws = {
  ...Object.fromEntries(Object.entries(laws).filter(([name]) => name !== 'second derivatives')),
  'jvp is the derivative': { law: (c, e) => computesJvp(c, e.accuracy), applies: e => e.differentiable === true },
  'vjp is the transpose of jvp': {
    law: (c, e) => computesVjp(c, e.accuracy),
    applies: e => e.differentiable === true && e.reverse === undefined,
  },
}

const SPECIAL = 'special values',
  KINKS = 'declared kinks',
  REFUSALS = 'refuses bad input'

/** The names of the laws that are checked of an entry. */
export const lawsOf = (name: string, entry: OpEntry): readonly string[] => [
  ...Object.keys(laws).filter(law => laws[law]?.applies(entry)),
  ...(entry.special === undefined ? [] : [SPECIAL]),
  ...(kinks[name] === undefined ? [] : [KINKS]),
  ...(entry.refused.length === 0 ? [] : [REFUSALS]),
]

/**
 * Declares the conformance tests of a backend: all laws for all functions of the op table. `create` makes the backend; the kit disposes
 * of it.
 * More drawn cases: COTANGENT_RUNS=200. The same cases again: COTANGENT_SEED, with the number that a failure prints.
 *
 * @example
 * import { afterAll, beforeAll, describe, it } from 'vitest'
 * describeBackend('mine', () => myBackend(), { describe, it, beforeAll, afterAll })
 */
export function describeBackend(name: string, create: () => Promise<Backend>, runner: Runner, options: ConformanceOptions = {}): void {
  const { only = () => true } = options
  runner.describe(`op table on ${name}`, () => {
    let backend: Backend
    let before: Backend | null
    runner.beforeAll(async () => {
      backend = await create()
      before = setBackend(backend)
      observeGraphs(checkKernels)
    })
    runner.afterAll(async () => {
      setBackend(before)
      observeGraphs(null)
      await backend.dispose()
    })
    runner.it('asynchronous calls', () => checkAsynchronousCalls())
    runner.it('calls of the host', () => checkHostCalls())
    for (const [op, entry] of Object.entries(opTable)) if (only(op)) describeOp(op, entry, options, runner)
  })
}

/**
 * Checks one operation by all laws, its special values and its refusals, on the backend in use. For authors of primitives.
 *
 * @example
 * const cases = drawn(arbShape(), shape => ({ inputs: [input(shape, 'float32')], call: x => softplus(x as Tensor) }))
 * checkOperation('softplus', { cases, accuracy: ulps(4, 'a logarithm'), differentiable: true, refused: [] })
 */
export function checkOperation(name: string, entry: OpEntry, sampling: Sampling = {}): void {
  describeOp(name, entry, sampling, { describe: (_, body) => body(), it: (_, body) => void body() })
}

function describeOp(op: string, entry: OpEntry, options: ConformanceOptions, { describe, it }: Pick<Runner, 'describe' | 'it'>): void {
  const { mathematics = true, ...sampling } = options
  describe(op, () => {
    for (const [name, { law, applies }] of Object.entries(mathematics ? laws : computed)) {
      if (applies(entry))
        it(name, context => {
          let cases = 0
          const counted = (c: Case): Verdict => (cases++, law(c, entry))
          checkProperty(`${op}: ${name}`, entry.cases, counted, showCase, atMost(sampling, entry.runs))
          report(context, cases)
        })
    }
    const { special, specialArity = 1 } = entry
    if (special !== undefined) it(SPECIAL, () => hold(specialValues(special, specialArity, entry.accuracy)))
    if (!mathematics) return
    const declared = kinks[op]
    if (declared !== undefined)
      it(KINKS, context => {
        declared.forEach(k => hold(slopeAtKink(k)))
        report(context, declared.length)
      })
    if (entry.refused.length > 0)
      it(REFUSALS, context => {
        entry.refused.forEach(r => hold(refuses(r)))
        report(context, entry.refused.length)
      })
  })
}

function report(context: TestContext | undefined, cases: number): void {
  if (context?.task !== undefined) Object.assign(context.task.meta, { cases })
}

/** Fewer cases, unless more are asked for by the variable COTANGENT_RUNS. */
const atMost = (sampling: Sampling, runs: number | undefined): Sampling =>
  runs === undefined ? sampling : { ...sampling, runs: variable('COTANGENT_RUNS') ?? Math.min(sampling.runs ?? runs, runs) }

function hold(verdict: Verdict): void {
  if (verdict !== null) throw new Error(verdict)
}

/** 7. A call that must be refused throws the typed error, and its message says what is needed to mend the call. */
export function refuses({ because, call, kind, says }: Refusal): Verdict {
  try {
    call()
  } catch (e) {
    if (!(e instanceof CotangentError) || e.kind !== kind)
      return `${because}: expected a ${kind}, got ${e instanceof Error ? `${e.name}: ${e.message}` : String(e)}`
    const missing = says.find(text => !e.summary.includes(text))
    return missing === undefined ? null : `${because}: the message does not contain "${missing}": ${e.message}`
  }
  return `${because}: expected a ${kind}, got no error`
}
