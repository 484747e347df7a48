/** A kernel graph under construction: its buffers, which of them hold values by now, and affine maps that stay inside them. */
import { computeDType, type ComputeDType, hostArray, type TypedArray } from '../../src/dtype.ts'
import type { Affine, BufferId, Guard, Kernel, Load } from '../../src/lower/kernel.ts'
import type { UnplannedGraph } from '../../src/lower/plan.ts'
import { stridesOf } from '../../src/shape.ts'
import type { Choices } from './choices.ts'

export type UnplannedBuffer = UnplannedGraph['buffers'][number]

/** A value that varies at run time and enters addresses: a loop counter (by buffer) or the index of a gather (by stride alone). */
export interface Dynamic {
  readonly buffer: BufferId
  /** The values are 0, ..., extent - 1. */
  readonly extent: number
}

export class Draft {
  readonly choices: Choices
  readonly dtypes: readonly ComputeDType[]
  readonly buffers: UnplannedBuffer[] = []
  readonly inputs: BufferId[] = []
  readonly outputs: BufferId[] = []
  readonly data: TypedArray[] = []
  /** Buffers that hold defined values at this place. */
  readable: Set<BufferId> = new Set()
  /** Buffers that control a construct around this place, or the constants of one: not to be written. */
  readonly locked: Set<BufferId> = new Set()
  /** Counters in scope. */
  counters: readonly Dynamic[] = []
  kernels: Kernel[] = []
  /** How many constructs are around this place. */
  nesting = 0

  /** Iteration spaces and a dtype that recur, so that kernels can use one another's results at equal, permuted and reversed places. */
  readonly #spaces: readonly (readonly number[])[]
  readonly #favourite: ComputeDType

  constructor(choices: Choices, dtypes: readonly ComputeDType[], spaces?: readonly (readonly number[])[]) {
    this.choices = choices
    this.dtypes = dtypes
    this.#favourite = choices.pick(dtypes)
    this.#spaces = spaces ?? Array.from({ length: 2 }, () => drawExtents(choices))
  }

  extents(): readonly number[] {
    return this.choices.chance(75) ? this.choices.pick(this.#spaces) : drawExtents(this.choices)
  }

  dtype(from: readonly ComputeDType[] = this.dtypes): ComputeDType {
    return from.includes(this.#favourite) && this.choices.chance(60) ? this.#favourite : this.choices.pick(from)
  }

  dtypeOf(id: BufferId): ComputeDType {
    return computeDType(this.bufferOf(id).dtype)
  }

  bufferOf(id: BufferId): UnplannedBuffer {
    return this.buffers[id] as UnplannedBuffer
  }

  input(dtype: ComputeDType, size: number): BufferId {
    const id = this.#add({ dtype, size, place: { kind: 'input', index: this.inputs.length } })
    this.inputs.push(id)
    this.data.push(inputData(dtype, size, this.choices))
    this.readable.add(id)
    return id
  }

  output(dtype: ComputeDType, size: number): BufferId {
    const id = this.#add({ dtype, size, place: { kind: 'output', index: this.outputs.length } })
    this.outputs.push(id)
    return id
  }

  temporary(dtype: ComputeDType, size: number): BufferId {
    return this.#add({ dtype, size, place: { kind: 'temporary' } })
  }

  #add(buffer: UnplannedBuffer): BufferId {
    return this.buffers.push(buffer) - 1
  }

  /** Buffers that may be loaded. */
  candidates(accept: (b: UnplannedBuffer, id: BufferId) => boolean): BufferId[] {
    return [...this.readable].filter(id => accept(this.bufferOf(id), id))
  }

  /** Kernels that `draw` appends, as a list of their own. Values first written there are not readable afterwards. */
  nested(draw: () => void, counters: readonly Dynamic[] = []): { readonly kernels: Kernel[]; readonly readable: Set<BufferId> } {
    const { kernels, readable, counters: before } = this
    this.kernels = []
    this.readable = new Set(readable)
    this.counters = [...before, ...counters]
    this.nesting++
    draw()
    this.nesting--
    const result = { kernels: this.kernels, readable: this.readable }
    this.kernels = kernels
    this.readable = readable
    this.counters = before
    return result
  }
}

const drawExtents = (choices: Choices): number[] =>
  Array.from({ length: choices.pick([0, 1, 1, 2, 2, 2, 3, 3]) }, () => (choices.chance(4) ? 0 : choices.pick([1, 2, 3, 4, 5])))

/** Small integers, so that float sums are exact in any order; in one float buffer of four, NaN, infinities and -0 too. */
function inputData(dtype: ComputeDType, size: number, choices: Choices): TypedArray {
  let state = choices.below(0x7fffffff)
  const special = choices.chance(25)
  const next = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % n
  }
  const specials: Record<ComputeDType, readonly number[]> = {
    float32: [NaN, Infinity, -Infinity, -0],
    float64: [NaN, Infinity, -Infinity, -0],
    int32: [-2147483648, 2147483647, -1],
    uint32: [4294967295, 2147483648, 31],
    bool: [1],
  }
  return hostArray(dtype, size).map(() => {
    if (special && next(4) === 0) return specials[dtype][next(specials[dtype].length)] as number
    return dtype === 'bool' ? next(2) : dtype === 'uint32' ? next(9) : next(9) - 4
  })
}

