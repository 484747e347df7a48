/** A compiled graph: its program, its command buffers, and the ways to run them. */
import { type Buffer, type Executable, fail, type Kernel, type KernelEnded, type KernelGraph } from '@cotangent/core/kernel'
import type { EmitKernel, LibraryCall, Target } from '../command.ts'
import type { Block } from './allocator.ts'
import { Binding, type Frame, frameOf } from './binding.ts'
import { compileGraph } from './compiled.ts'
import { debugObserver } from './debug.ts'
import type { Emitted } from './emitted.ts'
import { hasBegun } from './errors.ts'
import { Graphs } from './graphs.ts'
import { Layout } from './layout.ts'
import type { DeviceMemory } from './memory.ts'
import type { Modules } from './modules.ts'
import type { Plans } from './plans.ts'
import type { Plan } from './libraryPlans.ts'
import type { Program } from './program.ts'
import { drive, driveAsync, type Observer, prepare, type Prepared, Run } from './run.ts'
import { mostExecuted, schedule } from './schedule.ts'
import type { Names, Session } from './session.ts'
import type { CudaCell, Store } from './store.ts'
import { type Linked, type Template, writeTemplate } from './template.ts'
import type { Workspace } from './workspace.ts'

export interface Services {
  readonly session: Session
  readonly target: Target
  readonly emit: EmitKernel
  readonly debug: boolean
  readonly memory: DeviceMemory
  readonly store: Store
  readonly workspace: Workspace
  readonly modules: Modules
  readonly plans: Plans
}

/** What an executable holds between its runs; given back on dispose or when the executable is collected. */
interface Resources {
  readonly services: Services
  readonly program: Program
  /** Has it taken the program's module? */
  linked: boolean
  readonly calls: readonly LibraryCall[]
  readonly constants: readonly CudaCell[]
  readonly graphs: Graphs
  /** Asynchronous runs that have not ended. */
  inFlight: number
  released: boolean
}

export function releaseResources(r: Resources): void {
  if (r.released) return
  r.released = true
  if (r.inFlight === 0) giveBack(r)
}

function giveBack({ services, program, linked, calls, constants, graphs }: Resources): void {
  const { session, modules, store } = services
  if (!session.isOpen) return
  graphs.release()
  if (linked) modules.give(program)
  for (const call of calls) services.plans.give(call)
  for (const cell of constants) store.release(cell)
}

/** Commands that an asynchronous run orders at a time. */
const responsive = 256

export class CudaExecutable implements Executable {
  readonly resources: Resources
  private readonly graph: KernelGraph
  private readonly services: Services
  private readonly emitted: Emitted
  private readonly frame: Frame
  private readonly linked: Linked
  /** Of its kernels, for messages. */
  readonly names: Names
  /** Of synchronous runs, which do not overlap. */
  private readonly binding: Binding
  private readonly observe: Observer | undefined
  /** Handles of the program's functions, once they are there. */
  private handles: readonly number[] | undefined
  /** Hears of each kernel of a synchronous run. */
  private readonly ended: KernelEnded | undefined
  /** By how much one command buffer orders. */
  private readonly prepared: Map<number, readonly Prepared[]> = new Map()
  private byKernel: readonly (readonly Prepared[])[] | undefined

  constructor(graph: KernelGraph, services: Services, ended?: KernelEnded) {
    const { session, debug } = services,
      { emitted, program, plans, constants, names } = compileGraph(graph, services)
    this.graph = graph
    this.services = services
    this.ended = ended
    this.emitted = emitted
    this.names = names
    this.linked = {
      specs: emitted.specs,
      functionOf: launch => this.functions()[program.ofLaunch.get(launch) as number] as number,
      planOf: call => (plans.get(call) as Plan).handle,
      workspaceOf: call => emitted.workspaces.get(call) ?? -1,
    }
    const layout = new Layout(graph, emitted, new Map([...constants].map(([id, cell]) => [id, cell.memory?.address ?? 0])))
    this.frame = frameOf(graph, layout, constants, services)
    this.binding = new Binding(this.frame)
    this.observe = debug ? debugObserver(session, graph, layout) : undefined
    this.resources = {
      services,
      program,
      linked: false,
      calls: [...plans.keys()],
      constants: [...constants.values()],
      graphs: new Graphs(session),
      inFlight: 0,
      released: false,
    }
  }

  run(inputs: readonly Buffer[], donated?: readonly boolean[]): readonly Buffer[] {
    const { binding } = this,
      { workspace, session } = this.services
    this.check()
    try {
      const steps = this.stepsOf(this.observe === undefined ? mostExecuted : 1)
      binding.hold(inputs)
      binding.locate(donated)
      binding.values[this.frame.layout.arena] = workspace.acquire(this.emitted.arena)
      if (this.ended !== undefined) this.runTimed(binding, this.ended)
      else if (this.observe !== undefined || !this.orderAtOnce(steps, binding)) drive(session, this.newRun(binding).steps(steps))
      binding.commit()
      return binding.hand()
    } finally {
      binding.release()
    }
  }

