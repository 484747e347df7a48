/** What the page of headless.ts runs. */
import { CotangentError, type ErrorKind } from '@cotangent/core'
import { type Program, describeError } from './host.ts'
import { remoteHost } from './remote.ts'

/** A program, and what it is given. */
export interface Job {
  /** Addresses of the program's module and of the host's calls. */
  readonly program: string
  readonly host: string
  readonly isTerminal: boolean
  readonly options: unknown
}
/** Why a program ended. */
export interface Failure {
  /** Of a CotangentError. */
  readonly kind?: ErrorKind
  readonly message: string
}

/** Runs a program to its end. */
export async function runJob({ program, host, isTerminal, options }: Job): Promise<Failure | null> {
  try {
    const { main } = (await import(/* @vite-ignore */ program)) as { readonly main: Program<unknown> }
    await main(options, remoteHost(host, isTerminal))
    return null
  } catch (e) {
    return e instanceof CotangentError ? { kind: e.kind, message: e.summary } : { message: describeError(e) }
  }
}
