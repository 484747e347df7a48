/** A pause for the event loop: messages and finalizers come through. Not setTimeout, which waits 4 ms at least. */
const channel = new MessageChannel()
const waiting: (() => void)[] = []
channel.port1.onmessage = () => waiting.shift()?.()

export const nextTask = (): Promise<void> =>
  new Promise(resolve => {
    waiting.push(resolve)
    channel.port2.postMessage(null)
  })
