/** A graph as steps: leaf kernels with their passes, control flow around them, and after each step the buffers that nobody uses any more. */
import {
  type Branch,
  type BufferId,
  type BufferSpec,
  finish,
  type Kernel,
  type KernelGraph,
  knownCounters,
  livenessOf,
  type Scan,
  type Steps,
  type While,
  writesOf,
} from '@cotangent/core/kernel'
import type { EmitContext, EmitKernel, LeafKernel, Limits, Pass, TextureId, TextureSpec, Way } from '../pass.ts'
import { bandsOf } from './bands.ts'
import type { LinkedPass, Runner } from './runner.ts'
import { specOf } from './store.ts'

/** `P`: what a Pass became. */
export type Step<P = LinkedPass> = (
  | { readonly kind: 'draw'; readonly passes: readonly P[]; readonly temporaries: readonly TextureId[] }
  | Inside<P>
) & {
  /** Buffers whose last use is in this step. */
  readonly last: readonly BufferId[]
}

type Inside<P> =
  | { readonly kind: 'while'; readonly kernel: While; readonly condition: readonly Step<P>[]; readonly body: readonly Step<P>[] }
  | { readonly kind: 'scan'; readonly kernel: Scan; readonly body: readonly Step<P>[] }
  | { readonly kind: 'branch'; readonly kernel: Branch; readonly branches: readonly (readonly Step<P>[])[] }

export interface Schedule<P = LinkedPass> {
  readonly steps: readonly Step<P>[]
  /** Of buffers, then of the kernels' temporaries. */
  readonly specs: readonly TextureSpec[]
  readonly passes: readonly P[]
  /** Kernels that go another way than their kind usually does. */
  readonly notes: readonly Note[]
  /** Textures that passes sample; of a counter that is not among them only the number is kept. */
  readonly sampled: ReadonlySet<TextureId>
}

export interface Note {
  /** The kernel's number, as `explain` prints it; of a nested one the outer numbers come before: `2/0`. */
  readonly kernel: string
  readonly way: Way
  readonly why: string
}

type Link<P> = (pass: Pass, specOf: (texture: TextureId) => TextureSpec) => P

/** With a pause after each kernel. What was linked is given back when the work is given up. */
export function* scheduleInSteps(graph: KernelGraph, limits: Limits, emit: EmitKernel, runner: Runner): Steps<Schedule> {
  const linked: LinkedPass[] = []
  let done = false
  try {
    const link: Link<LinkedPass> = (pass, spec) => {
      const made = runner.link(pass, spec)
      linked.push(made)
      return made
    }
    const result = yield* new Scheduler(graph, limits, emit, link).result()
    done = true
    return result
  } finally {
    if (!done) for (const { source } of linked) runner.programs.give(source)
  }
}

/** What `explain` says of a graph beside its kernels. */
export function notesOf(graph: KernelGraph, limits: Limits, emit: EmitKernel): readonly Note[] {
  return finish(new Scheduler(graph, limits, emit, pass => pass).result()).notes
}

class Scheduler<P> {
  private readonly graph: KernelGraph
  private readonly limits: Limits
  private readonly emit: EmitKernel
  private readonly link: Link<P>
  private readonly specs: TextureSpec[]
  private readonly passes: P[] = []
  private readonly notes: Note[] = []
  private readonly sampled: Set<TextureId> = new Set()
  /** Numbers of the kernel that is scheduled now. */
  private readonly path: number[] = []
  private readonly written: Set<BufferId> = new Set()
  private readonly counters: ReadonlySet<BufferId>
  /** Last uses that no step has claimed, by time. */
  private readonly ends: (readonly [time: number, buffer: BufferId])[]
  /** Times as livenessOf counts them. */
  private time = 1

  constructor(graph: KernelGraph, limits: Limits, emit: EmitKernel, link: Link<P>) {
    this.graph = graph
    this.limits = limits
    this.emit = emit
    this.link = link
    this.specs = graph.buffers.map(({ dtype, size }) => specOf(dtype, size, limits.textureSize))
    this.counters = knownCounters(graph.kernels)
    this.ends = lastUses(graph)
  }

  *result(): Steps<Schedule<P>> {
    const steps = yield* this.list(this.graph.kernels),
      { specs, passes, notes, sampled } = this
    return { steps, specs, passes, notes, sampled }
  }

  private *list(kernels: readonly Kernel[]): Steps<readonly Step<P>[]> {
    const steps: Step<P>[] = []
    for (const [i, kernel] of kernels.entries()) {
      this.path.push(i)
      steps.push(yield* this.step(kernel))
      this.path.pop()
    }
    return steps
  }

  private *step(kernel: Kernel): Steps<Step<P>> {
    switch (kernel.kind) {
      case 'while':
      case 'scan':
      case 'branch':
        return yield* this.control(kernel)
      default: {
        const step = this.leaf(kernel)
        yield
        return step
      }
    }
  }

  private leaf(kernel: LeafKernel): Step<P> {
    const begin = this.time++,
      temporaries: TextureId[] = []
    const emitted = this.emit(this.context(temporaries), kernel)
    for (const pass of emitted) this.look(pass)
    const passes = emitted.map(pass => this.link(pass, id => this.specs[id] as TextureSpec))
    this.passes.push(...passes)
    for (const id of writesOf(kernel)) this.written.add(id)
    return { kind: 'draw', passes, temporaries, last: this.claim(begin) }
  }

  private look(pass: Pass): void {
    for (const { texture } of pass.textures) this.sampled.add(texture)
    const draws = bandsOf(pass, this.specs[pass.targets[0] as TextureId] as TextureSpec, this.limits)
    if (draws > 1 && pass.over === undefined) this.note('draw in bands', `${pass.name} is ${draws} draws`)
  }

  private note(way: Way, why: string): void {
    this.notes.push({ kernel: this.path.join('/'), way, why })
  }

  /** A construct has a time before and one after the kernels inside. */
  private *control(kernel: While | Scan | Branch): Steps<Step<P>> {
    const begin = this.time++
    // What a later kernel of the body writes is there in the next round.
    if (kernel.kind !== 'branch') for (const id of writesOf(kernel)) this.written.add(id)
    const inside = yield* this.inside(kernel)
    this.time++
    return { ...inside, last: this.claim(begin) }
  }

  private *inside(kernel: While | Scan | Branch): Steps<Inside<P>> {
    switch (kernel.kind) {
      case 'while': {
        const condition = yield* this.list(kernel.condition)
        this.time++
        return { kind: 'while', kernel, condition, body: yield* this.list(kernel.body) }
      }
      case 'scan':
        this.time++
        return { kind: 'scan', kernel, body: yield* this.list(kernel.body) }
      case 'branch': {
        this.time++
        const branches: (readonly Step<P>[])[] = []
        for (const branch of kernel.branches) branches.push(yield* this.list(branch))
        return { kind: 'branch', kernel, branches }
      }
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
      note: (way, why) => this.note(way, why),
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
