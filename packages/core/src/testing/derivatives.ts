/** Derivatives of functions on lists of tensors, in float64 by the oracle, and the differences that judge them. */
import { showAval } from '../aval.ts'
import { sameType } from '../program/check.ts'
import { jvp, vjp } from '../transforms/grad.ts'
import type { HostArray } from '../primitives/primitive.ts'
import type { Tensor } from '../tensor.ts'
import { uniformAt } from './case.ts'
import { type Lists, addHost, scaleHost } from './oracle.ts'

export type Verdict = string | null

/** A direction: values in [-1, 1] like `x`. */
export const direction = (x: HostArray, seed: number, k: number): HostArray => ({
  aval: x.aval,
  data: x.data.map((_, i) => 2 * uniformAt(seed + 977, k, i) - 1),
})

const STEP = 1e-5
/** (f(x + h t) - f(x - h t)) / 2h, with one step of Richardson's extrapolation. */
export function centralDifference(
  f: (at: readonly HostArray[]) => readonly HostArray[],
  at: readonly HostArray[],
  t: readonly HostArray[],
): readonly HostArray[] {
  const slope = (h: number): readonly HostArray[] => {
    const up = f(at.map((x, i) => addHost(x, t[i] as HostArray, h))),
      down = f(at.map((x, i) => addHost(x, t[i] as HostArray, -h)))
    return up.map((u, i) => scaleHost(addHost(u, down[i] as HostArray, -1), 1 / (2 * h)))
  }
  const coarse = slope(2 * STEP)
  return slope(STEP).map((fine, i) => scaleHost(addHost(scaleHost(fine, 4), coarse[i] as HostArray, -1), 1 / 3))
}

/** Are tangents or cotangents of the types of what they belong to? */
export function sameTypes(what: string, got: readonly HostArray[], like: readonly HostArray[]): Verdict {
  const at = like.findIndex((x, i) => !sameType((got[i] as HostArray).aval, x.aval))
  return at < 0
    ? null
    : `${what} ${at} is ${showAval((got[at] as HostArray).aval)}, but belongs to ${showAval((like[at] as HostArray).aval)}`
}

/** Are all elements within a tolerance relative to the largest one, or 1? */
export function near(what: string, got: readonly HostArray[], wanted: readonly HostArray[], relative: number): Verdict {
  for (const [k, w] of wanted.entries()) {
    const g = got[k] as HostArray
    const scale = w.data.reduce((m, v) => Math.max(m, Math.abs(v)), 1)
    const at = w.data.findIndex((v, i) => !(Math.abs((g.data[i] as number) - v) <= relative * scale))
    if (at >= 0) return `${what} ${k}[${at}] is ${g.data[at]} instead of ${w.data[at]}`
  }
  return null
}

/** The tangent of `f` as a function of `n` primals and `n` tangents. */
export const tangentOf =
  (f: Lists, n: number): Lists =>
  (...xs) =>
    jvp(f as (...xs: readonly Tensor[]) => readonly Tensor[], xs.slice(0, n), xs.slice(n))[1]

/** The cotangents of `n` primals as a function of them and the cotangents of the results. */
export const pullback =
  (f: Lists, n: number): Lists =>
  (...xs) => {
    const [out, back] = vjp(f as (...xs: readonly Tensor[]) => readonly Tensor[], ...xs.slice(0, n))
    return (back as (ct: readonly Tensor[]) => readonly Tensor[])(xs.slice(n, n + out.length))
  }
