/** Functions evaluated by the `evaluate` rules of their primitives: plain JavaScript in float64, where differences give derivatives. */
import { checkProgram } from '../program/check.ts'
import { evaluateProgram } from '../program/evaluate.ts'
import { trace } from '../program/trace.ts'
import type { HostArray } from '../primitives/primitive.ts'
import type { Tensor } from '../tensor.ts'
import { hostOf } from './case.ts'

export type Lists = (...inputs: readonly Tensor[]) => readonly Tensor[]
/** A function on host arrays. */
export type Oracle = (...inputs: readonly HostArray[]) => readonly HostArray[]

/** Traces `f` once for the types of `like` and evaluates its Program. The Program is checked. */
export function oracleOf(f: Lists, like: readonly HostArray[]): Oracle {
  const { program, captured } = trace(
    f,
    like.map(x => x.aval),
    'the oracle',
  )
  checkProgram(program)
  const constants = captured.map(hostOf)
  return (...inputs) => evaluateProgram(program, [...constants, ...inputs])
}

export const scaleHost = (x: HostArray, s: number): HostArray => ({ aval: x.aval, data: x.data.map(v => v * s) })
export const addHost = (x: HostArray, y: HostArray, s = 1): HostArray => ({
  aval: x.aval,
  data: x.data.map((v, i) => v + s * (y.data[i] as number)),
})
export const dot = (xs: readonly HostArray[], ys: readonly HostArray[]): number =>
  xs.reduce((sum, x, i) => sum + x.data.reduce((s, v, k) => s + v * ((ys[i] as HostArray).data[k] as number), 0), 0)
