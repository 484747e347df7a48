/**
 * Runs executables on several threads. The calling thread takes a share, workers the rest. Nothing ever waits for a worker that has not
 * joined a job: workers start late, sleep, or die without more harm than fewer threads.
 *
 * In an asynchronous run the workers are alone. They are told by messages and answer by messages, so that the calling thread's event loop
 * turns; until they have answered, synchronous runs do without them.
 */
import { fail, invariant } from '@cotangent/core/kernel'
import { closedBit, control, maximumWorkers, takenWord } from '../runtime/control.ts'
import { canWait } from '../runtime/environment.ts'
import type { Job, Runner } from '../runtime/executable.ts'
import type { Memory } from '../runtime/memory.ts'
import { pacing, threading } from '../tuning.ts'
import { LostError, Member } from './member.ts'
import { Pace } from './pace.ts'
import { installedWord, joinedOf, nextTicket, readyWord, workerState } from './protocol.ts'
import { startThread } from './thread.ts'

/** A worker that takes this much longer than the calling thread did is taken to be gone. */
const hangMilliseconds = 20_000
const hangFactor = 50

/** Milliseconds. */
function patienceFor({ cost }: Job, asleep: boolean): number {
  const milliseconds = cost / 1e6
  return Math.min(
    milliseconds / 3,
    Math.max(
      asleep ? threading.asleepPatience : threading.awakePatience,
      Math.min(threading.patientPart * milliseconds, threading.mostPatience),
    ),
  )
}

export interface PoolOptions {
  readonly memory: Memory
  /** In all, with the calling thread. */
  readonly threads: number
  /** Told at most once when threads are lost. */
  readonly report?: ((message: string) => void) | undefined
  /** For tests. */
  readonly start?: typeof startThread
}

interface Installation {
  readonly id: number
  /** How many executables had been sent when this one had; Infinity before it is sent. */
  position: number
}

const failKernel = (cause: unknown): never =>
  fail('BackendError', 'cpu: a kernel failed on one of several threads. Run again with threads: 1 to see where.', cause)
const failDisposed = (): never => fail('BackendError', 'cpu: the backend was disposed before an asynchronous run had ended.')

export class Pool implements Runner {
  readonly threads: number
  private readonly options: PoolOptions
  private readonly mayWait: boolean = canWait()
  /** By slot; undefined once lost. */
  private workers: (Member | undefined)[] | undefined
  private readonly installations = new Map<Job, Installation>()
  private readonly paces = new WeakMap<Job, Pace>()
  private nextId = 1
  private sent = 0
  private lastEnd = -Infinity
  /** Nanoseconds of work that workers could have shared before there were any. */
  private missed = 0
  private reported = false
  private stopped = false
  private inFlight = false
  /** The workers of an asynchronous run, which has the words by which threads meet. */
  private team: readonly Member[] | undefined
  /** Runs that used more than one thread: for tests and reports. */
  parallelRuns = 0
  /** Asynchronous runs that workers did. */
  asyncRuns = 0

  constructor(options: PoolOptions) {
    this.options = options
    this.threads = Math.max(1, Math.min(options.threads, maximumWorkers + 1))
    Atomics.store(options.memory.words, control.ticket, closedBit)
    Atomics.store(options.memory.words, control.mainMayWait, this.mayWait ? 1 : 0)
  }

  run(job: Job): void {
    if (job.cost < threading.worthForking || this.stopped || this.team !== undefined || this.threads === 1)
      return job.main(job.frame, job.scratch, 0, 1)
    const start = performance.now()
    const pace = this.paceOf(job, start)
    const joined = pace.shared ? this.offer(job) : 0
    try {
      if (joined === 0) job.main(job.frame, job.scratch, 0, 1)
      else this.together(job, joined)
    } finally {
      this.lastEnd = performance.now()
    }
    pace.lastEnd = this.lastEnd
    if (joined === 0) pace.ranAlone(this.lastEnd - start)
    else pace.ranTogether(this.lastEnd - start)
  }

  async runAsync(job: Job, frame: number, scratch: number): Promise<void> {
    invariant(!this.inFlight, 'cpu: two asynchronous runs at once')
    this.inFlight = true
    try {
      const members = await this.startedMembers()
      if (members.length > 0) await this.away(job, frame, scratch, job.cost < threading.worthForking ? members.slice(0, 1) : members)
      else await this.later(() => job.main(frame, scratch, 0, 1))
    } finally {
      this.inFlight = false
    }
  }

  /** After a pause nothing is known of the other cores. */
  private paceOf(job: Job, now: number): Pace {
    let pace = this.paces.get(job)
    if (pace === undefined || now - pace.lastEnd > pacing.pause) this.paces.set(job, (pace = new Pace()))
    return pace
  }

