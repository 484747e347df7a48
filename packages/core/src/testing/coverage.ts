/** What the op table and the code say of one function together: which dtypes it takes, and whether it loops. */
import fc from 'fast-check'
import { type Aval, aval } from '../aval.ts'
import { type DType, dtypes } from '../dtype.ts'
import { CotangentError } from '../errors.ts'
import { lower } from '../lower/lower.ts'
import { type Program, subprograms } from '../program/program.ts'
import { simplify } from '../program/simplify.ts'
import { trace } from '../program/trace.ts'
import { type Case, outputsOf } from './case.ts'
import type { OpEntry } from './entry.ts'

export interface Coverage {
  /** What its main arguments may be; null for functions without tensors, whose results have an optional dtype. */
  readonly accepts: readonly DType[] | null
  /** Of the results of drawn cases. */
  readonly gives: readonly DType[]
  /** Is there a loop or a branch in it? Some backends drive these from the host. */
  readonly hasControlFlow: boolean
}

/** So many cases are drawn, always the same ones, and so many of them traced; fewer of functions whose cases are large programs. */
const DRAWN = 30,
  CASES = 8,
  FEW = 3

/** Draws cases of an entry and traces them, for every dtype. Nothing is computed but constants, on the backend in use. */
export function coverageOf(name: string, entry: OpEntry): Coverage {
  const drawn = fc.sample(entry.cases, { numRuns: DRAWN, seed: 1 }),
    main = mainArguments(drawn),
    cases = drawn.slice(0, entry.runs === undefined ? CASES : FEW)
  const programs = cases.map(c =>
    programOf(
      c,
      name,
      c.inputs.map(i => aval(i.shape, i.dtype)),
    ),
  )
  return {
    accepts: main.length === 0 ? null : dtypes.filter(d => cases.every(c => accepts(c, name, main, d))),
    gives: dtypes.filter(d => programs.some(p => p.outputs.some(o => o.aval.dtype === d))),
    hasControlFlow: hasControl(programs),
  }
}

/** The positions of arguments that are floats in some case; where there are none, of all but booleans. The others are indices, keys, conditions. */
function mainArguments(cases: readonly Case[]): readonly number[] {
  const positions = (isMain: (d: DType) => boolean): number[] => [
    ...new Set(cases.flatMap(c => c.inputs.flatMap((spec, i) => (isMain(spec.dtype) ? [i] : [])))),
  ]
  const floats = positions(d => d === 'float32')
  return floats.length > 0 ? floats : positions(() => true)
}

const programOf = (c: Case, name: string, avals: readonly Aval[]): Program =>
  trace((...xs) => outputsOf(c.call(...xs)), avals, name).program

function accepts(c: Case, name: string, main: readonly number[], d: DType): boolean {
  try {
    programOf(
      c,
      name,
      c.inputs.map((spec, i) => aval(spec.shape, main.includes(i) ? d : spec.dtype)),
    )
    return true
  } catch (e) {
    if (e instanceof CotangentError) return false
    throw e
  }
}

const controls: readonly string[] = ['while', 'scan', 'cond', 'branch']
/** In the Program, or made by a `lower` rule: the first two cases tell. */
const hasControl = (programs: readonly Program[]): boolean =>
  programs.some(inProgram) || programs.slice(0, 2).some(p => lower(simplify(p)).kernels.some(({ kind }) => controls.includes(kind)))
const inProgram = (p: Program): boolean =>
  p.equations.some(e => controls.includes(e.primitive.name) || subprograms(e.params).some(inProgram))
