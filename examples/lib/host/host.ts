/** What an example asks of the machine. Node has it (node.ts), a page asks Node for it (remote.ts): one source runs in both. */
import { CotangentError } from '@cotangent/core'

export interface Files {
  readonly readFile: (path: string) => Promise<Uint8Array<ArrayBuffer>>
  /** The file appears whole or not at all. */
  readonly writeFile: (path: string, bytes: Uint8Array<ArrayBuffer>) => Promise<void>
  /** Rejects when no file can be written there: better known before the training than after it. */
  readonly checkWritable: (path: string) => Promise<void>
}

export interface Progress {
  readonly title: string
  readonly step: number
  /** With the last one the bar goes. */
  readonly steps: number
  readonly detail: string
}

export interface Host extends Files {
  /** Somebody looks on: colours and progress bars make sense. */
  readonly isTerminal: boolean
  readonly print: (line: string) => void
  readonly printError: (line: string) => void
  /** One bar, in terminals only. */
  readonly progress: (progress: Progress) => void
}

/** The `main` that the module of a program exports. Options are plain data, so that they travel. */
export type Program<O> = (options: O, host: Host) => Promise<void>

/** Of whoever typed the command, or of their machine: one line says it all. */
export const isMistake = (e: unknown): e is CotangentError => e instanceof CotangentError && e.kind !== 'InternalError'

/** The one line for who made a mistake, the whole story of anything unexpected. */
export const describeError = (e: unknown): string =>
  isMistake(e) ? `${e.kind}: ${e.summary}` : String(e instanceof Error ? (e.stack ?? e) : e)
