/** debugNans: finds the operation that made a NaN. */
import { type RunObserver, execute, observeRuns } from '../backend/execute.ts'
import { runHostEquation } from '../backend/stepwise.ts'
import { showAval } from '../aval.ts'
import { isFloat } from '../dtype.ts'
import { fail } from '../errors.ts'
import { formatArray } from '../format.ts'
import { type Primitive, isCall } from '../primitives/primitive.ts'
import { replayedLine } from '../program/modes.ts'
import type { Program } from '../program/program.ts'
import { evalProgram } from '../program/trace.ts'
import type { Tensor } from '../tensor.ts'
import { type ModeSwitch, switchMode } from './switch.ts'

/**
 * From now on a NaN in a result throws a CheckError that names the operation that made it, its inputs and the user's line: in eager code, in compiled
 * programs and in the backward pass. A compiled program whose results hold a NaN is run again, operation by operation, to find it; NaN that
 * do not reach a result are not looked for. Functions that were compiled before are traced again, to know their lines. Every result is read,
 * so this is slow. JAX: `debug_nans`.
 *
 * @example
 * using _ = debugNans() // until the end of the block; or debugNans(), and debugNans(false) later
 */
export function debugNans(enabled = true): ModeSwitch {
  return switchMode('nans', enabled, on => observeRuns(on ? nanObserver : null))
}

const nanObserver: RunObserver = {
  primitive(primitive, inputs, params, outputs) {
    const bad = outputs.findIndex(t => firstNan(t) >= 0)
    if (bad < 0) return
    if (isCall(primitive)) runHostEquation(primitive, inputs, params, stepThrough)
    report(primitive, inputs, outputs[bad] as Tensor)
  },
  program(program, inputs, outputs) {
    if (!outputs.some(t => firstNan(t) >= 0)) return
    stepThrough(program, inputs)
    // Operation by operation there is none: the compiled sums are in another order, or an input came back.
    const given = inputs.findIndex(t => firstNan(t) >= 0)
    fail(
      'CheckError',
      `debugNans: a compiled program returned NaN${given >= 0 ? `, which came in with input ${given} (${showAval((inputs[given] as Tensor).aval)})` : ', but none of its operations makes one when run by itself'}.`,
    )
  },
}

/** Each operation by itself, so that the observer sees it. Nothing is printed or called again. */
const stepThrough = (program: Program, inputs: readonly Tensor[]): readonly Tensor[] =>
  evalProgram(program, inputs, (primitive, xs, params) => {
    if (primitive.effect === true) return []
    return isCall(primitive) ? runHostEquation(primitive, xs, params, stepThrough) : execute(primitive, xs, params)
  })

/** Position of the first NaN; -1 without any. */
function firstNan(t: Tensor): number {
  if (!isFloat(t.dtype)) return -1
  const data = t.dataSync()
  for (let i = 0; i < data.length; i++) if (Number.isNaN(data[i])) return i
  return -1
}

function report(primitive: Primitive, inputs: readonly Tensor[], output: Tensor): never {
  const from = inputs.findIndex(t => firstNan(t) >= 0)
  const line = replayedLine()
  const names = inputs.map((_, i) => primitive.inputs[Math.min(i, primitive.inputs.length - 1)] ?? `input ${i}`)
  const what = from < 0 ? 'made a NaN' : `passed on a NaN that came in as ${names[from]}`
  const place = indexOf(firstNan(output), output.shape)
  const given = inputs.map((t, i) => `\n  ${names[i]} = ${showAval(t.aval)} ${shortened(t)}`).join('')
  fail(
    'CheckError',
    `debugNans: ${primitive.name} ${what}. Its result ${showAval(output.aval)} is NaN${place.length === 0 ? '' : ` at [${place.join(', ')}]`}. Inputs:${given}${line === null ? '' : `\n  made at ${line}`}`,
  )
}

/** Enough of the values to see what is wrong. */
const SHOWN = 400
function shortened(t: Tensor): string {
  const text = formatArray(t.dataSync(), t.shape, t.dtype)
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}...`
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = []
  for (let k = shape.length - 1, rest = flat; k >= 0; k--) {
    const n = shape[k] as number
    index.unshift(rest % n)
    rest = Math.floor(rest / n)
  }
  return index
}
