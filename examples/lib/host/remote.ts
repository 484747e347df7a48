/** The host of a page: each call is a request to the server that the page came from, which calls its own host (serve.ts). */
import type { Host } from './host.ts'

/** What does not wait, and what does. */
export type Saying = 'print' | 'printError' | 'progress'
export type Asking = 'readFile' | 'writeFile' | 'checkWritable'

/** `base` is the address that the calls begin with. */
export function remoteHost(base: string, isTerminal: boolean): Host {
  // A program that computes leaves its thread to nobody: only a request that blocks it gets out in time and in order.
  const say = (call: Saying, body: string): void => {
    const request = new XMLHttpRequest()
    request.open('POST', `${base}${call}`, false)
    request.send(body)
  }
  const ask = async (call: Asking, path: string, body?: Uint8Array<ArrayBuffer>): Promise<Response> => {
    const response = await fetch(`${base}${call}?${new URLSearchParams({ path })}`, { method: 'POST', ...(body && { body }) })
    if (!response.ok) throw new Error(await response.text())
    return response
  }
  return {
    isTerminal,
    print: line => say('print', line),
    printError: line => say('printError', line),
    progress: progress => {
      if (isTerminal) say('progress', JSON.stringify(progress))
    },
    readFile: async path => new Uint8Array(await (await ask('readFile', path)).arrayBuffer()),
    writeFile: async (path, bytes) => void (await ask('writeFile', path, bytes)),
    checkWritable: async path => void (await ask('checkWritable', path)),
  }
}
