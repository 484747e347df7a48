/**
 * The first half of reverse mode: computes `f` and records its derivative there as a linear Program from input tangents to output tangents.
 * Known work (primals, residuals) is bound one level down, at once or into the function being staged; only what depends on a
 * tangent is recorded. Transposing that Program gives the gradient (transpose.ts).
 */
import type { Aval } from '../aval.ts'
import { isFloat } from '../dtype.ts'
import { broadcastP } from '../primitives/broadcast.ts'
import { scalarOf } from '../primitives/cast.ts'
import { checkResults, withTrace } from '../program/bind.ts'
import type { Atom, Program, Var } from '../program/program.ts'
import { dropDead } from '../program/simplify.ts'
import type { Tensor } from '../tensor.ts'
import { JvpTrace } from './jvp.ts'
import { LinearTrace } from './linearTrace.ts'

/** As JvpTrace, with tangents that are tracers of a Program under construction. */
export class LinearizeTrace extends JvpTrace {
  readonly tangents: LinearTrace

  constructor(level: number, what: string) {
    super(level, what)
    this.tangents = new LinearTrace(level, what)
  }
  /** A zero tangent as an equation of the linear Program. */
  zero(aval: Aval): Tensor {
    return this.tangents.process(broadcastP, [scalarOf(0, aval.dtype)], { shape: aval.shape })[0] as Tensor
  }
}

export interface Linearized {
  readonly outputs: readonly Tensor[]
  /** Inputs: `residuals`, then the tangents of the differentiated inputs. Outputs: the tangents that are not zero. */
  readonly tangent: Program
  readonly residuals: readonly Tensor[]
  /** Which outputs have a tangent. */
  readonly nonzero: readonly boolean[]
}

/** `wrt[i]`: differentiate by input i (default: all). `instantiate[i]`: output i has a tangent even if it is zero. */
export function linearizeFlat(
  f: (...inputs: readonly Tensor[]) => readonly Tensor[],
  primals: readonly Tensor[],
  what: string,
  { wrt, instantiate }: { readonly wrt?: readonly boolean[]; readonly instantiate?: readonly boolean[] } = {},
): Linearized {
  return withTrace(
    level => new LinearizeTrace(level, what),
    false,
    t => {
      try {
        return record(t, f, primals, wrt, instantiate)
      } finally {
        t.tangents.alive = false
      }
    },
  )
}

function record(
  t: LinearizeTrace,
  f: (...inputs: readonly Tensor[]) => readonly Tensor[],
  primals: readonly Tensor[],
  wrt: readonly boolean[] | undefined,
  instantiate: readonly boolean[] | undefined,
): Linearized {
  const inputs: Tensor[] = []
  const duals = primals.map((p, i) => {
    if (wrt !== undefined && !wrt[i]) return p
    const tangent = t.tangents.input(p.aval)
    inputs.push(tangent)
    return t.dual(p, tangent)
  })
  const results = f(...duals)
  checkResults(t.what, results)
  const tangents = results.map((r, i) => t.tangentOf(r) ?? (instantiate?.[i] && isFloat(r.dtype) ? t.zero(r.aval) : null))
  const { program, captured } = t.tangents.finish(
    inputs,
    tangents.filter(x => x !== null),
  )
  return { outputs: results.map(r => t.primalOf(r)), ...dropUnused(program, captured), nonzero: tangents.map(x => x !== null) }
}

/** Without equations that no output needs, and without residuals that only they read. */
function dropUnused(program: Program, captured: readonly Tensor[]): { readonly tangent: Program; readonly residuals: readonly Tensor[] } {
  const { equations, outputs } = dropDead(program)
  const used = new Set<Var>()
  const use = (a: Atom): void => {
    if (a.kind === 'var') used.add(a)
  }
  for (const e of equations) e.inputs.forEach(use)
  outputs.forEach(use)
  const keep = captured.map((_, i) => used.has(program.inputs[i] as Var))
  return {
    tangent: { inputs: program.inputs.filter((_, i) => keep[i] ?? true), equations, outputs },
    residuals: captured.filter((_, i) => keep[i]),
  }
}
