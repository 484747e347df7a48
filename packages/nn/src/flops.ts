/** How many floating-point operations a Program asks for. */
import { type Equation, type Program, sizeOf } from '@cotangent/core/extend'

/** Primitives that only move numbers. */
const movements: ReadonlySet<string> = new Set(
  'broadcast cast bitcast reshape transpose reverse slice pad concatenate iota dynamicSlice dynamicUpdateSlice gather stopGradient select invariant'.split(
    ' ',
  ),
)
const reductions: ReadonlySet<string> = new Set('sum prod reduceMax reduceMin reduceAnd reduceOr reduceXor argmax argmin'.split(' '))

/**
 * Two for each multiplication and addition of products and convolutions, one for each element of other operations, none for moving; loops count all steps,
 * branches the dearest.
 */
export const flopsOf = (program: Program): number => program.equations.reduce((sum, e) => sum + flopsOfEquation(e), 0)

function flopsOfEquation({ primitive, inputs, params, outputs }: Equation): number {
  const out = sizeOf(outputs[0]?.aval.shape ?? []),
    p = params as Readonly<Record<string, unknown>>,
    shapes = inputs.map(i => i.aval.shape)
  const programs = Object.values(p).flatMap(v => (isProgram(v) ? [v] : Array.isArray(v) ? v.filter(isProgram) : []))
  if (programs.length > 0) return flopsOfParts(primitive.name, programs.map(flopsOf), p)
  if (primitive.name === 'dotGeneral')
    return 2 * out * sizeOf((p['lhsContracting'] as readonly number[]).map(k => shapes[0]?.[k] as number))
  if (primitive.name === 'convolve')
    return 2 * out * taps(p as { readonly rhs: string; readonly out: string }, shapes[1] as readonly number[])
  if (Array.isArray(p['window'])) return out * sizeOf(p['window'] as readonly number[])
  if (movements.has(primitive.name)) return 0
  return reductions.has(primitive.name) ? sizeOf(shapes[0] as readonly number[]) : out
}

function flopsOfParts(name: string, parts: readonly number[], params: Readonly<Record<string, unknown>>): number {
  if (name === 'cond') return Math.max(...parts)
  const sum = parts.reduce((a, b) => a + b, 0)
  return name === 'scan' ? sum * (params['length'] as number) : sum
}
/** Products in each sum of a convolution: the kernel's window times the channels that are summed over. */
const taps = ({ rhs, out }: { readonly rhs: string; readonly out: string }, shape: readonly number[]): number =>
  Array.from(rhs).reduce((n, label, k) => (/\d/.test(label) || !out.includes(label) ? n * (shape[k] as number) : n), 1)
const isProgram = (v: unknown): v is Program => typeof v === 'object' && v !== null && 'equations' in v
