/**
 * The function that runs a whole graph: `main(frame, scratch, thread, threads)`. All threads call it with the same frame and take the same
 * path. What one thread does alone, thread 0 does. Barriers stand where a thread would otherwise see, or overwrite, what another is not
 * done with.
 */
import type { BufferId } from '@cotangent/core/kernel'
import { threading } from '../tuning.ts'
import { I32, type Import, type Local, WasmFunction, type WasmModule } from '../wasm/assembler.ts'
import type { MayOverlap } from './aliasing.ts'
import { address, type Phase } from '../kernels/kernel.ts'
import { barrierOf, shareOf, takeOf } from './control.ts'
import type { Step, Steps } from './schedule.ts'

const frame = 0,
  scratch = 1,
  thread = 2,
  threads = 3

/** What has happened since the last barrier. */
interface Since {
  /** Nothing; work of thread 0 only; or work of several threads. */
  work: 'none' | 'one' | 'all'
  /** Buffers that every thread has read to decide where to go. */
  decisions: Set<BufferId>
}

/** What `main` calls on thread 0 with a kernel's number when that has ended, if there are marks. */
const markOf = (module: WasmModule): Import => module.import('clock', 'mark', [I32], [])

/** Adds `main` to the module and exports it. */
export function emitMain(module: WasmModule, steps: Steps, mayOverlap: MayOverlap): void {
  const f = new WasmFunction('main', [I32, I32, I32, I32])
  if (steps.some(s => s.parallel)) new Together(module, f, mayOverlap).sequence(steps)
  else alone(f, steps, undefined, module)
  module.add(f, { exported: true })
}

// ---- one thread

/** Steps one after another in a function that has the parameters of `main`, or of a phase: those that it uses are the same. */
export function alone(f: WasmFunction, steps: Steps, counter?: Local, module?: WasmModule): void {
  for (const step of steps) {
    switch (step.kind) {
      case 'phase':
        f.get(frame).get(scratch).i32(0).i32(step.phase.tasks).call(step.phase.run)
        break
      case 'mark':
        f.i32(step.kernel).call(markOf(module as WasmModule))
        break
      case 'count':
        address(f, step.counter)
          .get(counter as Local)
          .i32Store()
        break
      case 'while':
        whileLoop(
          f,
          step,
          () => alone(f, step.condition),
          () => alone(f, step.body),
        )
        break
      case 'scan':
        countedLoop(f, step, i => alone(f, step.body, i))
        break
      case 'branch':
        branch(f, step, k => alone(f, step.branches[k] as Steps))
        break
    }
  }
}

function whileLoop(f: WasmFunction, step: Step & { kind: 'while' }, condition: () => void, body: () => void): void {
  f.block(() =>
    f.loop(() => {
      condition()
      address(f, step.predicate).i32Load().op(0x45).brIf(1) // i32.eqz
      body()
      f.br(0)
    }),
  )
}

function countedLoop(f: WasmFunction, step: Step & { kind: 'scan' }, body: (counter: Local) => void): void {
  const counter = f.local(I32)
  const [first, stride, end] = step.reverse ? [step.length - 1, -1, -1] : [0, 1, step.length]
  f.i32(first)
    .set(counter)
    .loop(() => {
      body(counter)
      f.get(counter).i32(stride).add().tee(counter).i32(end).op(0x47).brIf(0) // i32.ne
    })
}

function branch(f: WasmFunction, step: Step & { kind: 'branch' }, arm: (k: number) => void): void {
  const index = f.local(I32)
  address(f, step.index).i32Load().set(index)
  step.branches.forEach((_, k) =>
    f
      .get(index)
      .i32(k)
      .op(0x46)
      .if(() => arm(k)),
  ) // i32.eq
}

// ---- several threads

class Together {
  private readonly module: WasmModule
  private readonly f: WasmFunction
  private readonly barrier: WasmFunction
  private readonly share: WasmFunction
  private readonly mayOverlap: MayOverlap
  private readonly take: WasmFunction
  private readonly locals: Readonly<Record<'turn' | 'owner' | 'first' | 'count' | 'size' | 'at', Local>>
  private since: Since = { work: 'none', decisions: new Set() }

  constructor(module: WasmModule, f: WasmFunction, mayOverlap: MayOverlap) {
    this.module = module
    this.f = f
    this.mayOverlap = mayOverlap
    this.barrier = barrierOf(module)
    this.share = shareOf(module)
    this.take = takeOf(module)
    const local = (): Local => f.local(I32)
    this.locals = { turn: local(), owner: local(), first: local(), count: local(), size: local(), at: local() }
  }

