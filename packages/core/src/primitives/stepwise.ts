/** Loops run from JavaScript, for bodies that call the host: the `stepwise` rules. What a step makes and the next does not need is freed at once. */
import type { Aval } from '../aval.ts'
import { backendOf, fromHost } from '../backend/execute.ts'
import { hostArray } from '../dtype.ts'
import { sharing } from '../backend/stepwise.ts'
import type { Tensor } from '../tensor.ts'
import type { RunProgram } from './primitive.ts'
import { type ScanParams, roles } from './scan.ts'

/** Slices are cut and results put together on the host, which waits for every step anyway. */
export function scanStepwise(inputs: readonly Tensor[], params: ScanParams, run: RunProgram): readonly Tensor[] {
  const { consts, carry, xs } = roles(inputs, params)
  const { program, length, reverse, numCarry } = params
  const backend = backendOf(inputs, 'scan')
  const data = xs.map(x => x.dataSync())
  const types = program.outputs.slice(numCarry).map(y => y.aval)
  const ys = types.map(a => hostArray(a.dtype, length * a.size))
  const sliceOf = (x: Tensor, k: number, i: number): Tensor => {
    const shape = x.shape.slice(1),
      size = x.size / length
    return fromHost((data[k] as (typeof data)[number]).slice(i * size, (i + 1) * size), shape, x.dtype, backend)
  }
  let state = carry
  for (let step = 0; step < length; step++) {
    const i = reverse ? length - 1 - step : step
    const slices = xs.map((x, k) => sliceOf(x, k, i))
    const out = run(program, [...consts, ...state, ...slices])
    out.slice(numCarry).forEach((y, k) => (ys[k] as (typeof ys)[number]).set(y.dataSync(), i * (types[k] as Aval).size))
    free(slices, out.slice(numCarry), step === 0 ? [] : state)
    state = out.slice(0, numCarry)
  }
  if (length === 0) state = carry.map(sharing)
  return [...state, ...types.map((a, k) => fromHost(ys[k] as (typeof ys)[number], [length, ...a.shape], a.dtype, backend))]
}

export function whileStepwise(
  carry: readonly Tensor[],
  condition: (state: readonly Tensor[]) => Tensor,
  body: (state: readonly Tensor[]) => readonly Tensor[],
): readonly Tensor[] {
  let state = carry.map(sharing)
  for (;;) {
    const going = condition(state)
    const more = going.item() !== 0
    free([going])
    if (!more) return state
    const next = body(state)
    free(state)
    state = [...next]
  }
}

const free = (...groups: readonly (readonly Tensor[])[]): void => groups.flat().forEach(t => t.dispose())
