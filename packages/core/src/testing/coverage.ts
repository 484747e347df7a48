/** What the op table and the code say of one function together: which dtypes it takes, which laws are checked, what its kernels need. */
import fc from 'fast-check'
import { type Aval, aval } from '../aval.ts'
import { type DType, dtypes } from '../dtype.ts'
import { CotangentError } from '../errors.ts'
import { condP } from '../primitives/cond.ts'
import type { Primitive } from '../primitives/primitive.ts'
import { scanP } from '../primitives/scan.ts'
import { whileP } from '../primitives/while.ts'
import { type Program, subprograms } from '../program/program.ts'
import { trace } from '../program/trace.ts'
import { type Case, outputsOf } from './case.ts'
import { lawsOf } from './describeBackend.ts'
import type { OpEntry } from './entry.ts'

export interface Coverage {
  /** What its main arguments may be; null for functions without tensors, whose results have an optional dtype. */
  readonly accepts: readonly DType[] | null
  /** Of the results of drawn cases. */
  readonly gives: readonly DType[]
  /** The names of the laws that are checked. */
  readonly laws: readonly string[]
  /** Is there a loop or a branch in it? Some backends drive these from the host. */
  readonly hasControlFlow: boolean
}

/** So many cases are drawn for it, always the same ones. */
const CASES = 12

/** Draws cases of an entry and traces them, for every dtype. Nothing is computed but constants, on the backend in use. */
export function coverageOf(name: string, entry: OpEntry): Coverage {
  const cases = fc.sample(entry.cases, { numRuns: CASES, seed: 1 })
  const main = mainArguments(cases)
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
    laws: lawsOf(name, entry),
    hasControlFlow: programs.some(hasControl),
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

const control: readonly Primitive[] = [whileP, scanP, condP]
const hasControl = (p: Program): boolean => p.equations.some(e => control.includes(e.primitive) || subprograms(e.params).some(hasControl))
