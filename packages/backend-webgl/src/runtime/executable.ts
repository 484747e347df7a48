/** A compiled graph. Runs are generators, so that the synchronous and the asynchronous form differ only in how they wait for the device. */
import {
  type Buffer,
  type BufferId,
  type Executable,
  fail,
  hostArray,
  type KernelGraph,
  type Steps as StepsOf,
  type TypedArray,
} from '@cotangent/core/kernel'
import type { EmitKernel, TextureId } from '../pass.ts'
import { fence, nextTask } from './poll.ts'
import { tellOnce } from './notes.ts'
import { linkAll } from './programs.ts'
import type { Frame, Runner } from './runner.ts'
import { type Schedule, scheduleInSteps, type Step } from './schedule.ts'
import type { Source } from './source.ts'
import type { Cell, Store, WebglBuffer } from './store.ts'
import type { Texture } from './textures.ts'
import { read, readAsync, write } from './transfer.ts'

/** What a run asks for: element 0 of a texture; or nothing, where it may rest. */
type Question = Texture | undefined
type Steps = Generator<Question, void, number>

/** Milliseconds of ordering draws after which an asynchronous run lets others have the thread. */
const TASK = 8

/** One run. */
interface Run extends Frame {
  readonly counters: Map<BufferId, number>
  /** Cells of inputs and constants, pinned. */
  readonly cells: (Cell | undefined)[]
  /** Inputs that are given up, by BufferId. */
  readonly donated: Map<BufferId, WebglBuffer>
}

/** What an executable holds between its runs; given back on dispose or when the executable is collected. */
interface Resources {
  readonly runner: Runner
  readonly store: Store
  readonly sources: readonly Source[]
  readonly constants: readonly Cell[]
  /** Asynchronous runs that have not ended. */
  inFlight: number
  released: boolean
}

export function releaseResources(r: Resources): void {
  if (r.released) return
  r.released = true
  if (r.inFlight === 0) giveBack(r)
}

function giveBack(r: Resources): void {
  for (const source of r.sources) r.runner.programs.give(source)
  for (const cell of r.constants) r.store.release(cell)
}

export class WebglExecutable implements Executable {
  private readonly graph: KernelGraph
  private readonly runner: Runner
  private readonly store: Store
  private readonly schedule: Schedule
  private readonly constants: ReadonlyMap<BufferId, Cell>
  private readonly specOf: (id: TextureId) => Schedule['specs'][number]
  readonly resources: Resources

  static *compileInSteps(graph: KernelGraph, emit: EmitKernel, runner: Runner, store: Store): StepsOf<WebglExecutable> {
    const schedule = yield* scheduleInSteps(graph, runner.device.limits, emit, runner)
    tellOnce(schedule.notes)
    return new WebglExecutable(graph, schedule, runner, store)
  }

  private constructor(graph: KernelGraph, schedule: Schedule, runner: Runner, store: Store) {
    this.graph = graph
    this.runner = runner
    this.store = store
    this.schedule = schedule
    this.constants = uploadConstants(graph, store)
    this.specOf = id => this.schedule.specs[id] as Schedule['specs'][number]
    const sources = this.schedule.passes.map(p => p.source)
    this.resources = { runner, store, sources, constants: [...this.constants.values()], inFlight: 0, released: false }
  }

  run(inputs: readonly Buffer[], donated?: readonly boolean[]): readonly Buffer[] {
    const run = this.begin(inputs, donated)
    try {
      return this.runner.device.guard(() => {
        const steps = this.steps(this.schedule.steps, run)
        for (let next = steps.next(); next.done !== true; ) next = steps.next(this.ask(next.value))
        return this.results(run)
      })
    } finally {
      this.end(run)
    }
  }

  async runAsync(inputs: readonly Buffer[], donated?: readonly boolean[]): Promise<readonly Buffer[]> {
    const run = this.begin(inputs, donated),
      { device } = this.runner
    this.resources.inFlight++
    try {
      await this.ready()
      await device.orLost(() => this.drive(this.steps(this.schedule.steps, run)))
      await device.orLost(() => fence(device.gl))
      return this.results(run)
    } finally {
      this.end(run)
      if (--this.resources.inFlight === 0 && this.resources.released) giveBack(this.resources)
    }
  }

  ready(): Promise<void> {
    const { device } = this.runner
    return device.orLost(() => linkAll(device, new Set(this.schedule.passes.map(p => p.program))))
  }

  /** Rests after every few milliseconds: a Scan may order thousands of draws. */
  private async drive(steps: Steps): Promise<void> {
    const { device } = this.runner
    let start = performance.now()
    for (let next = steps.next(); next.done !== true; ) {
      const question = next.value
      if (question === undefined && performance.now() - start < TASK) {
        next = steps.next(0)
        continue
      }
      const answer = question === undefined ? await nextTask() : await this.askAsync(question)
      device.check()
      start = performance.now()
      next = steps.next(answer ?? 0)
    }
  }

  dispose(): void {
    releaseResources(this.resources)
  }

  // ---- one run

