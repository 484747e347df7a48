import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Builds while no other process does. The lock is a socket in Linux's abstract namespace: one process has its name, and the kernel takes it
 * back when that process ends, however it does.
 */
export async function exclusively<T>(what: string, build: () => Promise<T>): Promise<T> {
  const name = `\0cotangent-${createHash('sha256').update(what).digest('hex')}`
  let lock = await acquire(name)
  for (; lock === undefined; lock = await acquire(name)) await sleep(50)
  try {
    return await build()
  } finally {
    await new Promise(resolve => lock.close(resolve))
  }
}

/** Undefined where another has it. */
function acquire(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)))
    server.listen(name, () => resolve(server))
  })
}
