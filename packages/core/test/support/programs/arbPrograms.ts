/** Random functions of a few tensors as cases of the testing kit, and the laws that hold for them. */
import type * as fc from 'fast-check'
import { currentBackend } from '../../../src/backend/current.ts'
import { type DType, dtypes as allDTypes, isFloat } from '../../../src/dtype.ts'
import { astype } from '../../../src/numpy/index.ts'
import { type Program, subprograms } from '../../../src/program/program.ts'
import { printProgram } from '../../../src/program/print.ts'
import { trace } from '../../../src/program/trace.ts'
import type { Tensor } from '../../../src/tensor.ts'
import { type Case, inputsOf, outputsOf, showCase } from '../../../src/testing/case.ts'
import type { Accuracy } from '../../../src/testing/compare.ts'
import type { Verdict } from '../../../src/testing/derivatives.ts'
import { input } from '../../../src/testing/entry.ts'
import { type Sampling, checkProperty } from '../../../src/testing/sampling.ts'
import { equalsReference, jitIsEager, jvpIsDerivative, vjpIsTranspose, vmapIsLoop } from '../../../src/testing/laws.ts'
import { type Choices, arbChoices } from '../choices.ts'
import { control } from './control.ts'
import { type Value, COMFORT, ProgramDraft, isWide } from './draft.ts'
import { elementwise } from './elementwise.ts'
import { structural } from './structural.ts'

export interface ProgramCase extends Case {
  /** Loops of unknown length are on exact values only. */
  readonly reverse: boolean
}

export interface ProgramCaseOptions {
  /** Default: all that the backend in use has. */
  readonly dtypes?: readonly DType[]
}

const plain = [...elementwise, ...elementwise, ...structural]

export const arbProgramCase = ({ dtypes }: ProgramCaseOptions = {}): fc.Arbitrary<ProgramCase> =>
  arbChoices(choices => drawCase(choices, dtypes ?? allDTypes.filter(d => currentBackend().capabilities.dtypes.includes(d))))

function drawCase(choices: Choices, dtypes: readonly DType[]): ProgramCase {
  // The first input is not empty: its values are a scale for errors of what cancels.
  // Narrow floats come by casts: the values of inputs are no small integers.
  const inputDTypes = dtypes.filter(d => !isFloat(d) || isWide(d))
  const inputs = Array.from({ length: choices.between(1, 4) }, (_, i) =>
    input(drawShape(choices, i === 0), i === 0 ? 'float32' : choices.pick(inputDTypes)),
  )
  const reverse = choices.chance(70)
  const seed = choices.below(1_000_000)
  const steps = 1 + Math.max(choices.below(16), choices.below(16))
  const rest = choices.reserve(Infinity)
  const call = (...xs: readonly Tensor[]): readonly Tensor[] => {
    const pool = xs.map((x): Value => ({ x, exact: !isFloat(x.dtype), bound: isFloat(x.dtype) ? 2 : 9 }))
    const own = rest()
    const count = own.between(1, 3)
    const draft = new ProgramDraft(own, { dtypes, plain, control, reverse }, pool)
    draft.draw(steps)
    const results = Array.from({ length: count }, (_, i) => (i === 0 ? draft.newest() : (draft.pick() as Value)))
    // Floats that hold integers are compared to the bit as integers.
    return results.map(({ x, exact, bound }) => (exact && isFloat(x.dtype) && bound <= COMFORT ? astype(x, 'int32') : x))
  }
  return { inputs, call, seed, reverse }
}

/** An empty one at times, unless `full`. */
const drawShape = (choices: Choices, full: boolean): number[] =>
  Array.from({ length: choices.pick([0, 1, 1, 2, 2, 3]) }, () => (choices.chance(3) && !full ? 0 : choices.pick([1, 2, 3, 4])))

/** The Program of a case. */
export const programOf = (c: Case): Program =>
  trace(
    (...xs) => outputsOf(c.call(...xs)),
    inputsOf(c).map(x => x.aval),
    'a drawn program',
  ).program

export const countEquations = (p: Program): number =>
  p.equations.reduce((n, e) => n + 1 + subprograms(e.params).reduce((m, q) => m + countEquations(q), 0), 0)

export const showProgramCase = (c: Case): string => `${showCase(c)}\n${printProgram(programOf(c))}`

/** Smooth values are compared within this; exact ones are integers or tame floats. */
const accuracy: Accuracy = { ulp: 2048, of: 'largest', reason: 'dozens of operations' }

const laws: Readonly<Record<string, (c: ProgramCase) => Verdict>> = {
  'equals the reference': c => equalsReference(c, accuracy),
  'jit is eager': c => jitIsEager(c, accuracy),
  'vmap is a loop': c => vmapIsLoop(c, accuracy),
  'jvp is the derivative': c => jvpIsDerivative(c, accuracy),
  'vjp is the transpose of jvp': c => (c.reverse ? vjpIsTranspose(c, accuracy) : null),
}

/** The first law that a case breaks, by name and with what is wrong. */
export function checkProgramCase(c: ProgramCase): Verdict {
  for (const [name, law] of Object.entries(laws)) {
    const wrong = law(c)
    if (wrong !== null) return `${name}: ${wrong}`
  }
  return null
}

/** Draws programs and checks each by all laws on the backend in use. Throws an Error with the smallest Program that fails and the seed. */
export const checkPrograms = (name: string, sampling: Sampling): void =>
  checkProperty(`programs on ${name}`, arbProgramCase(), checkProgramCase, showProgramCase, sampling)
