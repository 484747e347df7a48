/**
 * All numbers that measurements chose, with the measurement: what a larger or smaller one costs. Numbers that follow from something else
 * (a format, a proof, a bound of an error) stand where they are used.
 *
 * The machine, unless another is named: two cores of an AMD EPYC (64 KB L1, 1 MB L2 a core, 32 MB L3), Node 26. "GF" are 1e9 float operations
 * a second. `bench/tune.ts` tries other values.
 * Cuts depend on shapes and on these numbers alone, so results do not depend on threads; another number may give other bits.
 */

// ---- with and without relaxed SIMD, and with vectors in pairs

/** What depends on `relaxed_madd` and on whether the engine makes one 256-bit instruction of two neighbouring vectors. */
export interface Column {
  /** Vector registers that sums, columns of b and an element of a may take. */
  readonly registers: number
  /** Vectors of four floats in one register. */
  readonly vectors: number
  /** Nanoseconds of one multiply-add in the micro-kernel. */
  readonly multiplyAdd: number
}

/**
 * Which column a machine takes is decided by a probe (`runtime/features.ts`), or by `cpu({ fma: false })`.
 *
 * Relaxed: 15 of 16 registers (one is V8's own) hold a tile of 6 x 8: 12 sums, 2 of b, 1 of a. It reaches 95 % of 51.8 GF (Zen 3); 5 x 8, 4 x 8
 * and 3 x 12 are equal within the noise; 4 x 12, 3 x 16, 4 x 16 and 8 x 8 spill and run at half the rate.
 * Plain: a product needs a register more, so the tile is 5 x 8: 22 to 27 GF.
 * Wide (`cpu({ wide: true })`): the same registers hold 6 x 16: 111 GF; 6 x 8 leave too few sums for the latency of an addition: 80 GF.
 */
const columns: Readonly<Record<'wide' | 'relaxed' | 'plain', Column>> = {
  wide: { registers: 15, vectors: 2, multiplyAdd: 2 / 92 },
  relaxed: { registers: 15, vectors: 1, multiplyAdd: 2 / 46 },
  plain: { registers: 14, vectors: 1, multiplyAdd: 2 / 25 },
}
/** What the engine can do: see EmitContext. */
export interface Engine {
  readonly fma: boolean
  readonly wide?: boolean
}
export const columnFor = (engine: Engine): Column => (engine.fma ? (engine.wide === true ? columns.wide : columns.relaxed) : columns.plain)

// ---- contractions

export interface ContractionTuning {
  /** Floats of a packed block of a: a quarter and four times as many are equal within 1 % on matmul_1024, four times cost cnn_b64_train 8 %. */
  readonly blockA: number
  /**
   * Floats of a packed part of b, and of a footprint of b, which is not cut. A part is read once for each block of rows: it stays in the L2. A
   * quarter costs matmul_1024 7 %, four times as many cost mlp512_b128_train 3 %.
   */
  readonly blockB: number
  readonly footprintB: number
  /**
   * Rows of a block where a is read in place: 48 with all panels inside gave 94 % of the peak on 528x512x512, columns outside 85 %. 12 and 192
   * are within 1.5 % on matmul_1024 and mlp512_b128_train.
   */
  readonly blockRows: number
  /**
   * Arrays that an epilogue reads or writes from which a block of rows is one tile: then it goes along their rows, which memory delivers in
   * sequence. The gradient of gelu, 1024x1024x256 with two loads and a store: 12.2 -> 10.9 ms, with wide vectors 7.1 -> 6.0.
   */
  readonly manyStreams: number
  /**
   * Reduced elements that one pass may have, and the length of a pass when there are more: a panel of b of 8 columns is 16 or 32 KB of L1. Passes
   * of 256 and 1024 are equal within 1.5 %.
   */
  readonly wholeK: number
  readonly blockK: number
  /** Few rows times a matrix: so many lines of b at a time, which memory delivers in sequence. */
  readonly sweepK: number
  /** Units that a kernel of some size should have, so that they spread evenly over threads; multiply-adds that a unit should have at least. */
  readonly manyUnits: number
  readonly unitWork: number
  /** Runs of reduced elements up to here are unrolled whole (runs of 14 unrolled by 2 lost a quarter of the speed), longer ones by so many. */
  readonly unrollWhole: number
  readonly unroll: number
  /** Chains of additions of the routine for one row, which keep a processor's adders busy. */
  readonly chains: number
  /** Index tuples that a fixed tiling may have: each tile is code of its own. The gain in rows that is worth tiles of different kinds. */
  readonly maximumTuples: number
  readonly worthTiling: number
  /** Multiply-adds that are worth a second phase, which adds the partial sums of blocks that were dealt out. */
  readonly worthDealing: number
  /** Floats of partial sums that a thread may keep while it goes through the blocks of the reduced axes. */
  readonly partials: number
  /** Emitted instructions (roughly) of an epilogue above which rows are looped over instead of being written out. */
  readonly writtenOut: number
  /** Nanoseconds for a float that is packed, and for one that comes from memory. */
  readonly pack: number
  readonly move: number
  /** Floats between the transforms of a block of a convolution in Winograd's form: conv_56 12.5 ms on one core with 256 K, 13.8 with 512 K. */
  readonly winograd: number
}