  sequence(steps: Steps, counter?: Local): void {
    for (let i = 0; i < steps.length; ) {
      let end = i
      while (end < steps.length && !(steps[end] as Step).parallel) end++
      if (end > i) this.serial(steps.slice(i, end), counter)
      else this.parallel(steps[end++] as Step)
      i = end
    }
  }

  /** A run of steps for thread 0, which need no barrier among themselves. */
  private serial(steps: Steps, counter: Local | undefined): void {
    this.before(
      steps.flatMap(s => s.writes),
      this.since.work === 'all',
    )
    this.f
      .get(thread)
      .op(0x45)
      .if(() => alone(this.f, steps, counter, this.module)) // i32.eqz
    this.since.work = 'one'
  }

  private parallel(step: Step): void {
    const f = this.f
    switch (step.kind) {
      case 'phase':
        this.before(step.writes, this.since.work !== 'none')
        this.phase(step.phase)
        this.since.work = 'all'
        break
      case 'while':
        this.while(step)
        break
      case 'scan':
        this.enterLoop()
        countedLoop(f, step, i => this.sequence(step.body, i))
        break
      case 'branch':
        this.branch(step)
        break
      case 'mark':
        this.before([], this.since.work === 'all')
        this.serial([step], undefined)
        break
      case 'count':
        break
    }
  }

  /**
   * Each thread has a share, which it takes in pieces; who is done takes pieces of the others, since on a busy machine a thread may not run
   * at all for a while.
   */
  private phase({ run, tasks, cost }: Phase): void {
    const { f, share, take } = this
    const { turn, owner, first, count, size, at } = this.locals
    const pieces = cost > threading.longPhase ? 2 : 1
    f.get(threads)
      .i32(1)
      .op(0x46)
      .if(
        () => {
          // i32.eq
          f.get(frame).get(scratch).i32(0).i32(tasks).call(run)
        },
        () => {
          f.i32(0)
            .set(turn)
            .get(thread)
            .set(owner)
            .loop(() => {
              f.i32(tasks).get(owner).get(threads).call(share).set(first)
              f.i32(tasks).get(owner).i32(1).add().get(threads).call(share).get(first).sub().tee(count)
              f.i32(pieces - 1)
                .add()
                .i32(pieces)
                .op(0x6e)
                .set(size) // i32.div_u
              f.block(() =>
                f.loop(() => {
                  f.get(owner).get(size).get(count).call(take).tee(at).get(count).op(0x4f).brIf(1) // i32.ge_u
                  f.get(frame).get(scratch).get(first).get(at).add().get(first)
                  f.get(at).get(size).add().get(count).get(at).get(size).add().get(count).op(0x49, 0x1b).add() // i32.lt_u, select: the lesser
                  f.call(run).br(0)
                }),
              )
              f.get(owner).i32(1).add().get(threads).op(0x70).set(owner) // i32.rem_u
              f.get(turn).i32(1).add().tee(turn).get(threads).op(0x49).brIf(0) // i32.lt_u
            })
        },
      )
  }

  private while(step: Step & { kind: 'while' }): void {
    this.enterLoop()
    let exit = this.since
    whileLoop(
      this.f,
      step,
      () => {
        this.sequence(step.condition)
        this.decide(step.predicate)
        exit = this.copy()
      },
      () => this.sequence(step.body),
    )
    this.since = exit
  }

  private branch(step: Step & { kind: 'branch' }): void {
    this.decide(step.index)
    const start = this.copy(),
      ends: Since[] = []
    branch(this.f, step, k => {
      this.since = { work: start.work, decisions: new Set(start.decisions) }
      this.sequence(step.branches[k] as Steps)
      ends.push(this.since)
    })
    this.since = {
      work: ends.some(e => e.work === 'all') ? 'all' : ends.some(e => e.work === 'one') ? 'one' : 'none',
      decisions: new Set(ends.flatMap(e => [...e.decisions])),
    }
  }

  /** At a loop's head either what came before it or its own end has just happened: the worst is assumed. */
  private enterLoop(): void {
    this.since = { work: 'all', decisions: this.since.decisions }
  }

  /** All threads are about to read a buffer in order to decide where to go. */
  private decide(buffer: BufferId): void {
    this.before([], this.since.work !== 'none')
    this.since.decisions.add(buffer)
  }

  private before(writes: readonly BufferId[], conflict: boolean): void {
    const decided = [...this.since.decisions]
    if (!conflict && !writes.some(b => decided.some(d => this.mayOverlap(b, d)))) return
    this.f.get(thread).get(threads).call(this.barrier)
    this.since = { work: 'none', decisions: new Set() }
  }

  private copy(): Since {
    return { work: this.since.work, decisions: new Set(this.since.decisions) }
  }
}
