/**
 * Fewer kernels: neighbours that walk the same iteration space become one (merge.ts says which), stores that nobody reads go.
 * Works on kernels, so it serves all primitives and all backends alike.
 */
import { dropUnitAxes } from './axes.ts'
import { dropDeadStores } from './dead.ts'
import type { BufferId, Kernel } from './kernel.ts'
import type { Lowered } from './lower.ts'
import { merge } from './merge.ts'
import { recompute } from './recompute.ts'
import { isNest, mapNested, readsOf, writesOf } from './rewrite.ts'

/** How far back a kernel looks for a partner. */
const WINDOW = 48

export function fuse(lowered: Lowered): Lowered {
  const pass = (kernels: readonly Kernel[]): readonly Kernel[] =>
    mergeNeighbours(kernels.map(k => (isNest(k) ? dropUnitAxes(k) : mapNested(k, pass))))
  const outputs = new Set(lowered.outputs)
  return { ...lowered, kernels: inOneSection(dropDeadStores(recompute(dropDeadStores(pass(lowered.kernels), outputs), outputs), outputs)) }
}

/** Fences have done their work: sections are not part of the kernels that backends see. */
function inOneSection(kernels: readonly Kernel[]): readonly Kernel[] {
  return kernels.map(k => {
    if (!isNest(k)) return mapNested(k, inOneSection)
    if (k.section === undefined) return k
    const { section: _, ...rest } = k
    return rest
  })
}

interface Item {
  readonly kernel: Kernel
  readonly reads: ReadonlySet<BufferId>
  readonly writes: ReadonlySet<BufferId>
}
const item = (kernel: Kernel): Item => ({ kernel, reads: new Set(readsOf(kernel)), writes: new Set(writesOf(kernel)) })

function intersects(a: ReadonlySet<BufferId>, b: ReadonlySet<BufferId>): boolean {
  for (const x of a) if (b.has(x)) return true
  return false
}
/** May two kernels swap places? */
const independent = (a: Item, b: Item): boolean =>
  !intersects(a.writes, b.reads) && !intersects(a.reads, b.writes) && !intersects(a.writes, b.writes)

/** Lets each kernel in turn join an earlier one: moved up to it past the kernels between, or the earlier one moved down. */
function mergeNeighbours(kernels: readonly Kernel[]): readonly Kernel[] {
  const list: Item[] = []
  for (const kernel of kernels) {
    let last: Item | null = item(kernel)
    while (last !== null) {
      const partner = findPartner(list, last)
      if (partner === null) {
        list.push(last)
        last = null
      } else if (partner.up) {
        list[partner.at] = item(partner.merged)
        last = null
      } else {
        list.splice(partner.at, 1)
        last = item(partner.merged)
      }
    }
  }
  return list.map(x => x.kernel)
}

function findPartner(list: readonly Item[], b: Item): { readonly at: number; readonly up: boolean; readonly merged: Kernel } | null {
  if (!isNest(b.kernel)) return null
  let up = true
  for (let i = list.length - 1; i >= Math.max(0, list.length - WINDOW); i--) {
    const a = list[i] as Item
    const down = list.slice(i + 1).every(x => independent(a, x))
    const merged = isNest(a.kernel) && (up || down) ? merge(a.kernel, b.kernel) : null
    if (merged !== null) return { at: i, up: !down, merged }
    up &&= independent(a, b)
  }
  return null
}
