/**
 * Calls of JavaScript functions from inside Programs (JAX: pure_callback, debug_callback). They run on concrete tensors, in the Program's order, on
 * every backend: core runs the Program in parts around them.
 */
import { type Aval, showAval } from '../aval.ts'
import { backendOf, fromHost } from '../backend/execute.ts'
import { sharing } from '../backend/stepwise.ts'
import { convert, hostArray } from '../dtype.ts'
import { fail } from '../errors.ts'
import { bind } from '../program/bind.ts'
import { sameType } from '../program/check.ts'
import { untracked } from '../region.ts'
import { Storage, Tensor } from '../tensor.ts'
import { placeAxis } from '../transforms/batch.ts'
import { withAxis } from '../transforms/programs.ts'
import { inFront } from './call.ts'
import { type Batched, type HostArray, none, type SimplePrimitive } from './primitive.ts'
import { expandDims } from './reshape.ts'

/** What `vmap` makes of a call: one call an example, or one with all examples, whose other arguments get an axis of size 1 or are repeated. */
export type VmapMethod = 'sequential' | 'expandDims' | 'broadcastAll'

export interface CallbackParams {
  /** The function's name, for messages. */
  readonly name: string
  readonly call: (inputs: readonly Tensor[]) => readonly Tensor[]
  readonly results: readonly Aval[]
  readonly vmapMethod: VmapMethod | null
}

/** What a user's function gets is the user's: handles of its own, which no region frees. */
const callUser = (call: CallbackParams['call'], inputs: readonly Tensor[]): readonly Tensor[] => untracked(() => call(inputs.map(sharing)))

export const pureCallbackP: SimplePrimitive<CallbackParams> = {
  name: 'pureCallback',
  inputs: ['input'],
  abstractEval: (_, { results }) => results,
  jvp: none('what a callback computes is not known to the library. Give it a rule with customJvp or customVjp'),
  transpose: none('what a callback computes is not known to the library. Give it a rule with customVjp'),
  batch: (inputs, axes, size, params) => batchCallback(inputs, axes, size, params),
  lower: () => fail('InternalError', 'pureCallback runs on the host'),
  evaluate: (inputs, { call }, outputs) =>
    call(inputs.map(fromOracle)).map((t, i) => ({ aval: outputs[i] as Aval, data: Float64Array.from(t.dataSync()) })),
  onHost(inputs, { name, call, results }) {
    const given = callUser(call, inputs)
    const backend = backendOf(inputs, name)
    return results.map((type, i) => {
      const t = asDeclared(name, given, i, type)
      if (!(t.value instanceof Storage) || t.value.backend === backend) return new Tensor(type, sharing(t).value)
      return fromHost(t.dataSync(), type.shape, type.dtype, backend)
    })
  },
}

/** Result `k` of a call, if it is what was declared. */
function asDeclared(name: string, returned: readonly Tensor[], k: number, type: Aval): Tensor {
  const t = returned[k]
  if (t !== undefined && sameType(t.aval, type)) return t
  return fail(
    t?.dtype === type.dtype ? 'ShapeError' : 'DTypeError',
    `pureCallback: ${name} returned ${t === undefined ? 'nothing' : showAval(t.aval)} for result ${k}, which was declared as ${showAval(type)}.`,
  )
}

/** Called for its effect. Never differentiated: it sees the primal values. */
export const debugCallbackP: SimplePrimitive<CallbackParams> = {
  name: 'debugCallback',
  inputs: ['input'],
  abstractEval: () => [],
  jvp: () => [],
  transpose: none('debug.callback has no result'),
  batch(inputs, axes, size, params) {
    bind(debugCallbackP, inFront(inputs, axes), { ...params, call: xs => eachExample(xs, axes, size, params.call).flat() })
    return { outputs: [], axes: [] }
  },
  lower: () => fail('InternalError', 'debug.callback runs on the host'),
  evaluate: () => [],
  effect: true,
  onHost(inputs, { call }) {
    callUser(call, inputs)
    return []
  },
}

/** `call` on each example of the inputs that have a batch axis, in front. */
const eachExample = (
  inputs: readonly Tensor[],
  axes: readonly (number | null)[],
  size: number,
  call: CallbackParams['call'],
): readonly (readonly Tensor[])[] => {
  const data = inputs.map((x, k) => (axes[k] === null ? null : x.dataSync()))
  return Array.from({ length: size }, (_, i) =>
    call(
      inputs.map((x, k) => {
        const all = data[k] ?? null,
          n = x.size / size
        return all === null ? x : fromHost(all.slice(i * n, (i + 1) * n), x.shape.slice(1), x.dtype, backendOf([x], 'vmap'))
      }),
    ),
  )
}

function batchCallback(inputs: readonly Tensor[], axes: readonly (number | null)[], size: number, params: CallbackParams): Batched {
  const { name, vmapMethod, results, call } = params
  if (vmapMethod === null)
    return fail(
      'ValueError',
      `pureCallback: vmap does not know how to call ${name} on a batch. Say so with { vmapMethod }: 'sequential' calls it for each example, 'expandDims' or 'broadcastAll' once with all of them.`,
    )
  const batched = { ...params, results: results.map(a => withAxis(a, size)) }
  const stacked = inFront(inputs, axes)
  const given = stacked.map((x, i) => {
    if (axes[i] !== null || vmapMethod === 'sequential') return x
    return vmapMethod === 'expandDims' ? expandDims(x, 0) : placeAxis(x, null, 0, size)
  })
  const outputs = bind(
    pureCallbackP,
    given,
    vmapMethod === 'sequential' ? { ...batched, call: xs => stackExamples(eachExample(xs, axes, size, call), results, name) } : batched,
  )
  return { outputs, axes: outputs.map(() => 0) }
}

/** The results of all examples, checked one by one, as tensors with one more axis. */
function stackExamples(examples: readonly (readonly Tensor[])[], results: readonly Aval[], name: string): readonly Tensor[] {
  return results.map((type, k) => {
    const data = hostArray(type.dtype, examples.length * type.size)
    examples.forEach((example, i) => data.set(asDeclared(name, example, k, type).dataSync(), i * type.size))
    return fromHost(data, [examples.length, ...type.shape], type.dtype)
  })
}

function fromOracle({ aval: a, data }: HostArray): Tensor {
  const host = hostArray(a.dtype, a.size)
  data.forEach((v, i) => (host[i] = convert(v, a.dtype)))
  return fromHost(host, a.shape, a.dtype)
}
