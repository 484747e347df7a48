/**
 * The laws that every public function obeys (DESIGN section 3), each as a function of a drawn case: it returns null, or says what is wrong.
 * Derivatives are judged in float64 by the oracle, results by the backend in use.
 */
import { currentBackend } from '../backend/current.ts'
import { isFloat } from '../dtype.ts'
import { grad, jvp } from '../transforms/grad.ts'
import { jit } from '../transforms/jit.ts'
import { vmap } from '../transforms/vmap.ts'
import type { HostArray } from '../primitives/primitive.ts'
import { multiply } from '../primitives/arithmetic.ts'
import { sum } from '../primitives/reduce.ts'
import type { Tensor } from '../tensor.ts'
import { type Case, type InputSpec, hostInput, hostOf, inputsOf, outputsOf, tensorOf, uniformAt, valuesOf } from './case.ts'
import { type Accuracy, difference } from './compare.ts'
import { type Verdict, centralDifference, direction, near, pullback, sameTypes, tangentOf } from './derivatives.ts'
import { type Lists, dot, oracleOf } from './oracle.ts'

export type { Verdict }

const list =
  (c: Case): Lists =>
  (...xs) =>
    outputsOf(c.call(...xs))

/** 1. The backend's result equals the reference evaluation. */
export function equalsReference(c: Case, accuracy: Accuracy): Verdict {
  const inputs = inputsOf(c)
  return difference(list(c)(...inputs.map(tensorOf)).map(hostOf), oracleOf(list(c), inputs)(...inputs), accuracy, inputs)
}

/** 1, in float64, on backends that have it. The oracle itself rounds in float64: the bound is wider than for float32. */
export function equalsReferenceInDouble(c: Case, { ulp, floor, reason }: Accuracy): Verdict {
  if (!currentBackend().capabilities.dtypes.includes('float64') || !c.inputs.some(spec => spec.dtype === 'float32')) return null
  const double = { ...c, inputs: c.inputs.map((spec): InputSpec => (spec.dtype === 'float32' ? { ...spec, dtype: 'float64' } : spec)) }
  return equalsReference(double, { ulp: 4 * ulp + 32, of: 'largest', reason, ...(floor !== undefined && { floor: floor * 2 ** -29 }) })
}

/** The function of its float inputs alone, and those inputs: what derivatives are about. */
function smoothPart(c: Case): { readonly f: Lists; readonly at: readonly HostArray[] } {
  const inputs = inputsOf(c)
  const floats = c.inputs.map(spec => isFloat(spec.dtype) && spec.constant !== true)
  const f: Lists = (...xs) => {
    let next = 0
    return list(c)(...inputs.map((x, i) => (floats[i] ? (xs[next++] as Tensor) : tensorOf(x)))).filter(y => isFloat(y.dtype))
  }
  return { f, at: inputs.filter((_, i) => floats[i]) }
}

/** 2. The jvp equals a central difference in float64; and the backend computes that jvp. */
export function jvpIsDerivative(c: Case, accuracy: Accuracy): Verdict {
  const { f, at } = smoothPart(c)
  if (at.length === 0) return null
  const t = at.map((x, i) => direction(x, c.seed, i))
  const both = tangentOf(f, at.length)
  const tangent = oracleOf(both, [...at, ...t])(...at, ...t)
  const oracle = oracleOf(f, at),
    slopes = centralDifference(x => oracle(...x), at, t)
  return sameTypes('tangent', tangent, slopes) ?? near('tangent', tangent, slopes, 1e-5) ?? computesJvp(c, accuracy)
}

/** 2, of the backend alone: it computes the jvp that the reference computes. */
export function computesJvp(c: Case, accuracy: Accuracy): Verdict {
  const { f, at } = smoothPart(c)
  if (at.length === 0) return null
  const t = at.map((x, i) => direction(x, c.seed, i))
  return computesDerivative(tangentOf(f, at.length), [...at, ...t], accuracy)
}

/** A derivative on the backend, which may lose more than the function does. */
function computesDerivative(f: Lists, inputs: readonly HostArray[], accuracy: Accuracy): Verdict {
  const rounded = inputs.map(x => hostOf(tensorOf(x)))
  const wider: Accuracy = { ...accuracy, ulp: 16 * accuracy.ulp + 16, of: 'largest' }
  return difference(f(...rounded.map(tensorOf)).map(hostOf), oracleOf(f, rounded)(...rounded), wider, rounded)
}

/** 3. Reverse mode is the transpose of forward mode: <vjp(ct), t> = <ct, jvp(t)>; and the backend computes that vjp. */
export function vjpIsTranspose(c: Case, accuracy: Accuracy): Verdict {
  const { f, at } = smoothPart(c)
  if (at.length === 0) return null
  const t = at.map((x, i) => direction(x, c.seed, i))
  const out = oracleOf(f, at)(...at)
  const ct = out.map((y, i) => direction(y, c.seed, i + 10))
  const forward = oracleOf(tangentOf(f, at.length), [...at, ...t])(...at, ...t)
  const back = pullback(f, at.length)
  const reverse = oracleOf(back, [...at, ...ct])(...at, ...ct)
  const mistyped = sameTypes('cotangent', reverse, at)
  if (mistyped !== null) return mistyped
  const a = dot(reverse, t),
    b = dot(ct, forward)
  if (!(Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), ...forward.map(x => x.data.reduce((m, v) => Math.max(m, Math.abs(v)), 0)))))
    return `<vjp(ct), t> is ${a}, <ct, jvp(t)> is ${b}`
  return computesDerivative(back, [...at, ...ct], accuracy)
}

