import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Builds while no other process does: a file that names the process is the lock. One of a process that died is nobody's. */
export async function exclusively(lock: string, build: () => Promise<void>): Promise<void> {
  while (!acquire(lock)) {
    if (isAbandoned(lock)) rmSync(lock, { force: true })
    await sleep(50)
  }
  try {
    await build()
  } finally {
    rmSync(lock, { force: true })
  }
}

function acquire(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** A second is long enough to write the number. */
function isAbandoned(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, 'utf8'))
    if (pid === 0) return Date.now() - statSync(lock).mtimeMs > 1000
    process.kill(pid, 0)
    return false
  } catch (error) {
    // Gone since, or of a process that is.
    return codeOf(error) === 'ESRCH'
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
