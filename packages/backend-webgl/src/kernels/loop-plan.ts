/** How a Loop is drawn: which stores go together, and along which axis the four lanes of a texel are computed at once. */
import { type Affine, type BufferId, type Load, type Loop, type Node, readsOf, sameMap, sizeOf, type Store } from '@cotangent/core/kernel'
import type { ElementRange, EmitContext } from '../pass.ts'
import { reachOf, reachOfReductions } from './loop-spill.ts'
import { isTexel } from './nodes.ts'
import { type KernelContext, unitsFor } from './shader.ts'

/** All stores of a Loop to one buffer, from its body or from its epilogue. */
export interface Output {
  readonly buffer: BufferId
  readonly from: 'body' | 'epilogue'
  readonly stores: readonly Store[]
}

/** Outputs that one draw writes: their stores have the same maps, their buffers the same size. */
export interface Draw {
  readonly outputs: readonly Output[]
  readonly from: Output['from']
  /** Of the points that store. */
  readonly extents: readonly number[]
  readonly maps: readonly Affine[]
  /** Does every element of the buffers get a value? */
  readonly covers: boolean
  /** Does the only map reach every element once? */
  readonly everywhere: boolean
}

/** The axis of the four lanes; `across`: a reduced axis, whose lanes are combined at the end. */
export interface Vector {
  readonly axis: number
  readonly across: boolean
}

export function drawsOf(loop: Loop, context: KernelContext): readonly Draw[] {
  const outputs = [...outputsOf(loop.bodyStores, 'body'), ...outputsOf(loop.stores, 'epilogue')]
  const groups = new Map<string, Output[]>()
  for (const output of outputs) {
    const key = JSON.stringify([output.from, context.buffers[output.buffer]?.size, output.stores.map(s => s.map)])
    groups.set(key, [...(groups.get(key) ?? []), output])
  }
  const reads = readsOfOutputs(loop)
  return [...groups.values()].flatMap(group => chunks(group, reads, context).map(part => drawOf(loop, part, context)))
}

/** The textures that a draw of an output samples, if it keeps old content. */
function readsOfOutputs(loop: Loop): (output: Output) => readonly BufferId[] {
  const body = reachOf(loop.body),
    reach = { body, epilogue: reachOf(loop.epilogue, reachOfReductions(loop, body)) }
  return ({ buffer, from, stores }) => [
    buffer,
    ...stores.flatMap(s => [...(reach[from][s.value] ?? []), ...(s.map.dynamic ?? []).map(d => d.buffer)]),
  ]
}

/** Parts of a group that one pass can write, and whose inputs it can sample. */
function chunks(group: readonly Output[], reads: (output: Output) => readonly BufferId[], context: KernelContext): readonly Output[][] {
  const { limits } = context,
    units = unitsFor(context)
  const parts: Output[][] = []
  let sampled = new Set<BufferId>()
  for (const output of group) {
    const part = parts.at(-1),
      both = new Set([...sampled, ...reads(output)])
    if (part === undefined || part.length === limits.targets || both.size > units) {
      parts.push([output])
      sampled = new Set(reads(output))
    } else {
      part.push(output)
      sampled = both
    }
  }
  return parts
}

function outputsOf(stores: readonly Store[], from: Output['from']): readonly Output[] {
  return [...new Set(stores.map(s => s.buffer))].map(buffer => ({ buffer, from, stores: stores.filter(s => s.buffer === buffer) }))
}

function drawOf(loop: Loop, outputs: readonly Output[], context: EmitContext): Draw {
  const { from, stores, buffer } = outputs[0] as Output
  const extents = from === 'body' ? loop.extents : loop.extents.slice(0, loop.parallel)
  const points = sizeOf(extents),
    size = context.buffers[buffer]?.size ?? 0
  return {
    outputs,
    from,
    extents,
    maps: stores.map(s => s.map),
    covers: points * stores.length >= size,
    everywhere: stores.length === 1 && points === size,
  }
}

const loadsOf = (nodes: readonly Node[]): readonly Load[] => nodes.filter(n => n.op === 'load')

