/** Comparing results: within a number of ulps, NaN equal to NaN, integers exactly. */
import { convert, isFloat } from '../dtype.ts'
import { limitsOf } from '../numpy/dtypes.ts'
import type { HostArray } from '../primitives/primitive.ts'

/** How far a backend's float32 result may be from the float64 value. */
export interface Accuracy {
  /** Units in the last place. */
  readonly ulp: number
  /** Of each value itself (`element`), of the largest magnitude around (`largest`: sums of terms that cancel; times the root of
   * their number), or of a given magnitude. */
  readonly of: 'element' | 'largest' | number
  /** Absolute errors up to this are accepted too. */
  readonly floor?: number
  /** Why it is not smaller. */
  readonly reason: string
}

const largest = (arrays: readonly HostArray[]): number =>
  arrays.reduce((m, x) => x.data.reduce((n, v) => (Number.isFinite(v) ? Math.max(n, Math.abs(v)) : n), m), 0)

/** The scale of `largest`: partial sums of n terms grow like the root of n, so a long sum that cancels is off by more than its terms show. */
function scaleOfSum(result: HostArray, inputs: readonly HostArray[]): number {
  const terms = inputs.reduce((n, x) => Math.max(n, x.data.length), 0) / Math.max(1, result.data.length)
  return largest([result, ...inputs]) * Math.sqrt(Math.max(1, terms))
}

/** The first difference as text, or null. `context`: inputs, for the scale of `largest`. */
export function difference(
  got: readonly HostArray[],
  wanted: readonly HostArray[],
  accuracy: Accuracy,
  context: readonly HostArray[] = [],
): string | null {
  if (got.length !== wanted.length) return `${got.length} results instead of ${wanted.length}`
  for (const [k, w] of wanted.entries()) {
    const g = got[k] as HostArray
    if (g.aval.dtype !== w.aval.dtype || g.aval.shape.join() !== w.aval.shape.join())
      return `result ${k} is ${g.aval.dtype}[${g.aval.shape.join()}] instead of ${w.aval.dtype}[${w.aval.shape.join()}]`
    const scale = accuracy.of === 'largest' ? scaleOfSum(w, context) : accuracy.of === 'element' ? 0 : accuracy.of
    const at = w.data.findIndex((v, i) => !close(g.data[i] as number, v, w, accuracy, scale))
    if (at >= 0) return `result ${k}[${at}] is ${g.data[at]} instead of ${w.data[at]} (within ${accuracy.ulp} ulp of ${accuracy.of})`
  }
  return null
}

function close(got: number, wanted: number, { aval: { dtype } }: HostArray, { ulp, floor = 0 }: Accuracy, scale: number): boolean {
  if (Object.is(got, wanted) || got === wanted || (got !== got && wanted !== wanted)) return true
  if (!isFloat(dtype)) return false
  const rounded = convert(wanted, dtype)
  if (got === rounded) return true
  const { eps, max, smallestSubnormal } = limitsOf('difference', dtype)
  if (!Number.isFinite(rounded) || !Number.isFinite(got))
    return Math.abs(wanted) > 0.97 * max && (got === Math.sign(wanted) * Infinity || Math.abs(got) > 0.97 * max)
  return Math.abs(got - wanted) <= Math.max(floor, ulp * Math.max(eps * Math.max(Math.abs(wanted), scale), smallestSubnormal))
}

/**
 * How many representable numbers lie between two: 0 for equal ones (also two NaN, or zeros of both signs), 1 for neighbours; Infinity
 * between NaN and a number.
 *
 * @example ulpDistance(1, 1 + 2 ** -23) // 1
 */
export function ulpDistance(a: number, b: number, dtype: 'float32' | 'float64' = 'float32'): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b) ? 0 : Infinity
  const order = dtype === 'float32' ? order32 : order64,
    x = order(a),
    y = order(b)
  return Number(x > y ? x - y : y - x)
}

/** Integers in the order of the floats: sign and magnitude to two's complement. */
function order32(x: number): bigint {
  const bits = new Int32Array(Float32Array.of(x).buffer)[0] as number
  return BigInt(bits < 0 ? -(bits & 0x7fffffff) : bits)
}
function order64(x: number): bigint {
  const bits = new BigInt64Array(Float64Array.of(x).buffer)[0] as bigint
  return bits < 0n ? -BigInt.asUintN(63, bits) : bits
}
