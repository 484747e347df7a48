/** What the page loads: its worker and the digits. From a server by their addresses, from a file as scripts (from-file.ts). */
import { make } from './dom.ts'

/** What those scripts leave in `globalThis.cotangentParts`. */
export interface FileParts {
  /** The text of the worker. */
  readonly worker: string
  /** `data:` addresses by the names of files. */
  readonly digits: Readonly<Record<string, string>>
}
/** Beside the page. */
export const fileScripts: Readonly<Record<keyof FileParts, string>> = { worker: 'file/worker.js', digits: 'file/digits.js' }

export interface Parts {
  readonly worker: Worker
  /** The address of a file of digits. */
  readonly addressOf: (name: string) => string
}

export const loadParts = (): Promise<Parts> => (location.protocol === 'file:' ? fromScripts() : fromServer())

async function fromServer(): Promise<Parts> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  return { worker, addressOf: name => new URL(`digits/${name}`, document.baseURI).href }
}

async function fromScripts(): Promise<Parts> {
  await Promise.all(Object.values(fileScripts).map(runScript))
  const { worker, digits } = (globalThis as unknown as { readonly cotangentParts: FileParts }).cotangentParts
  const address = URL.createObjectURL(new Blob([worker], { type: 'text/javascript' }))
  return { worker: new Worker(address), addressOf: name => digits[name] as string }
}

const runScript = (src: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const script = make('script', {
      src,
      onload: resolve,
      onerror: () => reject(new Error(`${src} cannot be read. Build the page again.`)),
    })
    document.head.append(script)
  })