  forget(job: Job): void {
    const installation = this.installations.get(job)
    if (installation === undefined) return
    this.installations.delete(job)
    for (const worker of this.workers ?? []) this.post(worker?.api.remove(installation.id))
  }

  /** Workers that are ready for jobs. */
  get ready(): number {
    const { words } = this.options.memory
    return (this.workers ?? []).filter((w, slot) => w !== undefined && Atomics.load(words, readyWord(slot)) !== workerState.away).length
  }

  async dispose(): Promise<void> {
    this.stopped = true
    const workers = this.workers ?? []
    this.workers = []
    this.ring()
    await Promise.all(workers.map(w => w?.terminate()))
  }

  // ---- asynchronous runs

  /** The workers that have started; if none has, the first that does. The process stays alive meanwhile. */
  private async startedMembers(): Promise<readonly Member[]> {
    if (this.threads === 1 || this.stopped) return []
    this.workers ??= this.startWorkers()
    const members = (): Member[] => (this.workers ?? []).filter(m => m !== undefined)
    const all = members()
    if (!all.some(m => m.hasStarted)) {
      const mail = this.ring() // whoever looks for jobs already has not answered yet
      for (const m of all) m.keepAlive(true)
      await Promise.any(all.map(m => m.started)).catch(() => {}) // all lost, or there were none
      for (const m of all) m.keepAlive(false)
      this.serve(mail)
    }
    return members().filter(m => m.hasStarted)
  }

  /** Without workers: on the calling thread, but not now. */
  private async later(run: () => void): Promise<void> {
    await new Promise<void>(resolve => setTimeout(resolve))
    if (this.stopped) failDisposed()
    run()
  }

  /** Gives the job to the team and waits for all answers: until then a member may still be at work. */
  private async away(job: Job, frame: number, scratch: number, team: readonly Member[]): Promise<void> {
    if (this.stopped) failDisposed()
    const { words } = this.options.memory
    const installation = this.installationOf(job)
    if (installation.position === Infinity) this.send(job, installation)
    this.resetTaken()
    Atomics.store(words, control.mainMayWait, 1) // thread 0 is a worker
    this.team = team
    const mail = this.ring()
    const answers = team.map((m, thread) => {
      m.keepAlive(true)
      return m.orLost(m.api.run(installation.id, frame, scratch, job.scratchBytes, thread, team.length))
    })
    const settled = await Promise.allSettled(answers)
    for (const m of team) m.keepAlive(false)
    this.serve(mail) // not before: who looks for jobs does not answer
    this.team = undefined
    Atomics.store(words, control.mainMayWait, this.mayWait ? 1 : 0)
    this.resetFailure()
    if (this.stopped) failDisposed()
    const reasons = settled.flatMap(s => (s.status === 'rejected' ? [s.reason as unknown] : []))
    const loss = reasons.find(r => r instanceof LostError)
    if (loss !== undefined)
      fail('BackendError', 'cpu: a worker thread was lost during an asynchronous run. Run again: those that are left will do it.', loss)
    if (reasons.length > 0) failKernel(reasons[0])
    this.asyncRuns++
  }

  // ---- offering a job

  /** Offers the job to the workers and returns how many take part. */
  private offer(job: Job): number {
    const { words } = this.options.memory
    const installation = this.install(job)
    const { awake, asleep } = this.able(installation)
    const wake = asleep > 0 && (job.cost >= threading.worthWaking || performance.now() - this.lastEnd < threading.burst)
    if (awake === 0 && !wake) return 0
    this.open(job, installation, wake)
    const all = asleep > 0 && job.cost >= threading.worthWaking
    this.awaitJoined(all ? awake + asleep : awake, patienceFor(job, all))
    return joinedOf(Atomics.or(words, control.ticket, closedBit))
  }

  /** How many workers could take the job, by whether they are awake. */
  private able(installation: Installation): { readonly awake: number; readonly asleep: number } {
    const { words } = this.options.memory,
      workers = this.workers ?? []
    const count = { awake: 0, asleep: 0 }
    for (let slot = 0; slot < workers.length; slot++) {
      if (workers[slot] === undefined || Atomics.load(words, installedWord(slot)) < installation.position) continue
      const state = Atomics.load(words, readyWord(slot))
      if (state === workerState.awake) count.awake++
      else if (state === workerState.asleep) count.asleep++
    }
    return count
  }

  private open(job: Job, installation: Installation, wake: boolean): void {
    const { words } = this.options.memory
    words[control.job] = installation.id
    words[control.job + 1] = job.frame
    words[control.job + 2] = job.scratch
    words[control.job + 3] = job.scratchBytes
    Atomics.store(words, control.done, 0)
    this.resetTaken()
    Atomics.store(words, control.ticket, nextTicket(Atomics.load(words, control.ticket)))
    if (wake) Atomics.notify(words, control.ticket)
  }