/** A map onto `0, ..., size - 1` that is one to one: axes in any order and direction. */
export function bijection(extents: readonly number[], choices: Choices): Affine {
  const order = extents.map((_, k) => k)
  if (choices.chance(30)) for (let k = order.length - 1; k > 0; k--) swap(order, k, choices.below(k + 1))
  const packed = stridesOf(order.map(k => extents[k] as number))
  const strides = extents.map((_, k) => packed[order.indexOf(k)] as number)
  let offset = 0
  if (choices.chance(30) && !extents.includes(0)) {
    const k = choices.below(Math.max(1, extents.length))
    if (k < extents.length) {
      offset = ((extents[k] as number) - 1) * (strides[k] as number)
      strides[k] = -(strides[k] as number)
    }
  }
  return { offset, strides }
}

function swap(list: number[], i: number, j: number): void {
  const x = list[i] as number
  list[i] = list[j] as number
  list[j] = x
}

/** A guard over one or two axes, often off the edge of them. */
export function drawGuard(extents: readonly number[], choices: Choices): Guard {
  const strides = extents.map(() => 0)
  for (let n = choices.between(1, 2); n > 0 && strides.length > 0; n--) strides[choices.below(strides.length)] = choices.pick([1, -1, 2])
  return { index: { offset: choices.between(-2, 3), strides }, extent: choices.between(1, 5) }
}

/** Least and greatest value of a map over the points that pass the guards; the dynamics are further axes. Empty: undefined. */
export function rangeOf(
  strides: readonly number[],
  extents: readonly number[],
  guards: readonly Guard[],
  dynamics: readonly { readonly stride: number; readonly extent: number }[],
): readonly [number, number] | undefined {
  const allExtents = [...extents, ...dynamics.map(d => d.extent)],
    allStrides = [...strides, ...dynamics.map(d => d.stride)]
  const points = allExtents.reduce((a, b) => a * b, 1),
    packed = stridesOf(allExtents)
  let min = Infinity,
    max = -Infinity
  for (let p = 0; p < points; p++) {
    const index = allExtents.map((e, k) => Math.floor(p / (packed[k] as number)) % e)
    const at = (s: readonly number[]): number => s.reduce((sum, stride, k) => sum + stride * (index[k] as number), 0)
    if (guards.some(g => g.index.offset + at(g.index.strides) < 0 || g.index.offset + at(g.index.strides) >= g.extent)) continue
    const value = at(allStrides)
    min = Math.min(min, value)
    max = Math.max(max, value)
  }
  return min <= max ? [min, max] : undefined
}

export interface LoadOptions {
  readonly accept?: (b: UnplannedBuffer, id: BufferId) => boolean
  /** The node of an index in 0, ..., extent - 1 for a gather. */
  readonly gather?: { readonly index: number; readonly extent: number }
}

/** A load that stays inside its buffer: one that is readable already, or else a new input of the size it needs. */
export function drawLoad(draft: Draft, dtype: ComputeDType, extents: readonly number[], options: LoadOptions = {}): Load {
  const { choices } = draft
  const accept = options.accept ?? (() => true)
  const guards = choices.chance(20) ? Array.from({ length: choices.between(1, 2) }, () => drawGuard(extents, choices)) : []
  const strides = choices.chance(50) ? bijection(extents, choices).strides.slice() : extents.map(() => choices.between(-2, 3))
  const counters = draft.counters.filter(() => choices.chance(30)).map(c => ({ ...c, stride: choices.between(-1, 3) }))
  const gather = options.gather === undefined ? [] : [{ ...options.gather, stride: choices.between(-1, 2) }]
  const range = (): readonly [number, number] => rangeOf(strides, extents, guards, [...counters, ...gather]) ?? [0, -1]
  const known = draft.candidates((b, id) => b.dtype === dtype && accept(b, id))
  const computed = known.filter(id => draft.bufferOf(id).place.kind !== 'input')
  const buffer =
    known.length > 0 && choices.chance(80) ? choices.pick(computed.length > 0 && choices.chance(70) ? computed : known) : undefined
  const size = buffer === undefined ? Infinity : draft.bufferOf(buffer).size
  let [min, max] = range()
  if (max - min >= size) {
    strides.fill(0)
    for (const term of [...counters, ...gather]) (term as { stride: number }).stride = 0
    ;[min, max] = range()
  }
  const fits = max - min < size
  const slack = choices.between(0, fits && buffer !== undefined ? Math.min(3, size - 1 - (max - min)) : 2)
  return {
    op: 'load',
    dtype,
    buffer: fits && buffer !== undefined ? buffer : draft.input(dtype, max - min + 1 + slack),
    map: {
      offset: slack - min,
      strides,
      ...(counters.length > 0 ? { dynamic: counters.map(({ buffer: b, stride }) => ({ buffer: b, stride })) } : {}),
    },
    ...(guards.length > 0 ? { guards } : {}),
    ...(gather.length > 0 ? { indirect: gather.map(({ index, stride }) => ({ index, stride })) } : {}),
  }
}
