/** A corpus of many text files in a folder. Runs anywhere. */
import { CotangentError } from '@cotangent/core'
import type { Files } from './host/host.ts'
import { sha256 } from './sha256.ts'

export interface Corpus {
  /** For errors: 'SpamAssassin corpus'. */
  readonly what: string
  /** Of the files below the folder, in order. */
  readonly names: readonly string[]
  /** Hexadecimal digits of the SHA-256 of all bytes, file after file. */
  readonly sha256: string
  readonly encoding: 'latin1' | 'utf-8'
}

/** A page has no room for more requests at a time. */
const AT_ONCE = 64

/**
 * The texts of the files, in order.
 * @throws ValueError when one is missing, or when they are not the published ones.
 */
export async function readCorpus(files: Pick<Files, 'readFile'>, folder: string, corpus: Corpus): Promise<readonly string[]> {
  const { what, names, encoding } = corpus,
    all: Uint8Array<ArrayBuffer>[] = []
  for (let start = 0; start < names.length; start += AT_ONCE)
    all.push(...(await Promise.all(names.slice(start, start + AT_ONCE).map(name => readNamed(files, what, `${folder}/${name}`)))))
  const hash = await sha256(joined(all))
  if (hash !== corpus.sha256)
    throw new CotangentError(
      'ValueError',
      `${what}: the files in ${folder} are damaged or others (SHA-256 ${hash.slice(0, 12)}..., expected ${corpus.sha256.slice(0, 12)}...).`,
    )
  const decoder = new TextDecoder(encoding)
  return all.map(bytes => decoder.decode(bytes))
}

/** The bytes of a file of some data. @throws ValueError with its path when it cannot be read. */
export const readNamed = ({ readFile }: Pick<Files, 'readFile'>, what: string, path: string): Promise<Uint8Array<ArrayBuffer>> =>
  readFile(path).catch((cause: unknown) => {
    throw new CotangentError('ValueError', `${what}: cannot read ${path}. Pass --data FOLDER with its files.`, { cause })
  })

/** JSON in a file of some data. */
export const readJson = async (files: Pick<Files, 'readFile'>, what: string, path: string): Promise<unknown> =>
  JSON.parse(new TextDecoder().decode(await readNamed(files, what, path)))

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
