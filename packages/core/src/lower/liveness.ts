/**
 * When buffers are live. Kernels, nested ones included, are numbered in the order of their text: 1, 2, ...; inputs and constants exist
 * from 0, results are read at `end`. A buffer is live over one interval of these times.
 *
 * A body that runs many times bends the order of the text into a circle. A buffer used in it is live during the whole construct, unless
 * every iteration overwrites it before any other use and nothing outside uses it.
 */
import { accessOf } from './access.ts'
import type { BufferId, BufferSpec, Kernel, Placement } from './kernel.ts'

export interface Interval {
  readonly first: number
  readonly last: number
}

export interface Liveness {
  /** By BufferId; undefined: never used. */
  readonly intervals: readonly (Interval | undefined)[]
  /** The kernel at each time; control flow has a time of its own, at which it reads its predicate or index or writes its counter. */
  readonly kernels: readonly (Kernel | undefined)[]
  /** Temporaries and outputs that are read at a place before any kernel in the text has written them. */
  readonly unwritten: readonly BufferId[]
  readonly end: number
}

interface GraphParts {
  readonly buffers: readonly (BufferSpec & { readonly place: { readonly kind: Placement['kind'] } })[]
  readonly outputs: readonly BufferId[]
  readonly kernels: readonly Kernel[]
}

/** Of a list: buffers whose first use may be other than an overwrite, and buffers that are surely overwritten. */
interface Summary {
  readonly exposed: ReadonlySet<BufferId>
  readonly killed: ReadonlySet<BufferId>
}

const nothing: Summary = { exposed: new Set(), killed: new Set() }

// Set.prototype.union and its like came with Node 22.
const union = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): Set<T> => new Set([...a, ...b])
const difference = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): Set<T> => new Set([...a].filter(x => !b.has(x)))
const intersection = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): Set<T> => new Set([...a].filter(x => b.has(x)))

const inSequence = (a: Summary, b: Summary): Summary => ({
  exposed: union(a.exposed, difference(b.exposed, a.killed)),
  killed: union(a.killed, b.killed),
})

const eitherOf = (all: readonly Summary[]): Summary =>
  all.length === 0 ? nothing : all.reduce((a, b) => ({ exposed: union(a.exposed, b.exposed), killed: intersection(a.killed, b.killed) }))

interface Construct extends Interval {
  /** Buffers that are live all the time. */
  readonly throughout: ReadonlySet<BufferId>
  readonly repeats: boolean
}

export function livenessOf(graph: GraphParts): Liveness {
  const walk = new Walk(graph.buffers)
  walk.list(graph.kernels)
  const end = walk.kernels.length
  graph.buffers.forEach(({ place }, id) => {
    if (place.kind === 'input' || place.kind === 'constant') walk.use(id, 0)
  })
  for (const id of graph.outputs) walk.use(id, end)
  walk.constructs.forEach(c => extend(walk.intervals, c))
  return { intervals: walk.intervals, kernels: walk.kernels, unwritten: [...walk.unwritten], end }
}

class Walk {
  readonly buffers: GraphParts['buffers']
  readonly intervals: (Interval | undefined)[]
  readonly kernels: (Kernel | undefined)[] = [undefined]
  readonly unwritten: Set<BufferId> = new Set()
  /** Inner ones before outer ones. */
  readonly constructs: Construct[] = []

  constructor(buffers: GraphParts['buffers']) {
    this.buffers = buffers
    this.intervals = buffers.map(() => undefined)
  }

  use(id: BufferId, time: number): void {
    const { first, last } = this.intervals[id] ?? { first: time, last: time }
    this.intervals[id] = { first: Math.min(first, time), last: Math.max(last, time) }
  }

  list(kernels: readonly Kernel[]): Summary {
    return kernels.reduce((before, kernel) => inSequence(before, this.kernel(kernel)), nothing)
  }

  /** One step: the kernel itself, without nested ones. */
  step(kernel: Kernel): Summary {
    const { reads, writes, overwrites } = accessOf(kernel, this.buffers),
      time = this.kernels.push(kernel) - 1
    for (const id of reads) {
      const kind = this.buffers[id]?.place.kind
      if (this.intervals[id] === undefined && (kind === 'temporary' || kind === 'output')) this.unwritten.add(id)
    }
    for (const id of [...reads, ...writes]) this.use(id, time)
    return { exposed: union(reads, difference(writes, overwrites)), killed: overwrites }
  }

  kernel(kernel: Kernel): Summary {
    switch (kernel.kind) {
      case 'while':
        return this.construct(kernel.predicate, true, () => {
          const tested = inSequence(this.list(kernel.condition), this.step(kernel))
          return [inSequence(tested, this.list(kernel.body)), tested.killed]
        })
      case 'scan':
        return this.construct(kernel.counter, true, () => {
          const round = inSequence(this.step(kernel), this.list(kernel.body))
          return [round, kernel.length > 0 ? round.killed : new Set()]
        })
      case 'branch':
        return this.construct(kernel.index, false, () => {
          const chosen = inSequence(this.step(kernel), eitherOf(kernel.branches.map(b => this.list(b))))
          return [chosen, chosen.killed]
        })
      default:
        return this.step(kernel)
    }
  }

  /** Its begin and its end are times too, so that what is live throughout outlives the last kernel inside. */
  construct(control: BufferId, repeats: boolean, inside: () => readonly [Summary, ReadonlySet<BufferId>]): Summary {
    const first = this.kernels.push(undefined) - 1
    const [{ exposed }, killed] = inside()
    const last = this.kernels.push(undefined) - 1
    this.constructs.push({
      first,
      last,
      throughout: repeats ? union(exposed, new Set([control])) : new Set([control]),
      repeats,
    })
    return { exposed, killed }
  }
}

/** Makes the buffers that must be live during the whole construct so. */
function extend(intervals: (Interval | undefined)[], { first, last, throughout, repeats }: Construct): void {
  intervals.forEach((interval, id) => {
    if (interval === undefined || interval.last < first || interval.first > last) return
    const outside = interval.first < first || interval.last > last
    if (throughout.has(id) || (repeats && outside))
      intervals[id] = { first: Math.min(first, interval.first), last: Math.max(last, interval.last) }
  })
}