  private begin(inputs: readonly Buffer[], donated: readonly boolean[] = []): Run {
    const { graph, store, runner } = this
    if (this.resources.released) fail('InternalError', 'webgl: an executable was run after dispose(). Please report it.')
    runner.device.check()
    const cells = graph.buffers.map(({ place }, id) => {
      if (place.kind === 'constant') return this.constants.get(id)
      return place.kind === 'input' ? store.cellOf(inputs[graph.inputs.indexOf(id)] as Buffer) : undefined
    })
    const given = graph.inputs.flatMap((id, i) => (donated[i] === true ? [[id, inputs[i] as WebglBuffer] as const] : []))
    const run: Run = { textures: [], counters: new Map(), cells, donated: new Map(given) }
    // All pins before the first texture: bringing one back may move others out.
    for (const cell of cells) if (cell !== undefined) cell.pins++
    try {
      runner.device.guard(() => cells.forEach((cell, id) => (run.textures[id] = cell && store.locate(cell))))
      return run
    } catch (error) {
      this.end(run)
      throw error
    }
  }

  private *steps(steps: readonly Step[], run: Run): Steps {
    for (const step of steps) {
      yield* this.step(step, run)
      for (const id of step.last) this.drop(id, run)
      yield undefined
    }
  }

  private *step(step: Step, run: Run): Steps {
    switch (step.kind) {
      case 'draw':
        for (const pass of step.passes) this.runner.run(pass, run, this.specOf)
        for (const id of step.temporaries) this.drop(id, run)
        return
      case 'while':
        for (;;) {
          yield* this.steps(step.condition, run)
          if ((yield this.written(step.kernel.predicate, run)) === 0) return
          yield* this.steps(step.body, run)
        }
      case 'scan':
        for (let i = 0, { length, reverse, counter } = step.kernel; i < length; i++) {
          this.count(counter, reverse ? length - 1 - i : i, run)
          yield* this.steps(step.body, run)
        }
        return
      case 'branch':
        yield* this.steps(step.branches[yield this.written(step.kernel.index, run)] as readonly Step[], run)
    }
  }

  private written(id: BufferId, run: Run): Texture {
    return run.textures[id] ?? fail('InternalError', `webgl: buffer ${id} decides a branch and was never written. Please report it.`)
  }

  private count(counter: BufferId, value: number, run: Run): void {
    run.counters.set(counter, value)
    if (!this.schedule.sampled.has(counter)) return
    const texture = (run.textures[counter] ??= this.runner.pool.take(this.specOf(counter)))
    write(this.runner.device, texture, Int32Array.of(value))
  }

  /** Ends the use of a texture: of a temporary, or of an input that is given up and has no other use. */
  private drop(id: TextureId, run: Run): void {
    const cell = run.cells[id],
      donated = run.donated.get(id),
      texture = run.textures[id]
    if (cell === undefined) {
      run.textures[id] = undefined
      if (texture !== undefined) this.runner.pool.give(texture)
    } else if (donated !== undefined && cell.pins === 1) {
      run.textures[id] = undefined
      run.cells[id] = undefined
      run.donated.delete(id)
      cell.pins--
      this.store.free(donated)
    }
  }

  private ask(texture: Question): number {
    return texture === undefined ? 0 : (read(this.runner.device, this.runner.framebuffers, texture, 1)[0] as number)
  }

  private async askAsync(texture: Texture): Promise<number> {
    return (await readAsync(this.runner.device, this.runner.framebuffers, texture, 1))[0] as number
  }

  private results(run: Run): readonly Buffer[] {
    const { graph, store } = this
    const made = new Map<BufferId, Cell>()
    return graph.outputs.map(id => {
      const { dtype, size } = graph.buffers[id] as KernelGraph['buffers'][number]
      let cell = run.cells[id] ?? made.get(id)
      if (cell === undefined) {
        const texture = size === 0 ? undefined : (run.textures[id] ?? this.runner.pool.take(this.specOf(id)))
        run.textures[id] = undefined
        made.set(id, (cell = store.cell(dtype, size, texture)))
      }
      return store.handle(cell)
    })
  }

  /** Whatever happened: unpins, and gives back what is left. */
  private end(run: Run): void {
    run.textures.forEach((_, id) => {
      if (run.cells[id] === undefined) this.drop(id, run)
    })
    for (const cell of run.cells) if (cell !== undefined) cell.pins--
    for (const buffer of run.donated.values()) this.store.free(buffer)
  }
}

function uploadConstants(graph: KernelGraph, store: Store): Map<BufferId, Cell> {
  const constants = new Map<BufferId, Cell>()
  graph.buffers.forEach(({ dtype, size, place }, id) => {
    if (place.kind !== 'constant') return
    const data = bytesAs(place.data, hostArray(dtype, size)),
      cell = store.upload(data, dtype)
    cell.references = 1
    constants.set(id, cell)
  })
  return constants
}

/** The data may be any view, aligned or not. */
function bytesAs(view: ArrayBufferView, data: TypedArray): TypedArray {
  new Uint8Array(data.buffer).set(new Uint8Array(view.buffer, view.byteOffset, data.byteLength))
  return data
}
