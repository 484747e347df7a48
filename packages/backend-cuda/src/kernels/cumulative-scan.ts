/** What the forms of a scan share. */
import { type Cumulative, neutralOf } from '@cotangent/core/kernel'
import type { MemoryId } from '../command.ts'
import { literal } from '../language/types.ts'

/** What a scan kernel is to do. */
export interface Scan {
  readonly kernel: Cumulative
  /** Elements of a chunk, the last one may have fewer. */
  readonly chunk: number
  readonly chunks: number
  /** `[outer, chunks - 1, inner]`: what comes before chunk 1, 2, .... */
  readonly before: MemoryId | undefined
}

export const neutral = ({ op, dtype }: Cumulative): string => literal(dtype, neutralOf(op, dtype))