const KILO = 1024
export const contraction: ContractionTuning = {
  blockA: 32 * KILO,
  blockB: 48 * KILO,
  footprintB: 256 * KILO,
  blockRows: 48,
  manyStreams: 3,
  wholeK: 1024,
  blockK: 512,
  sweepK: 8,
  manyUnits: 32,
  unitWork: 256 * KILO,
  unrollWhole: 16,
  unroll: 4,
  chains: 8,
  maximumTuples: 64,
  worthTiling: 1.1,
  worthDealing: 2 ** 21,
  partials: 1 << 20,
  writtenOut: 400,
  pack: 0.25,
  move: 0.2,
  winograd: 256 * KILO,
}

// ---- loops, sorts, scatters

export interface LoopTuning {
  /** Nanoseconds of work worth a task of its own: 1000 and 16,000 are equal within 1 % on softmax_1024 and gelu_1m_fused. */
  readonly task: number
  /** Copies of a body in flight; two above the first cost (nanoseconds for four elements), one above the second: its code is long by itself. */
  readonly copies: number
  readonly twoCopies: number
  readonly oneCopy: number
  /**
   * Elementwise bodies from this cost on have more copies, which share the loads of their constants: a million of tanh 0.93 -> 0.82 ms, of exp
   * 0.54 -> 0.52, of gelu in one loop 1.21 -> 1.14, of sin 1.03 -> 1.04; exp with a sum beside it 0.62 -> 0.63, so reductions keep to the others.
   */
  readonly longBody: number
  readonly longBodyCopies: number
  /**
   * Accumulators of one long sum: four wait for the latency of an addition; eight fit the registers with a compensated total if each vector is
   * added before the next is loaded. A sum of 4 MB: 54 -> 43 us, of 16 MB 246 -> 235 us, which is the bandwidth of the L3.
   */
  readonly chainCopies: number
  /** Elements along the vectors from which a chain is long. */
  readonly longChain: number
  /** Rows of a tile of a transposition: their cache lines stay in the first level together, also when their distance is a power of two. */
  readonly tile: number
  /** Vectors of a running sum side by side: a cache line of float32. */
  readonly cumulativeCopies: number
  /** Rows up to this length are sorted by insertion; up to so many rows each has working memory of its own; elements of a task. */
  readonly insertion: number
  readonly fewRows: number
  readonly sortTask: number
  /** Columns of a scatter that are a task of their own. */
  readonly scatterPiece: number
}

export const loops: LoopTuning = {
  task: 4000,
  copies: 4,
  twoCopies: 8,
  oneCopy: 20,
  longBody: 3,
  longBodyCopies: 6,
  chainCopies: 8,
  longChain: 512,
  tile: 8,
  cumulativeCopies: 4,
  insertion: 32,
  fewRows: 64,
  sortTask: 1024,
  scatterPiece: 64,
}

/** Nanoseconds for four elements of float32 on one core of about 3.5 GHz, as measured; all that is not here takes `otherInstruction`. */
export const instructionCosts: Readonly<Record<string, number>> = {
  exp: 3,
  log: 4,
  tanh: 4,
  sin: 4,
  cos: 4,
  tan: 9,
  expm1: 6,
  log1p: 14,
  asin: 24,
  acos: 24,
  atan: 16,
  atan2: 17,
  sinh: 10,
  cosh: 8,
  asinh: 29,
  acosh: 25,
  atanh: 19,
  erf: 17,
  pow: 28,
  div: 0.8,
  sqrt: 1.2,
  rem: 4,
}
/** An instruction besides those; four scalar calls of the host, for float64; a division or remainder of integers. */
export const otherInstruction = 0.1
export const hostCalls = 130
export const integerDivision = 2.5
/** Moving four elements: from one address, side by side, reversed or every other one, far apart. What an index from a buffer and a guard add. */
export const moveCosts = { still: 0.1, next: 0.15, near: 0.3, far: 2, gather: 1.5, guard: 0.5 } as const
/** Nanoseconds to begin a run of vectors, and to combine the lanes of one reduction. */
export const beginCost = 2
export const combineCost = 8
/** Nanoseconds of one element of a running sum side by side with others and along the vectors, and of a scatter. */
export const cumulativeCost = { beside: 1, along: 0.5 } as const
export const scatterCost = 0.6
/** Nanoseconds of one element of a sort of rows of this length. */
export const sortCost = (length: number): number => (length <= loops.insertion ? 2 + length / 7 : 10)

// ---- threads: times in nanoseconds unless another unit is named

