/** Which reductions core cuts in two Loops for this backend. */
import type { SplitLimits } from '@cotangent/core/kernel'

/**
 * A task is a row, which gets a warp or a block, or 32 columns, of which each gets up to 16 threads: 256 of them are two blocks for each
 * multiprocessor of a large GPU, and 1024 share evenly. Long columns need no cuts of their own.
 */
export const splitLimits: SplitLimits = {
  points: 1 << 16,
  lanes: 32,
  rowLanes: 1,
  enough: 256,
  tasks: 1024,
  block: 4096,
  column: Infinity,
  far: Infinity,
}
