/** Law 8: zero-size and scalar inputs, NaN, infinities, signed zeros, denormals and huge values do what NumPy does. */
import { aval } from '../aval.ts'
import { currentBackend } from '../backend/current.ts'
import type { Tensor } from '../tensor.ts'
import type { HostArray } from '../primitives/primitive.ts'
import { hostOf, tensorOf } from './case.ts'
import { type Accuracy, difference } from './compare.ts'
import type { Verdict } from './laws.ts'
import { oracleOf } from './oracle.ts'

const allValues = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  -2.5,
  Infinity,
  -Infinity,
  NaN,
  1e-40,
  -1e-40,
  3.4e38,
  -3.4e38,
  1e-30,
  88,
  -100,
  16777217,
].map(Math.fround)

/** The least normal number of float32. */
const normal = 2 ** -126

/** Every value, or every pair of values; without subnormal ones on a backend that has none. */
export function specialValues(f: (...inputs: readonly Tensor[]) => Tensor, arity: 1 | 2, given: Accuracy): Verdict {
  const flushes = currentBackend().capabilities.subnormals === false
  const accuracy = flushes ? { ...given, floor: Math.max(given.floor ?? 0, normal) } : given
  const values = flushes ? allValues.filter(v => v === 0 || !(Math.abs(v) < normal)) : allValues
  const host = (data: readonly number[]): HostArray => ({ aval: aval([data.length], 'float32'), data: Float64Array.from(data) })
  const inputs = arity === 1 ? [host(values)] : [host(values.flatMap(v => values.map(() => v))), host(values.flatMap(() => values))]
  const list = (...xs: readonly Tensor[]): readonly Tensor[] => [f(...xs)]
  const wanted = oracleOf(list, inputs)(...inputs)
  const got = list(...inputs.map(tensorOf)).map(hostOf)
  const wrong = difference(got, wanted, accuracy)
  if (wrong !== null) return `special values: ${wrong}`
  const sign = (wanted[0] as HostArray).data.findIndex(
    (w, i) => w === 0 && !Object.is(w, (got[0] as HostArray).data[i] === 0 ? (got[0] as HostArray).data[i] : w),
  )
  if (sign >= 0)
    return `special values: element ${sign} (${inputs.map(x => x.data[sign]).join()}) is ${Object.is((got[0] as HostArray).data[sign], -0) ? '-0' : '0'}: the other zero is wanted`
  for (const shape of [[0], [], [2, 0]]) {
    const empty = inputs.map(() => ({ aval: aval(shape, 'float32'), data: new Float64Array(shape.length === 0 ? 1 : 0).fill(0.5) }))
    const e = difference(list(...empty.map(tensorOf)).map(hostOf), oracleOf(list, empty)(...empty), accuracy)
    if (e !== null) return `shape [${shape.join()}]: ${e}`
  }
  return null
}
