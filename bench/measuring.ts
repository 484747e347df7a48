/** What the measurements share: quantiles, and results of other processes. */
import { spawn } from 'node:child_process'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const quantile = (xs: readonly number[], part: number): number => [...xs].sort((a, b) => a - b)[Math.floor(part * xs.length)] as number
export const median = (xs: readonly number[]): number => quantile(xs, 1 / 2)
/** The lower one: what a quiet machine takes, but for the luck of single runs. */
export const quartile = (xs: readonly number[]): number => quantile(xs, 1 / 4)

/** What a command prints, which is JSON. */
export async function printedBy<T>(command: string, args: readonly string[]): Promise<T> {
  return (await json(spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] }).stdout)) as T
}

/** What a benchmark prints in a process of its own, started as this one with other arguments; `url`: its `import.meta.url`. */
export const printedBySelf = <T>(url: string, ...args: readonly (string | number)[]): Promise<T> =>
  printedBy(process.execPath, [...process.execArgv, fileURLToPath(url), ...args.map(String)])
