/** Counters of Scans whose values the host knows without asking the device. */
import type { BufferId, Kernel } from './kernel.ts'
import { writesOf } from './rewrite.ts'

/** Counters that only their Scans write. */
export function knownCounters(kernels: readonly Kernel[]): ReadonlySet<BufferId> {
  const all = kernels.flatMap(withNested)
  const written = new Set(all.flatMap(k => (k.kind === 'while' || k.kind === 'scan' || k.kind === 'branch' ? [] : writesOf(k))))
  return new Set(all.flatMap(k => (k.kind === 'scan' && !written.has(k.counter) ? [k.counter] : [])))
}

/** A kernel and all that are nested in it. */
export function withNested(kernel: Kernel): readonly Kernel[] {
  switch (kernel.kind) {
    case 'while':
      return [kernel, ...[...kernel.condition, ...kernel.body].flatMap(withNested)]
    case 'scan':
      return [kernel, ...kernel.body.flatMap(withNested)]
    case 'branch':
      return [kernel, ...kernel.branches.flat().flatMap(withNested)]
    default:
      return [kernel]
  }
}
