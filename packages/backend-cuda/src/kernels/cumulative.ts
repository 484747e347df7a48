/**
 * Cumulative: the scan of a line of `length` elements, `inner` apart. Long lines, and lines that are few, are cut in chunks: totals of chunks,
 * their own scan, and a scan of each chunk that starts from the total before it. So all is read twice and written once, where one chunk
 * would keep all but one multiprocessor idle. The order is fixed by the shape, and sums are trees, whose errors do not grow with the length.
 */
import type { Cumulative, Loop } from '@cotangent/core/kernel'
import type { Command, EmitContext, MemoryId } from '../command.ts'
import { scanAcross } from './cumulative-columns.ts'
import { scanAlong } from './cumulative-rows.ts'
import type { Scan } from './cumulative-scan.ts'
import { emitLoop } from './loop.ts'

/** Elements of a line that a block scans, four a thread, in four rounds. */
const CHUNK = 4096
/** The same where there are lines enough for all multiprocessors. */
const LONG_CHUNK = 32768
const ENOUGH = 512
/** Threads that a large GPU keeps busy. */
const MANY = 1 << 16
/** The shortest chunk of a line that one thread walks. */
const SHORTEST = 64

export function emitCumulative(context: EmitContext, kernel: Cumulative): readonly Command[] {
  const { outer, length, inner } = kernel
  if (outer * length * inner === 0) return []
  const chunk = chunkOf(kernel),
    chunks = Math.ceil(length / chunk)
  if (chunks === 1) return scan(context, { kernel, chunk, chunks, before: undefined })
  const spec = { dtype: kernel.dtype, size: outer * (chunks - 1) * inner }
  const totals = context.temporary(spec),
    before = context.temporary(spec)
  return [
    ...emitLoop(context, totalsOf(kernel, chunk, chunks, totals)),
    ...emitCumulative(context, { ...kernel, length: chunks - 1, reverse: false, input: totals, output: before }),
    ...scan(context, { kernel, chunk, chunks, before }),
  ]
}

const scan = (context: EmitContext, what: Scan): readonly Command[] =>
  what.kernel.inner === 1 ? scanAlong(context, what) : scanAcross(context, what)

function chunkOf({ outer, length, inner }: Cumulative): number {
  if (inner === 1) return Math.min(length, outer < ENOUGH ? CHUNK : LONG_CHUNK)
  const wanted = Math.ceil(MANY / (outer * inner))
  return Math.min(length, Math.max(SHORTEST, Math.ceil(length / wanted)))
}

/** The first element, in order of memory, of a chunk that has `chunk` elements: `first + k * step` of a line. */
export const placeOfChunks = ({ length, reverse }: Cumulative, chunk: number): { readonly first: number; readonly step: number } =>
  reverse ? { first: length - chunk, step: -chunk } : { first: 0, step: chunk }

/** The totals of all chunks but the last. */
function totalsOf(kernel: Cumulative, chunk: number, chunks: number, to: MemoryId): Loop {
  const { op, dtype, outer, length, inner, input } = kernel,
    { first, step } = placeOfChunks(kernel, chunk)
  return {
    kind: 'loop',
    extents: [outer, chunks - 1, inner, chunk],
    parallel: 3,
    body: [{ op: 'load', buffer: input, dtype, map: { offset: first * inner, strides: [length * inner, step * inner, 1, inner] } }],
    bodyStores: [],
    reductions: [{ op, dtype, value: 0 }],
    epilogue: [{ op: 'reduced', dtype, index: 0 }],
    stores: [{ buffer: to, map: { offset: 0, strides: [(chunks - 1) * inner, inner, 1] }, value: 0 }],
  }
}
