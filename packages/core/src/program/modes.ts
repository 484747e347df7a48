/**
 * Debug modes that change what tracing records. A function that was traced in other modes is traced again, so `jit` has `traceModes` in its key.
 * The user's lines are looked up in these modes only, since that takes longer than tracing itself.
 */
import type { Tensor } from '../tensor.ts'
import { showLine, userLine } from '../userLine.ts'

export interface TraceModes {
  /** Equations know the user's line that made them. */
  readonly lines: boolean
  /** Checks that index tensors are in range; handed in, so that programs without debugging do not bundle it. */
  readonly indices: IndexCheck | null
  /** `jit` compiles nothing and runs functions as they are, so that all that happens in a call is seen. */
  readonly plain: boolean
}
/** `indices[k]` runs along `axes[k]` of x; `negative`: they may count from the end. */
export type IndexCheck = (where: string, x: Tensor, indices: readonly Tensor[], axes: readonly number[], negative: boolean) => void

let modes: TraceModes = { lines: false, indices: null, plain: false }

/** For index tensors of a call that does not say what happens out of range: checks them in debug mode. */
export const checkIndices: IndexCheck = (...args) => modes.indices?.(...args)
/** The modes as text, empty without any. */
export const traceModes = (): string => `${modes.lines ? 'lines ' : ''}${modes.indices === null ? '' : 'indices'}`
export const runsPlainly = (): boolean => modes.plain
export function setTraceModes(next: TraceModes): void {
  modes = next
}
/** Runs `body` in these modes, besides those that are on. */
export function withTraceModes<R>(more: Partial<TraceModes>, body: () => R): R {
  const before = modes
  modes = { lines: before.lines || more.lines === true, indices: more.indices ?? before.indices, plain: before.plain }
  try {
    return body()
  } finally {
    modes = before
  }
}

// ---- lines

/** The line of the equation that is being transformed or run again. */
let replayed: string | null = null

/** What an equation made now remembers; null unless lines are recorded. */
export const lineForEquation = (): string | null => (modes.lines ? (replayed ?? lineHere()) : null)
/** The line of the equation that is run again; null if the user's own line runs, which every error names. */
export const replayedLine = (): string | null => replayed
export function lineHere(): string | null {
  const line = userLine()
  return line === undefined ? null : showLine(line)
}

/** Runs `body` for an equation that was made at `line`. */
export function atLine<R>(line: string | undefined, body: () => R): R {
  if (line === undefined) return body()
  const before = replayed
  replayed = line
  try {
    return body()
  } finally {
    replayed = before
  }
}

const BACKWARD = ', in the backward pass'
/** The line of an equation whose derivative is being carried backwards. */
export const backwardLine = (line: string | undefined): string | undefined =>
  line === undefined || line.endsWith(BACKWARD) ? line : line + BACKWARD