/** 3, of the backend alone: it computes the vjp that the reference computes. */
export function computesVjp(c: Case, accuracy: Accuracy): Verdict {
  const { f, at } = smoothPart(c)
  if (at.length === 0) return null
  const ct = oracleOf(f, at)(...at).map((y, i) => direction(y, c.seed, i + 10))
  return computesDerivative(pullback(f, at.length), [...at, ...ct], accuracy)
}

/** 4. The derivative of the gradient equals a central difference of the gradient, and the Hessian is symmetric. */
export function secondDerivative(c: Case): Verdict {
  const { f, at } = smoothPart(c)
  if (at.length === 0) return null
  const u = at.map((x, i) => direction(x, c.seed, i)),
    v = at.map((x, i) => direction(x, c.seed + 1, i))
  const ct = oracleOf(f, at)(...at).map((y, i) => direction(y, c.seed, i + 10))
  // A scalar: the outputs against fixed cotangents.
  const n = at.length
  const gradient: Lists = (...xs) => {
    const weights = xs.slice(n)
    const scalar = (ys: readonly Tensor[]): Tensor =>
      f(...ys)
        .map((y, i) => sum(multiply(y, weights[i] as Tensor)))
        .reduce((a, b) => a.add(b))
    return grad(scalar as (ys: readonly Tensor[]) => Tensor)(xs.slice(0, n))
  }
  const alongCt = (...xs: readonly HostArray[]): readonly HostArray[] => [...xs, ...ct]
  const hvp: Lists = (...xs) =>
    jvp((...ys: readonly Tensor[]) => gradient(...ys, ...xs.slice(2 * n)), xs.slice(0, n), xs.slice(n, 2 * n))[1]
  const g = oracleOf(gradient, alongCt(...at)),
    h = oracleOf(hvp, [...at, ...u, ...ct])
  const hu = h(...at, ...u, ...ct),
    hv = h(...at, ...v, ...ct)
  const a = dot(v, hu),
    b = dot(u, hv)
  if (!(Math.abs(a - b) <= 1e-8 * Math.max(1, Math.abs(a), ...hu.map(x => x.data.reduce((m, w) => Math.max(m, Math.abs(w)), 0)))))
    return `the Hessian is not symmetric: <v, H u> is ${a}, <u, H v> is ${b}`
  return near(
    'second derivative',
    hu,
    centralDifference(x => g(...x, ...ct), at, u),
    1e-4,
  )
}

/** 5. vmap equals a loop, for a batch axis anywhere and inputs that have none. */
export function vmapIsLoop(c: Case, accuracy: Accuracy): Verdict {
  const size = 1 + (c.seed % 3)
  const axes = c.inputs.map((spec, i) =>
    i > 0 && uniformAt(c.seed + 5, i, 0) < 0.3 ? null : Math.floor(uniformAt(c.seed + 6, i, 0) * (spec.shape.length + 1)),
  )
  if (axes.length === 0) return null
  const batched = c.inputs.map((spec, i) => {
    const axis = axes[i] as number | null
    const shape = axis === null ? spec.shape : [...spec.shape.slice(0, axis), size, ...spec.shape.slice(axis)]
    return hostInput({ ...spec, shape }, valuesOf({ ...spec, shape }, c.seed, i))
  })
  const mapped = vmap(
    list(c) as (...xs: readonly Tensor[]) => readonly Tensor[],
    { inAxes: axes } as never,
  )(...batched.map(tensorOf)).map(hostOf)
  for (let k = 0; k < size; k++) {
    const one = batched.map((x, i) => sliceHost(x, axes[i] as number | null, k))
    const wanted = list(c)(...one.map(tensorOf)).map(hostOf)
    const got = mapped.map(x => sliceHost(x, 0, k))
    const wrong = difference(got, wanted, accuracy, one)
    if (wrong !== null) return `example ${k} of vmap with axes [${axes.join()}]: ${wrong}`
  }
  return null
}

/** Position `k` of one axis. */
function sliceHost(x: HostArray, axis: number | null, k: number): HostArray {
  if (axis === null) return x
  const shape = x.aval.shape
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1),
    n = shape[axis] as number
  const rest = [...shape.slice(0, axis), ...shape.slice(axis + 1)]
  const count = rest.reduce((a, b) => a * b, 1)
  const data = Float64Array.from({ length: count }, (_, i) => x.data[Math.floor(i / inner) * inner * n + k * inner + (i % inner)] as number)
  return hostInput({ shape: rest, dtype: x.aval.dtype, range: [0, 0] }, data)
}

/** 6. jit equals eager; a second call with other values traces nothing again and is right too. */
export function jitIsEager(c: Case, accuracy: Accuracy): Verdict {
  let traces = 0
  const f = jit((...xs: readonly Tensor[]) => {
    traces++
    return list(c)(...xs)
  })
  for (const seed of [c.seed, c.seed + 1]) {
    const again = { ...c, seed }
    const inputs = inputsOf(again)
    const wrong = difference(f(...inputs.map(tensorOf)).map(hostOf), list(again)(...inputs.map(tensorOf)).map(hostOf), accuracy, inputs)
    if (wrong !== null) return `jit with seed ${seed}: ${wrong}`
  }
  return traces === 1 ? null : `jit traced ${traces} times for one type of input`
}
