/** The words at the bottom of memory by which threads meet. Those written by different threads lie in different cache lines. */
import { threading } from '../tuning.ts'
import { I32, I64, type Local, WasmFunction, type WasmModule } from '../wasm/assembler.ts'
import { sleb } from '../wasm/bytes.ts'

/** Indices into the memory as an Int32Array. */
export const control = {
  /** `generation << 11 | closed << 10 | joined`: the job on offer, and how many workers take part in it. Workers sleep on it. */
  ticket: 32,
  /** The job: executable number, frame, scratch of thread 0, scratch bytes of each thread. */
  job: 48,
  /** Workers that have finished their share. */
  done: 64,
  /** Threads that have arrived at the barrier. */
  arrived: 80,
  /** How often the barrier has opened. */
  opened: 96,
  /** Not 0 once a thread has failed in this job; in the line that waiting threads read anyway. */
  failed: 97,
  /** 1 if thread 0 may block: it is a worker, or not in a browser's window. */
  mainMayWait: 112,
  /** Raised when workers should look at their messages. */
  mail: 128,
  /** Two words a worker: whether it waits for jobs (workerState), and the number of executables it has installed. */
  workers: 144,
  /** A cache line a thread: how many of its share of the current phase's tasks have been taken. */
  taken: 1024,
} as const

export const maximumWorkers = 255
const cacheLine = 64
/** Bytes that the heap leaves alone; address 0 stays free to mean "none". */
export const controlBytes: number = 4 * control.taken + cacheLine * (maximumWorkers + 1)
export const takenWord = (thread: number): number => control.taken + (cacheLine / 4) * thread

export const closedBit: number = 1 << 10
export const joinedMask: number = closedBit - 1
export const generationStep: number = 1 << 11

/** About a minute of spinning: a thread that is gone becomes an error, not a hang. */
const spinLimitLog2 = 35
const atomicLoad = (f: WasmFunction, word: number): WasmFunction =>
  f
    .i32(0)
    .op(0xfe, 0x10)
    .op(2, ...offset(word))
const atomicStore = (f: WasmFunction, word: number, value: number): WasmFunction =>
  f
    .i32(0)
    .i32(value)
    .op(0xfe, 0x17)
    .op(2, ...offset(word))
/** Leaves the old value. */
const atomicAdd = (f: WasmFunction, word: number): WasmFunction =>
  f
    .i32(0)
    .i32(1)
    .op(0xfe, 0x1e)
    .op(2, ...offset(word))

const offset = (word: number): number[] => {
  const n = 4 * word
  return n < 128 ? [n] : [(n & 127) | 128, n >> 7]
}

const unreachable = 0x00

/**
 * `barrier(thread, threads)`: returns once all threads have called it. A counter of arrivals and a counter of openings (a sense-reversing
 * barrier: Mellor-Crummey and Scott, "Algorithms for scalable synchronization on shared-memory multiprocessors", 1991, section 3.1).
 * Traps when another thread has failed.
 */
export const barrierOf = (module: WasmModule): WasmFunction =>
  module.once('runtime.barrier', () => {
    const f = new WasmFunction('barrier', [I32, I32])
    const thread = 0,
      threads = 1,
      opened = f.local(I32),
      spins = f.local(I64)
    f.get(threads)
      .i32(1)
      .op(0x46)
      .if(() => f.return()) // i32.eq
    atomicLoad(f, control.opened).set(opened)
    atomicAdd(f, control.arrived)
      .i32(1)
      .add()
      .get(threads)
      .op(0x46)
      .if(
        () => {
          atomicStore(f, control.arrived, 0)
          resetTaken(f, threads)
          atomicAdd(f, control.opened).op(0x1a) // drop
        },
        () => {
          f.loop(() => {
            atomicLoad(f, control.opened)
              .get(opened)
              .op(0x47)
              .if(() => f.return()) // i32.ne
            atomicLoad(f, control.failed).if(() => f.op(unreachable))
            f.get(spins).op(0x42, 1).op(0x7c).tee(spins) // i64.const 1, i64.add
            f.op(0xa7)
              .i32(threading.looksBetweenNaps - 1)
              .op(0x71, 0x45)
              .if(() => {
                // i32.wrap_i64, i32.and, i32.eqz
                f.get(thread)
                atomicLoad(f, control.mainMayWait)
                  .op(0x72)
                  .if(() => nap(f, opened)) // i32.or
              })
            f.get(spins).op(0x42, spinLimitLog2).op(0x88).op(0x50) // i64.shr_u, i64.eqz
            f.brIf(0)
          })
          atomicStore(f, control.failed, 1).op(unreachable)
        },
      )
    return f
  })

/** memory.atomic.wait32 on the counter of openings, with a timeout: nobody has to wake the sleeper. */
const nap = (f: WasmFunction, opened: number): WasmFunction =>
  f
    .i32(0)
    .get(opened)
    .op(0x42, ...sleb(threading.nap))
    .op(0xfe, 0x01)
    .op(2, ...offset(control.opened))
    .op(0x1a)

/** Nothing of the next phase is taken yet. */
function resetTaken(f: WasmFunction, threads: Local): void {
  const thread = f.local(I32)
  f.loop(() => {
    f.get(thread)
      .i32(cacheLine)
      .mul()
      .i32(0)
      .op(0xfe, 0x17)
      .op(2, ...offset(control.taken))
    f.get(thread).i32(1).add().tee(thread).get(threads).op(0x49).brIf(0) // i32.lt_u
  })
}

/**
 * `take(thread, size, count)`: takes the next `size` of the `count` tasks in a thread's share, for that thread or for another that has
 * nothing left to do. Returns the first, or `count` or more when there are none.
 */
export const takeOf = (module: WasmModule): WasmFunction =>
  module.once('runtime.take', () => {
    const f = new WasmFunction('take', [I32, I32, I32], [I32])
    const thread = 0,
      size = 1,
      count = 2,
      place = f.local(I32)
    f.get(thread)
      .i32(cacheLine)
      .mul()
      .tee(place)
      .op(0xfe, 0x10)
      .op(2, ...offset(control.taken))
    f.get(count)
      .op(0x4f)
      .if(() => f.get(count).return()) // i32.ge_u; a look does not disturb the others as an addition would
    f.get(place)
      .get(size)
      .op(0xfe, 0x1e)
      .op(2, ...offset(control.taken))
    return f
  })

/** `share(tasks, thread, threads)`: the first task of a thread, `floor(tasks * thread / threads)`. */
export const shareOf = (module: WasmModule): WasmFunction =>
  module.once('runtime.share', () => {
    const f = new WasmFunction('share', [I32, I32, I32], [I32])
    const wide = (local: number): WasmFunction => f.get(local).op(0xad) // i64.extend_i32_u
    wide(0)
    wide(1).op(0x7e) // i64.mul
    wide(2).op(0x80).op(0xa7) // i64.div_u, i32.wrap_i64
    return f
  })