  /**
   * Several steps have an arena of their own, since other runs come between them; and their donated inputs are given up before the first, since
   * others may use these inputs.
   */
  async runAsync(inputs: readonly Buffer[], donated?: readonly boolean[]): Promise<readonly Buffer[]> {
    const { frame, resources } = this,
      { workspace, session, memory, modules } = this.services,
      { arena: bytes } = this.emitted,
      binding = new Binding(frame),
      { values } = binding
    this.check()
    let own: Block | undefined
    resources.inFlight++
    try {
      binding.hold(inputs)
      if (this.handles === undefined) await modules.ready(resources.program)
      const steps = this.stepsOf(this.observe === undefined ? responsive : 1)
      binding.locate(donated)
      if (bytes > 0 && !isSingle(steps)) own = memory.take(bytes)
      values[frame.layout.arena] = own?.address ?? workspace.acquire(bytes)
      if (this.observe !== undefined || !this.orderAtOnce(steps, binding)) {
        binding.commit()
        await driveAsync(session, this.newRun(binding).steps(steps))
      }
      binding.commit()
      await session.settled()
      return binding.hand()
    } finally {
      binding.release()
      if (own !== undefined) memory.give(own)
      if (--resources.inFlight === 0 && resources.released) giveBack(resources)
    }
  }

  /** Compiles in another thread what is not compiled yet. */
  async ready(): Promise<void> {
    this.check()
    if (this.handles === undefined) await this.services.modules.ready(this.resources.program)
  }

  dispose(): void {
    releaseResources(this.resources)
  }

  /** Compiles at the first run, unless `ready` has. */
  private functions(): readonly number[] {
    if (this.handles === undefined) {
      this.handles = this.services.modules.take(this.resources.program)
      this.resources.linked = true
    }
    return this.handles
  }

  private check(): void {
    this.services.session.check()
    if (this.resources.released)
      fail('InternalError', 'cuda: an executable was run after dispose(). This is a fault in Cotangent: please report it.')
  }

  /** The usual case: all that there is to do is one command buffer. */
  private orderAtOnce(steps: readonly Prepared[], binding: Binding): boolean {
    const [step] = steps
    if (step === undefined) return true
    if (!isSingle(steps) || step.kind !== 'execute') return false
    step.template.bind(binding.values)
    try {
      this.resources.graphs.execute(step.template, binding.values, this.names)
    } catch (error) {
      if (hasBegun(error)) binding.commit()
      throw error
    }
    return true
  }

  /** Kernel by kernel, each waited for. What the host drives took as long as the host says. */
  private runTimed(binding: Binding, ended: KernelEnded): void {
    const { session } = this.services
    let milliseconds = 0
    const order = ({ buffer, words }: Template): void => void (milliseconds += session.time(buffer, words, this.names))
    session.synchronize()
    ended(-1)
    this.byKernel ??= this.graph.kernels.map(kernel => this.prepare([kernel], mostExecuted))
    this.byKernel.forEach((steps, i) => {
      milliseconds = 0
      drive(session, this.newRun(binding, order).steps(steps))
      ended(i, isSingle(steps) ? milliseconds : undefined)
    })
  }

  private newRun(binding: Binding, execute: (template: Template) => void = this.execute): Run {
    const { graph, observe } = this,
      { session } = this.services
    const order = (template: Template): void => {
      try {
        execute(template)
      } catch (error) {
        if (hasBegun(error)) binding.commit()
        throw error
      }
      binding.commit()
    }
    return new Run({ session, graph, layout: this.frame.layout, values: binding.values, order, observe })
  }

  private readonly execute = ({ buffer, words }: Template): void => this.services.session.execute(buffer, words, this.names)

  private stepsOf(most: number): readonly Prepared[] {
    let steps = this.prepared.get(most)
    if (steps === undefined) {
      steps = this.prepare(this.graph.kernels, most)
      this.prepared.set(most, steps)
    }
    return steps
  }

  private prepare(kernels: readonly Kernel[], most: number): readonly Prepared[] {
    return prepare(schedule(kernels, this.emitted.commands, most), items => writeTemplate(items, this.frame.layout, this.linked))
  }
}

/** Is there one command buffer to order, or nothing? */
const isSingle = (steps: readonly Prepared[]): boolean => steps.length === 0 || (steps.length === 1 && steps[0]?.kind === 'execute')
