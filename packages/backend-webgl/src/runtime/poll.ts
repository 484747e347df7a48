/** Waiting for the device without blocking. Microtasks do not see a fence pass; a message does, and comes sooner than a timer. */
import type { GL } from './device.ts'

let channel: MessageChannel | undefined
const resolvers: (() => void)[] = []

/** Resolves in a later task. */
export function nextTask(): Promise<void> {
  if (channel === undefined) {
    channel = new MessageChannel()
    channel.port1.onmessage = () => resolvers.shift()?.()
  }
  const { port2 } = channel
  return new Promise(resolve => {
    resolvers.push(resolve)
    port2.postMessage(null)
  })
}

/** Messages for a few milliseconds, then timers, which leave the processor free. */
const patience = 10

/** Resolves when the device has done all that was ordered before. */
export async function fence(gl: GL): Promise<void> {
  const sync = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)
  if (sync === null) return
  gl.flush()
  const start = performance.now()
  while (!gl.isContextLost() && gl.clientWaitSync(sync, 0, 0) === gl.TIMEOUT_EXPIRED)
    await (performance.now() - start < patience ? nextTask() : new Promise(resolve => setTimeout(resolve, 1)))
  gl.deleteSync(sync)
}