export interface ThreadTuning {
  /** Phases below this are done by one thread: two barriers take about 1 microsecond, and its data move between cores. */
  readonly worthSharing: number
  /** Runs from which several threads are worth it when the workers are awake, and when they sleep: waking takes 20 to 120 microseconds. */
  readonly worthForking: number
  readonly worthWaking: number
  /** Shareable work from which the workers are started: the start of one takes 18 milliseconds, and 13 MB in Node (9 MB for an empty one). */
  readonly worthStarting: number
  /** Runs from which an executable is sent to the workers when it is first run. */
  readonly longJob: number
  /** Phases from which a thread's share is taken in pieces: they cost packing again, and save waiting for a thread that does not run. */
  readonly longPhase: number
  /** Iterations that a while loop is taken to make, for its cost only. */
  readonly iterations: number
  /** Independent iterations of a scan from which a thread does whole ones alone. */
  readonly iterationsToShare: number
  /** Milliseconds after a job in which the next one counts as following it at once. */
  readonly burst: number
  /**
   * Milliseconds for which a worker looks for the next job before it sleeps: longer than a run that does not wait for sleepers (`worthWaking`),
   * or such a run, done alone, would always find its worker asleep again (additions of 1M: shared in 50 % of the runs with 0.15, 75 % with 0.4).
   */
  readonly spin: number
  readonly looksBetweenClockReads: number
  /** Milliseconds to wait for workers to join: those awake answer at once unless the machine is busy, others have to wake up. */
  readonly awakePatience: number
  readonly asleepPatience: number
  /** A long job waits longer: this part of its time, up to so many milliseconds. */
  readonly patientPart: number
  readonly mostPatience: number
  /**
   * Every so many looks (about 0.8 milliseconds) a thread at a barrier gives its core away for a moment, in case the others need it. Waking up
   * takes as long as a short phase, so shorter waits are spun: with naps after 50 microseconds a convolution in 50 blocks took twice as long.
   */
  readonly looksBetweenNaps: number
  readonly nap: number
}

export const threading: ThreadTuning = {
  worthSharing: 10_000,
  worthForking: 25_000,
  worthWaking: 250_000,
  worthStarting: 20_000_000,
  longJob: 1_000_000,
  longPhase: 2_000_000,
  iterations: 16,
  iterationsToShare: 4,
  burst: 0.5,
  spin: 0.5,
  looksBetweenClockReads: 200,
  awakePatience: 0.02,
  asleepPatience: 0.2,
  patientPart: 0.05,
  mostPatience: 2,
  looksBetweenNaps: 1 << 19,
  nap: 50_000,
}

/**
 * When an executable is tried on the other number of threads (`workers/pace.ts`). Beside a process that burns one of two cores two threads take
 * 0.98 to 1.09 of one thread's time (`bench/busy.ts`; add_1m 2.17 -> 1.02, mlp64_b32_train 2.42 -> 1.00, cnn_b64_train 2.38 -> 1.09). With
 * intervals from 8 windows on cnn_b64_train took 1.22: three runs of 60 ms instead of 23 every half second.
 */
export interface PaceTuning {
  /** A window has at least so many runs and milliseconds, its longest run not counted: several time slices of another process. */
  readonly windowRuns: number
  readonly window: number
  /** Runs of one trial: the first of them wakes the workers and does not count. */
  readonly trialRuns: number
  /** Windows before the first trial, and between two: more each time that a trial was in vain. */
  readonly firstTrial: number
  readonly shortestInterval: number
  readonly longestInterval: number
  /** The other way must take less than this part of the time to be taken. */
  readonly clearly: number
  /** Milliseconds without a run after which an executable begins again with several threads. */
  readonly pause: number
}

export const pacing: PaceTuning = {
  windowRuns: 3,
  window: 20,
  trialRuns: 3,
  firstTrial: 2,
  shortestInterval: 32,
  longestInterval: 128,
  clearly: 0.95,
  pause: 500,
}

// ---- memory, in bytes

export interface MemoryTuning {
  /** Blocks up to here are cut from slabs of so many bytes. */
  readonly small: number
  readonly slab: number
  /** The memory grows by at least this, and by this part of its size. */
  readonly growth: number
  readonly growthPart: number
  /** A workspace up to here is kept between runs; a larger one goes back to the heap, whose lists find it again in constant time. */
  readonly workspace: number
  /**
   * Garbage that may gather inside one task. 100,000 additions of 1 MB tensors with nothing freed: 512 MB 115 us each, 64 MB 230 us,
   * 16 MB 620 us with full collections only.
   */
  readonly budget: number
  /** New buffers between two searches among young handles: about a large cache, so that memory is used again while it is hot (168 -> 96 us). */
  readonly young: number
  /** Searches among young handles may take this share of the time. */
  readonly searchShare: number
}

const MEBI = 2 ** 20
export const memory: MemoryTuning = {
  small: 8 * KILO,
  slab: 64 * KILO,
  growth: 16 * MEBI,
  growthPart: 1 / 8,
  workspace: 64 * MEBI,
  budget: 512 * MEBI,
  young: 32 * MEBI,
  searchShare: 0.2,
}