/** Undefined: one point at a time. */
export function chooseVector(loop: Loop, draw: Draw): Vector | undefined {
  const own = laneAxis(draw)
  const reduced = draw.from === 'epilogue' && loop.reductions.length > 0 ? reducedAxis(loop) : undefined
  if (own === undefined) return reduced === undefined ? undefined : { axis: reduced, across: true }
  if (reduced === undefined) return { axis: own, across: false }
  const loads = loadsOf(loop.body)
  return fetches(loads, own) <= fetches(loads, reduced) ? { axis: own, across: false } : { axis: reduced, across: true }
}

/** Texels read for four points. */
const fetches = (loads: readonly Load[], axis: number): number =>
  loads.reduce((sum, load) => sum + (load.map.strides[axis] === 0 || isTexel(load, axis) ? 1 : 4), 0)

/** The axis along which every store fills whole texels. */
function laneAxis({ maps, extents, everywhere }: Draw): number | undefined {
  const fits = (axis: number): boolean => {
    const longAxes = extents.filter((n, k) => n > 1 && k !== axis).length
    // After the end of the only axis come lanes that nobody reads.
    const whole = (extents[axis] as number) % 4 === 0 || (longAxes === 0 && everywhere)
    return whole && maps.every(m => m.strides[axis] === 1 && isAligned(m, axis, extents))
  }
  const axis = extents.findIndex((_, k) => fits(k))
  return axis < 0 ? undefined : axis
}

function isAligned({ offset, strides, dynamic = [] }: Affine, axis: number, extents: readonly number[]): boolean {
  const least = offsetOf({ offset, strides }, extents, s => s < 0)
  return (
    least % 4 === 0 &&
    strides.every((s, k) => k === axis || (extents[k] as number) === 1 || s % 4 === 0) &&
    dynamic.every(d => d.stride % 4 === 0)
  )
}

/** A reduced axis along which some load reads texels; argmax keeps to one point at a time, in order. */
function reducedAxis({ extents, parallel, body, reductions }: Loop): number | undefined {
  if (reductions.some(r => r.index !== undefined)) return undefined
  const loads = loadsOf(body)
  const axes = extents.map((_, k) => k).filter(k => k >= parallel && (extents[k] as number) % 4 === 0 && loads.some(l => isTexel(l, k)))
  return axes.toSorted((a, b) => fetches(loads, a) - fetches(loads, b))[0]
}

/** Smaller buffers are copied, in one draw. */
const LARGE = 1 << 14

/**
 * The elements that a draw stores, if it is better to draw over a buffer than to copy the rest of it: a few elements of a large one that
 * the draw does not read. Their place is known to the host, if it depends on counters at all.
 */
export function storedRange(loop: Loop, { outputs, maps, extents, covers }: Draw, context: EmitContext): ElementRange | undefined {
  const { buffer } = outputs[0] as Output,
    [map] = maps as readonly [Affine],
    dynamic = map.dynamic ?? []
  const size = context.buffers[buffer]?.size ?? 0,
    reads = readsOf(loop)
  const known =
    dynamic.every(d => context.isCounter(d.buffer)) &&
    maps.every(m => sameMap({ ...m, offset: 0, strides: [] }, { ...map, offset: 0, strides: [] }))
  if (covers || !known || size < LARGE || outputs.some(o => reads.includes(o.buffer) || !context.isWritten(o.buffer))) return undefined
  const ends = maps.map(m => [offsetOf(m, extents, s => s < 0), offsetOf(m, extents, s => s > 0)] as const)
  const first = Math.min(...ends.map(e => e[0])),
    count = Math.max(...ends.map(e => e[1])) - first + 1
  return 2 * count > size ? undefined : { offset: first, counters: dynamic.map(d => ({ counter: d.buffer, stride: d.stride })), count }
}

/** The address at the far end of the axes whose stride `far` accepts. */
const offsetOf = ({ offset, strides }: Affine, extents: readonly number[], far: (stride: number) => boolean): number =>
  strides.reduce((sum, s, k) => (far(s) ? sum + s * ((extents[k] as number) - 1) : sum), offset)
