/** Kernels as a tree of steps: phases that run on one thread or all, and the control flow around them. */
import { type BufferId, type Kernel, type Scan, writesOf } from '@cotangent/core/kernel'
import type { Phase } from '../kernels/kernel.ts'
import { threading } from '../tuning.ts'

/** A kernel without sub-graphs. */
export type LeafKernel = Exclude<Kernel, { readonly kind: 'while' | 'scan' | 'branch' }>
export interface Emitter {
  /** Adds a kernel's functions to the module and returns its phases, in order. */
  kernel(kernel: LeafKernel): readonly Phase[]
  /** A scan with independent iterations as one phase; `body` gives the steps of one iteration. */
  independent(scan: Scan, body: (emit: Emitter) => Steps): Phase
}

export type Step =
  | { readonly kind: 'phase'; readonly phase: Phase; readonly parallel: boolean; readonly writes: readonly BufferId[] }
  /** Tells the clock that a kernel of the graph has ended; on all threads if a barrier must come before. */
  | { readonly kind: 'mark'; readonly kernel: number; readonly parallel: boolean; readonly writes: readonly [] }
  | { readonly kind: 'count'; readonly counter: BufferId; readonly parallel: false; readonly writes: readonly BufferId[] }
  | ({ readonly kind: 'while'; readonly condition: Steps; readonly predicate: BufferId; readonly body: Steps } & Nested)
  | ({ readonly kind: 'scan'; readonly length: number; readonly reverse: boolean; readonly body: Steps } & Nested)
  | ({ readonly kind: 'branch'; readonly index: BufferId; readonly branches: readonly Steps[] } & Nested)

interface Nested {
  /** Something inside runs on all threads, so all threads follow its control flow. */
  readonly parallel: boolean
  readonly writes: readonly BufferId[]
}

export type Steps = readonly Step[]

export interface Schedule {
  readonly steps: Steps
  /** Estimated nanoseconds of the phases that can be shared, on one thread. */
  readonly sharedCost: number
}

/** `share` false: everything runs on one thread. */
export function schedule(kernels: readonly Kernel[], emit: Emitter, share: boolean): Schedule {
  let sharedCost = 0
  const sequence = (list: readonly Kernel[], times: number): Steps => list.flatMap(kernel => step(kernel, times))
  const phaseStep = (phase: Phase, writes: readonly BufferId[], times: number): Step => {
    const parallel = share && phase.tasks > 1 && phase.cost >= threading.worthSharing
    if (parallel) sharedCost += phase.cost * times
    return { kind: 'phase', phase, parallel, writes }
  }
  const step = (kernel: Kernel, times: number): Steps => {
    switch (kernel.kind) {
      case 'while': {
        const condition = sequence(kernel.condition, times * threading.iterations),
          body = sequence(kernel.body, times * threading.iterations)
        return [{ kind: 'while', condition, predicate: kernel.predicate, body, ...nested([...condition, ...body]) }]
      }
      case 'scan': {
        if (kernel.length === 0) return []
        if (share && kernel.independent === true && kernel.length >= threading.iterationsToShare)
          return [
            phaseStep(
              emit.independent(kernel, inner => schedule(kernel.body, inner, false).steps),
              writesOf(kernel),
              times,
            ),
          ]
        const count: Step = { kind: 'count', counter: kernel.counter, parallel: false, writes: [kernel.counter] }
        const body = [count, ...sequence(kernel.body, times * kernel.length)]
        return [{ kind: 'scan', length: kernel.length, reverse: kernel.reverse, body, ...nested(body) }]
      }
      case 'branch': {
        const branches = kernel.branches.map(b => sequence(b, times / kernel.branches.length))
        return [{ kind: 'branch', index: kernel.index, branches, ...nested(branches.flat()) }]
      }
      default:
        return emit
          .kernel(kernel)
          .filter(phase => phase.tasks > 0)
          .map(phase => phaseStep(phase, writesOf(kernel), times))
    }
  }
  return { steps: sequence(kernels, 1), sharedCost }
}

/** The same with a mark after each kernel, and one before the first. */
export function scheduleWithMarks(kernels: readonly Kernel[], emit: Emitter, share: boolean): Schedule {
  const parts = kernels.map(kernel => schedule([kernel], emit, share))
  const steps = parts.flatMap(
    ({ steps: own }, kernel): Steps => [...own, { kind: 'mark', kernel, parallel: own.some(s => s.parallel), writes: [] }],
  )
  const begin: Step = { kind: 'mark', kernel: -1, parallel: false, writes: [] }
  return { steps: [begin, ...steps], sharedCost: parts.reduce((sum, p) => sum + p.sharedCost, 0) }
}

const nested = (inside: Steps): Nested => ({ parallel: inside.some(s => s.parallel), writes: inside.flatMap(s => s.writes) })
