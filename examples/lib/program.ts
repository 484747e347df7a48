/** What the programs of all examples do. Runs anywhere. */
import { type BackendName, init } from '@cotangent/core'
import type { Host } from './host/host.ts'
import type { ProgramOptions } from './host/run.ts'

/** Runs `body` on the first backend of the options that works, and gives the backend back afterwards. Says which others were not used. */
export async function onBackend(
  { backend: names, threads }: ProgramOptions & { readonly threads?: number },
  host: Host,
  body: (backendName: string) => void | Promise<void>,
): Promise<void> {
  const { name, backend, skipped } = await init({ backend: names as BackendName[], ...(threads !== undefined && { threads }) })
  for (const other of skipped) host.print(`${other.name} is not used: ${other.reason}`)
  try {
    await body(name)
  } finally {
    await backend.dispose()
  }
}

/** What the program found, the last it prints: a line `name value` each, which results/ records. */
export function printResults(host: Host, results: Readonly<Record<string, number>>, digits: number = 4): void {
  const written = (v: number): string => (v !== 0 && Math.abs(v) < 10 ** -digits ? v.toExponential(2) : v.toFixed(digits))
  for (const [name, value] of Object.entries(results)) host.print(`${name} ${written(value)}`)
}

/** Writes a text or bytes into the folder of `--out`, and says so. */
export async function writeOutput(host: Host, folder: string, name: string, content: string | Uint8Array<ArrayBuffer>): Promise<void> {
  const path = `${folder}/${name}`
  await host.writeFile(path, typeof content === 'string' ? new TextEncoder().encode(content) : content)
  host.print(`wrote ${path}`)
}

/** Reports progress about ten times a second, and at the end. */
export function progressOf(host: Host, title: string, steps: number): (step: number, detail: string) => void {
  let reported = -Infinity
  return (step, detail) => {
    const now = performance.now()
    if (now - reported < REPORT_INTERVAL && step !== steps) return
    reported = now
    host.progress({ title, step, steps, detail })
  }
}

/** Milliseconds. */
const REPORT_INTERVAL = 100
