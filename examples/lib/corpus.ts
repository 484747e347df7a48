/** A corpus of many files in a folder, or in an archive of one. Runs anywhere. */
import { CotangentError } from '@cotangent/core'
import { parseTarGzip } from 'nanotar'
import { type Reader, checkSha256, readNamed } from './published.ts'

export interface Corpus {
  /** For errors: 'SpamAssassin corpus'. */
  readonly what: string
  /** Of the files below the folder, in order. */
  readonly names: readonly string[]
  /** Hexadecimal digits of the SHA-256 of all bytes, file after file. */
  readonly sha256: string
}
export interface TextCorpus extends Corpus {
  readonly encoding: 'latin1' | 'utf-8'
}

/** A page has no room for more requests at a time. */
const AT_ONCE = 64

/** The texts of the files, in order. @throws as `readCorpusBytes`. */
export async function readCorpus(files: Reader, folder: string, corpus: TextCorpus): Promise<readonly string[]> {
  const decoder = new TextDecoder(corpus.encoding)
  return (await readCorpusBytes(files, folder, corpus)).map(bytes => decoder.decode(bytes))
}

/**
 * The bytes of the files, in order.
 * @throws ValueError when one is missing, or when they are not the published ones.
 */
export async function readCorpusBytes(files: Reader, folder: string, corpus: Corpus): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  const { what, names } = corpus,
    all: Uint8Array<ArrayBuffer>[] = []
  for (let start = 0; start < names.length; start += AT_ONCE)
    all.push(...(await Promise.all(names.slice(start, start + AT_ONCE).map(name => readNamed(files, what, `${folder}/${name}`)))))
  await checkSha256(joined(all), corpus.sha256, `${what}: the files in ${folder} are damaged or others`)
  return all
}

/**
 * The files of a `.tar.gz` as files of the folder that has its path: the name of a file is what follows the last slash.
 * @throws ValueError when it cannot be read or is no such archive.
 */
export async function openArchive(files: Reader, what: string, path: string): Promise<Reader> {
  const entries = await parseTarGzip(await readNamed(files, what, path)).catch((cause: unknown) => {
    throw new CotangentError('ValueError', `${what}: ${path} is no .tar.gz, or damaged.`, { cause })
  })
  const byName = new Map(entries.map(({ name, data }) => [name.slice(name.lastIndexOf('/') + 1), data]))
  return {
    readFile: async inside => {
      const data = byName.get(inside.slice(path.length + 1))
      if (data === undefined) throw new Error(`there is no such file in ${path}`)
      return data as Uint8Array<ArrayBuffer>
    },
  }
}

/** JSON in a file of some data. @throws ValueError with its path when it cannot be read or is none. */
export async function readJson(files: Reader, what: string, path: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readNamed(files, what, path))
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new CotangentError('ValueError', `${what}: ${path} is no JSON: damaged or another file.`, { cause })
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
