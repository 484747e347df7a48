/** The other end of remote.ts: a server's requests become calls of a host. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Host, Progress } from './host.ts'
import type { Asking, Saying } from './remote.ts'

type Call = (path: string, body: Uint8Array<ArrayBuffer>) => unknown

/** Answers what comes below the address that the handler is mounted at. Whoever knows that address can read and write files. */
export function serveHost(host: Host): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const text = (body: Uint8Array): string => new TextDecoder().decode(body)
  const calls: Readonly<Record<Saying | Asking, Call>> = {
    print: (_, body) => host.print(text(body)),
    printError: (_, body) => host.printError(text(body)),
    progress: (_, body) => host.progress(JSON.parse(text(body)) as Progress),
    readFile: path => host.readFile(path),
    writeFile: (path, body) => host.writeFile(path, body),
    checkWritable: path => host.checkWritable(path),
  }
  return async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://host')
    const call = (calls as Readonly<Record<string, Call | undefined>>)[pathname.slice(1)]
    try {
      if (call === undefined) throw new Error(`there is no call ${pathname}`)
      const result = await call(searchParams.get('path') ?? '', await buffer(request))
      response.end(result instanceof Uint8Array ? result : '')
    } catch (e) {
      response.statusCode = 500
      response.end(e instanceof Error ? e.message : String(e))
    }
  }
}
