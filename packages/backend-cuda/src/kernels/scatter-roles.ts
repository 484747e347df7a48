/**
 * The axes of a scatter. Along a window axis targets are distinct whatever the indices are, and indices and condition do not change: such as
 * the columns of an embedding's gradient. The other axes count updates. Each update has a slot, and two updates meet in all their targets or in none:
 * target = base + slot * pitch + the window's part.
 */
import { type Node, type NodeId, operandsOf, type Scatter, sizeOf } from '@cotangent/core/kernel'
import type { EmitContext } from '../command.ts'
import { mapsOf } from './space.ts'

export interface ScatterRoles {
  readonly kernel: Scatter
  /** In order of iteration. */
  readonly updates: readonly number[]
  /** By falling strides. */
  readonly window: readonly number[]
  readonly count: number
  /** Points of the window. */
  readonly width: number
  readonly base: number
  readonly pitch: number
  /** Slots that the buffer has. */
  readonly slots: number
}

export function scatterRoles(context: EmitContext, kernel: Scatter): ScatterRoles {
  const { extents, map, indirect, where } = kernel,
    { size } = context.spec(kernel.buffer),
    axes = extents.map((_, k) => k)
  const decisive = [...indirect.map(i => i.index), ...(where === undefined ? [] : [where])],
    changes = axes.map(k => decisive.some(id => dependsOn(kernel.body, id, k)))
  let window = axes
    .filter(k => (map.strides[k] as number) > 0 && !changes[k])
    .toSorted((a, b) => (map.strides[b] as number) - (map.strides[a] as number))
  for (;;) {
    const chosen = window,
      updates = axes.filter(k => !chosen.includes(k)),
      pitch = pitchOf(kernel, updates),
      base = pitch === 0 ? map.offset : ((map.offset % pitch) + pitch) % pitch
    if (chosen.length === 0 || fits(kernel, chosen, base, pitch))
      return {
        kernel,
        updates,
        window: chosen,
        count: sizeOf(updates.map(k => extents[k] as number)),
        width: sizeOf(chosen.map(k => extents[k] as number)),
        base,
        pitch,
        slots: pitch === 0 ? 1 : Math.floor((size - 1 - base) / pitch) + 1,
      }
    window = chosen.slice(1)
  }
}

/** What all distances between the first targets of updates are multiples of. */
function pitchOf({ map, indirect }: Scatter, updates: readonly number[]): number {
  const strides = [...updates.map(k => map.strides[k] as number), ...indirect.map(i => i.stride), ...(map.dynamic ?? []).map(d => d.stride)]
  return strides.reduce((a, s) => gcd(a, Math.abs(s)), 0)
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

/** Are a window's targets distinct, and apart from those of other slots? */
function fits({ extents, map }: Scatter, window: readonly number[], base: number, pitch: number): boolean {
  let span = 0
  for (const k of window.toReversed()) {
    const stride = map.strides[k] as number
    if (stride <= span) return false
    span += stride * Math.max(0, (extents[k] as number) - 1)
  }
  return pitch === 0 || base + span < pitch
}

/** Does the value of a node change along an axis? */
function dependsOn(body: readonly Node[], root: NodeId, axis: number): boolean {
  const seen = new Set<NodeId>(),
    left = [root]
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (seen.has(id)) continue
    seen.add(id)
    const node = body[id] as Node
    if (mapsOf(node).some(m => (m.strides[axis] ?? 0) !== 0)) return true
    left.push(...operandsOf(node))
  }
  return false
}

/** Has each point a target of its own? */
export function isInjective({ kernel: { extents, map, indirect }, count }: ScatterRoles): boolean {
  if (count === 1) return true
  if (indirect.length > 0) return false
  const walked = extents.flatMap((n, k) => (n > 1 ? [{ n, stride: Math.abs(map.strides[k] as number) }] : []))
  let span = 0
  for (const { n, stride } of walked.toSorted((a, b) => a.stride - b.stride)) {
    if (stride <= span) return false
    span += stride * (n - 1)
  }
  return true
}
