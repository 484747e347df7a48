/** A graph as steps: leaf kernels with their passes, control flow around them, and after each step the buffers that nobody uses any more. */
import {
  type Branch,
  type BufferId,
  type BufferSpec,
  type Kernel,
  type KernelGraph,
  livenessOf,
  type Scan,
  type While,
  writesOf,
} from '@cotangent/core/kernel'
import type { EmitContext, EmitKernel, LeafKernel, Limits, TextureId, TextureSpec } from '../pass.ts'
import type { LinkedPass, Runner } from './runner.ts'
import { specOf } from './store.ts'

export type Step = (
  | { readonly kind: 'draw'; readonly passes: readonly LinkedPass[]; readonly temporaries: readonly TextureId[] }
  | { readonly kind: 'while'; readonly kernel: While; readonly condition: readonly Step[]; readonly body: readonly Step[] }
  | { readonly kind: 'scan'; readonly kernel: Scan; readonly body: readonly Step[] }
  | { readonly kind: 'branch'; readonly kernel: Branch; readonly branches: readonly (readonly Step[])[] }
) & {
  /** Buffers whose last use is in this step. */
  readonly last: readonly BufferId[]
}

export interface Schedule {
  readonly steps: readonly Step[]
  /** Of buffers, then of the kernels' temporaries. */
  readonly specs: readonly TextureSpec[]
  readonly passes: readonly LinkedPass[]
  /** Textures that passes sample; of a counter that is not among them only the number is kept. */
  readonly sampled: ReadonlySet<TextureId>
}

export function schedule(graph: KernelGraph, limits: Limits, emit: EmitKernel, runner: Runner): Schedule {
  return new Scheduler(graph, limits, emit, runner).result()
}

class Scheduler {
  private readonly graph: KernelGraph
  private readonly limits: Limits
  private readonly emit: EmitKernel
  private readonly runner: Runner
  private readonly specs: TextureSpec[]
  private readonly passes: LinkedPass[] = []
  private readonly written: Set<BufferId> = new Set()
  private readonly counters: ReadonlySet<BufferId>
  /** Last uses that no step has claimed, by time. */
  private readonly ends: (readonly [time: number, buffer: BufferId])[]
  /** Times as livenessOf counts them. */
  private time = 1

  constructor(graph: KernelGraph, limits: Limits, emit: EmitKernel, runner: Runner) {
    this.graph = graph
    this.limits = limits
    this.emit = emit
    this.runner = runner
    this.specs = graph.buffers.map(({ dtype, size }) => specOf(dtype, size, limits.textureSize))
    this.counters = knownCounters(graph.kernels)
    this.ends = lastUses(graph)
  }

  result(): Schedule {
    const steps = this.list(this.graph.kernels),
      { specs, passes } = this
    return { steps, specs, passes, sampled: new Set(passes.flatMap(({ pass }) => pass.textures.map(t => t.texture))) }
  }

  private list(kernels: readonly Kernel[]): Step[] {
    return kernels.map(kernel => this.step(kernel))
  }

  private step(kernel: Kernel): Step {
    switch (kernel.kind) {
      case 'while':
      case 'scan':
      case 'branch':
        return this.control(kernel)
      default:
        return this.leaf(kernel)
    }
  }

  private leaf(kernel: LeafKernel): Step {
    const begin = this.time++,
      temporaries: TextureId[] = []
    const passes = this.emit(this.context(temporaries), kernel).map(pass => this.runner.link(pass, id => this.specs[id] as TextureSpec))
    this.passes.push(...passes)
    for (const id of writesOf(kernel)) this.written.add(id)
    return { kind: 'draw', passes, temporaries, last: this.claim(begin) }
  }

  /** A construct has a time before and one after the kernels inside. */
  private control(kernel: While | Scan | Branch): Step {
    const begin = this.time++
    // What a later kernel of the body writes is there in the next round.
    if (kernel.kind !== 'branch') for (const id of writesOf(kernel)) this.written.add(id)
    const inside = this.inside(kernel)
    this.time++
    return { ...inside, last: this.claim(begin) }
  }

  private inside(kernel: While | Scan | Branch) {
    switch (kernel.kind) {
      case 'while': {
        const condition = this.list(kernel.condition)
        this.time++
        return { kind: 'while', kernel, condition, body: this.list(kernel.body) } as const
      }
      case 'scan':
        this.time++
        return { kind: 'scan', kernel, body: this.list(kernel.body) } as const
      case 'branch':
        this.time++
        return { kind: 'branch', kernel, branches: kernel.branches.map(b => this.list(b)) } as const
    }
  }

  /** The buffers whose last use is between `begin` and now, outside the steps that have claimed theirs. */
  private claim(begin: number): readonly BufferId[] {
    const isMine = ([time]: readonly [number, BufferId]): boolean => time >= begin && time < this.time
    const mine = this.ends.filter(isMine).map(([, id]) => id)
    this.ends.splice(0, this.ends.length, ...this.ends.filter(e => !isMine(e)))
    return mine
  }

  private context(temporaries: TextureId[]): EmitContext {
    return {
      buffers: this.graph.buffers as readonly BufferSpec[],
      limits: this.limits,
      spec: id => this.specs[id] as TextureSpec,
      temporary: spec => {
        const id = this.specs.push(spec) - 1
        temporaries.push(id)
        return id
      },
      isCounter: id => this.counters.has(id),
      isWritten: id => this.written.has(id),
    }
  }
}

/** When temporaries and inputs are used for the last time. */
function lastUses(graph: KernelGraph): (readonly [number, BufferId])[] {
  const { intervals } = livenessOf(graph)
  return graph.buffers.flatMap(({ place }, id): (readonly [number, BufferId])[] => {
    const interval = intervals[id]
    return interval !== undefined && (place.kind === 'temporary' || place.kind === 'input') ? [[interval.last, id]] : []
  })
}

/** Counters that only their Scans write: their values are known to the host. */
function knownCounters(kernels: readonly Kernel[]): ReadonlySet<BufferId> {
  const all = kernels.flatMap(flatten)
  const written = new Set(all.flatMap(k => (k.kind === 'while' || k.kind === 'scan' || k.kind === 'branch' ? [] : writesOf(k))))
  return new Set(all.flatMap(k => (k.kind === 'scan' && !written.has(k.counter) ? [k.counter] : [])))
}

/** A kernel and all that are nested in it. */
function flatten(kernel: Kernel): readonly Kernel[] {
  switch (kernel.kind) {
    case 'while':
      return [kernel, ...[...kernel.condition, ...kernel.body].flatMap(flatten)]
    case 'scan':
      return [kernel, ...kernel.body.flatMap(flatten)]
    case 'branch':
      return [kernel, ...kernel.branches.flat().flatMap(flatten)]
    default:
      return [kernel]
  }
}
