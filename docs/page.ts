/** What a browser runs of the documentation: one module of a page. */
import type { Host } from '../examples/lib/host/host.ts'
import { problemsOf, showProblem } from './snippets.ts'

export interface PageOptions {
  /** The address of the module. */
  readonly module: string
}

/** Prints where the page says something else than happens. */
export async function main({ module }: PageOptions, host: Host): Promise<void> {
  for (const problem of await problemsOf(() => import(/* @vite-ignore */ module))) host.print(showProblem(problem))
}