  private resetTaken(): void {
    for (let thread = 0; thread < this.threads; thread++) Atomics.store(this.options.memory.words, takenWord(thread), 0)
  }

  private awaitJoined(wanted: number, milliseconds: number): void {
    const { words } = this.options.memory
    const end = performance.now() + milliseconds
    do {
      for (let i = 0; i < 100; i++) if (joinedOf(Atomics.load(words, control.ticket)) >= wanted) return
    } while (performance.now() < end)
  }

  // ---- doing it

  private together(job: Job, joined: number): void {
    const { words } = this.options.memory
    const start = performance.now()
    let cause: unknown
    try {
      job.main(job.frame, job.scratch, 0, joined + 1)
    } catch (error) {
      cause = error
      Atomics.store(words, control.failed, 1)
    }
    const complete = this.awaitDone(joined, hangMilliseconds + hangFactor * (performance.now() - start))
    if (!complete) this.abandon('a worker did not finish its share')
    if (!complete || Atomics.load(words, control.failed) !== 0) {
      this.resetFailure()
      failKernel(cause)
    }
    this.parallelRuns++
  }

  /** Have all workers finished in time? Spins, and after a while gives the core away between looks where that is allowed. */
  private awaitDone(joined: number, limit: number): boolean {
    const { words } = this.options.memory
    let start = 0
    for (;;) {
      for (let i = 0; i < 500; i++) if (Atomics.load(words, control.done) === joined) return true
      const now = performance.now()
      if (start === 0) start = now
      else if (now - start > limit) return false
      else if (now - start > 0.05 && this.mayWait) Atomics.wait(words, control.done, Atomics.load(words, control.done), 0.05)
    }
  }

  private resetFailure(): void {
    const { words } = this.options.memory
    Atomics.store(words, control.arrived, 0)
    Atomics.store(words, control.failed, 0)
  }

  // ---- workers

  /**
   * The workers get an executable when it runs for the second time, or at once if it is long. They have it for a later run. They start when
   * the work that they would have shared has taken about as long as starting them does: a short program does without.
   */
  private install(job: Job): Installation {
    const first = !this.installations.has(job),
      installation = this.installationOf(job)
    if (this.workers === undefined) this.missed += job.cost
    const worth = this.workers !== undefined || this.missed >= threading.worthStarting
    if (worth && installation.position === Infinity && (!first || job.cost >= threading.longJob)) this.send(job, installation)
    return installation
  }

  private installationOf(job: Job): Installation {
    let installation = this.installations.get(job)
    if (installation === undefined) this.installations.set(job, (installation = { id: this.nextId++, position: Infinity }))
    return installation
  }

  private send(job: Job, installation: Installation): void {
    this.workers ??= this.startWorkers()
    installation.position = ++this.sent
    const mail = this.ring()
    for (const worker of this.workers) this.post(worker?.api.install(installation.id, job.module, installation.position))
    this.serve(mail)
  }

  private startWorkers(): (Member | undefined)[] {
    const { start = startThread, memory } = this.options
    return Array.from({ length: this.threads - 1 }, (_, slot) => {
      try {
        const member = new Member(start, slot, memory, reason => this.lose(slot, reason))
        this.post(member.started)
        return member
      } catch (error) {
        this.warn(String(error))
        return undefined
      }
    })
  }

  /** Makes workers leave their jobs for their messages; returns the number of this ring. */
  private ring(): number {
    const { words } = this.options.memory
    const mail = Atomics.add(words, control.mail, 1) + 1
    Atomics.store(words, control.ticket, nextTicket(Atomics.load(words, control.ticket)) | closedBit)
    Atomics.notify(words, control.ticket)
    return mail
  }

  /** Makes workers look for jobs until the next ring. */
  private serve(mail: number): void {
    for (const worker of this.workers ?? []) this.post(worker?.api.serve(mail))
  }

  /** Answers carry nothing; a call that fails means that the worker is of no use. */
  private post(answer: Promise<void> | undefined): void {
    answer?.catch((error: unknown) => this.warn(String(error)))
  }

  private lose(slot: number, reason: string): void {
    const { workers = [] } = this
    const member = workers[slot]
    if (this.stopped || member === undefined) return
    workers[slot] = undefined
    Atomics.store(this.options.memory.words, readyWord(slot), 0)
    if (this.team?.includes(member)) Atomics.store(this.options.memory.words, control.failed, 1) // the others shall not wait for it at a barrier
    this.warn(reason)
  }

  private abandon(reason: string): void {
    for (const worker of this.workers ?? []) void worker?.terminate()
    this.workers = []
    this.warn(reason)
  }

  private warn(reason: string): void {
    if (this.reported || this.stopped) return
    this.reported = true
    this.options.report?.(`cpu: worker threads were lost (${reason}); continuing with fewer.`)
  }
}
