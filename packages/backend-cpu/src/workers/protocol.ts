/** What main thread and workers agree on. A job is offered by a ticket that workers join; whoever has not joined when it closes is not needed. */
import { closedBit, control, generationStep, joinedMask } from '../runtime/control.ts'
import { type Main, link } from '../runtime/host.ts'
import { threading } from '../tuning.ts'

/** The words of worker `slot`. */
export const readyWord = (slot: number): number => control.workers + 2 * slot
export const installedWord = (slot: number): number => control.workers + 2 * slot + 1

/** What the ready word says. */
export const workerState = { away: 0, awake: 1, asleep: 2 } as const

export const isClosed = (ticket: number): boolean => (ticket & closedBit) !== 0
export const joinedOf = (ticket: number): number => ticket & joinedMask
export const generationOf = (ticket: number): number => ticket & ~(closedBit | joinedMask)
export const nextTicket = (ticket: number): number => (generationOf(ticket) + generationStep) | 0
const previousTicket = (ticket: number): number => (generationOf(ticket) - generationStep) | 0

/** What the main thread calls in a worker, by messages. */
export interface WorkerApi {
  start(slot: number, memory: WebAssembly.Memory): void
  /** `count` is how many executables have been sent so far. */
  install(id: number, module: WebAssembly.Module, count: number): void
  remove(id: number): void
  /** Takes the share of one of `threads` workers in a run in which the main thread has none. `scratch` is that of thread 0. */
  run(id: number, frame: number, scratch: number, stride: number, thread: number, threads: number): void
  /** Works on jobs until there is mail later than number `mail`. */
  serve(mail: number): void
}

export function makeWorker(): WorkerApi {
  const mains = new Map<number, Main>()
  let memory: WebAssembly.Memory,
    words: Int32Array,
    slot = 0
  return {
    start(s, m) {
      slot = s
      memory = m
      words = new Int32Array(m.buffer)
    },
    install(id, module, count) {
      mains.set(id, link(module, memory))
      Atomics.store(words, installedWord(slot), count)
    },
    remove: id => void mains.delete(id),
    run(id, frame, scratch, stride, thread, threads) {
      try {
        ;(mains.get(id) as Main)(frame, scratch + thread * stride, thread, threads)
      } catch (error) {
        Atomics.store(words, control.failed, 1) // the others shall not wait at a barrier
        throw error
      }
    },
    serve(mail) {
      const ready = readyWord(slot)
      Atomics.store(words, ready, workerState.awake)
      serveJobs(words, ready, mains, mail)
      Atomics.store(words, ready, workerState.away)
    },
  }
}

function serveJobs(words: Int32Array, ready: number, mains: ReadonlyMap<number, Main>, mail: number): void {
  let seen = previousTicket(Atomics.load(words, control.ticket)) // the job on offer may still be joined; and none that comes meanwhile is missed
  for (;;) {
    const ticket = awaitTicket(words, ready, generationOf(seen))
    if (Atomics.load(words, control.mail) !== mail) return
    seen = ticket
    const main = mains.get(words[control.job] as number)
    if (main === undefined) continue
    const thread = join(words, ticket)
    if (thread > 0) work(words, main, thread)
  }
}

/** The first ticket of another generation. Spins for a while, then sleeps. */
function awaitTicket(words: Int32Array, ready: number, generation: number): number {
  const start = performance.now()
  for (;;) {
    for (let i = 0; i < threading.looksBetweenClockReads; i++) {
      const ticket = Atomics.load(words, control.ticket)
      if (generationOf(ticket) !== generation) return ticket
    }
    if (performance.now() - start > threading.spin) break
  }
  for (;;) {
    const ticket = Atomics.load(words, control.ticket)
    if (generationOf(ticket) !== generation) return ticket
    Atomics.store(words, ready, workerState.asleep)
    Atomics.wait(words, control.ticket, ticket)
    Atomics.store(words, ready, workerState.awake)
  }
}

/** This thread's number in the job, or 0 if the job has closed. The job's words are valid because the ticket has not changed since. */
function join(words: Int32Array, ticket: number): number {
  for (let t = ticket; !isClosed(t) && generationOf(t) === generationOf(ticket); ) {
    const now = Atomics.compareExchange(words, control.ticket, t, t + 1)
    if (now === t) return joinedOf(t) + 1
    t = now
  }
  return 0
}

function work(words: Int32Array, main: Main, thread: number): void {
  const frame = words[control.job + 1] as number,
    scratch = words[control.job + 2] as number,
    stride = words[control.job + 3] as number
  let ticket: number
  do ticket = Atomics.load(words, control.ticket)
  while (!isClosed(ticket))
  try {
    main(frame, scratch + thread * stride, thread, joinedOf(ticket) + 1)
  } catch {
    Atomics.store(words, control.failed, 1)
  }
  Atomics.add(words, control.done, 1)
}
