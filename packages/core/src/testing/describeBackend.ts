/** The conformance kit: every law for every entry of the op table, on one backend. Backend authors run it in their own tests. */
import fc from 'fast-check'
import type { Backend } from '../backend/backend.ts'
import { observeGraphs } from '../backend/compile.ts'
import { setBackend } from '../backend/current.ts'
import { CotangentError } from '../errors.ts'
import { checkKernels } from '../lower/check.ts'
import { type Case, showCase } from './case.ts'
import type { OpEntry } from './entry.ts'
import { type Verdict, equalsReference, jitIsEager, jvpIsDerivative, secondDerivative, vjpIsTranspose, vmapIsLoop } from './laws.ts'
import { opTable } from './opTable.ts'
import { specialValues } from './special.ts'

/** The two functions of a test runner that the kit needs (Vitest, Jest, node:test all have them). */
export interface Runner {
  readonly describe: (name: string, body: () => void) => void
  readonly it: (name: string, body: () => void | Promise<void>) => void
  readonly beforeAll: (body: () => void | Promise<void>) => void
  readonly afterAll: (body: () => void | Promise<void>) => void
}
export interface ConformanceOptions {
  /** Drawn cases for each law and function. Default 12. */
  readonly runs?: number
  /** Only functions whose name this accepts. */
  readonly only?: (name: string) => boolean
}

type Law = (c: Case, entry: OpEntry) => Verdict
const laws: Readonly<Record<string, { readonly law: Law; readonly applies: (e: OpEntry) => boolean }>> = {
  'equals the reference': { law: (c, e) => equalsReference(c, e.accuracy), applies: () => true },
  'jvp is the derivative': { law: (c, e) => jvpIsDerivative(c, e.accuracy), applies: e => e.differentiable === true },
  'vjp is the transpose of jvp': { law: (c, e) => vjpIsTranspose(c, e.accuracy), applies: e => e.differentiable === true },
  'second derivatives': { law: c => secondDerivative(c), applies: e => e.differentiable === true && e.secondOrder === undefined },
  'vmap is a loop': { law: (c, e) => vmapIsLoop(c, e.accuracy), applies: () => true },
  'jit is eager': { law: (c, e) => jitIsEager(c, e.accuracy), applies: () => true },
}

/** Declares the tests. `create` makes the backend; the kit disposes of it. */
export function describeBackend(name: string, create: () => Promise<Backend>, runner: Runner, options: ConformanceOptions = {}): void {
  const { runs = 12, only = () => true } = options
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
    for (const [op, entry] of Object.entries(opTable)) if (only(op)) describeOp(op, entry, runs, runner)
  })
}

function describeOp(op: string, entry: OpEntry, runs: number, { describe, it }: Runner): void {
  describe(op, () => {
    for (const [name, { law, applies }] of Object.entries(laws)) {
      if (applies(entry)) it(name, () => fc.assert(fc.property(entry.cases, c => hold(law(c, entry), c)), { numRuns: runs }))
    }
    const { special, specialArity = 1 } = entry
    if (special !== undefined) it('special values', () => hold(specialValues(special, specialArity, entry.accuracy)))
    if (entry.refused.length > 0) it('refuses bad input', () => entry.refused.forEach(refuses))
  })
}

function hold(verdict: Verdict, c?: Case): void {
  if (verdict !== null) throw new Error(c === undefined ? verdict : `${verdict}\n  for ${showCase(c)}`)
}

function refuses({ because, call, kind, says }: OpEntry['refused'][number]): void {
  let error: unknown
  try {
    call()
  } catch (e) {
    error = e
  }
  if (!(error instanceof CotangentError) || error.kind !== kind) throw new Error(`${because}: expected a ${kind}, got ${error instanceof Error ? `${error.name}: ${error.message}` : 'no error'}`)
  for (const text of says) if (!error.message.includes(text)) throw new Error(`${because}: the message does not contain "${text}": ${error.message}`)
}
