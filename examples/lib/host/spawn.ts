/** A program as a user runs it, for tests: a child process, its output, its exit code. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Run {
  readonly status: number | null
  readonly out: string
  readonly err: string
}
export function spawnMain(main: URL, args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=source', fileURLToPath(main), ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, ...env },
  })
  return { status, out: stdout, err: stderr }
}
