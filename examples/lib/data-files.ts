/** Data files that no package has: found in a folder, or fetched once, and checked in any case. Runs in Node. */
import { existsSync, statSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CotangentError } from '@cotangent/core'
import { nodeFiles } from './host/node.ts'
import { checkSha256 } from './published.ts'

export interface DataFile {
  /** What it is, for errors: 'tiny Shakespeare'. */
  readonly what: string
  /** Of the file in a folder of data. */
  readonly name: string
  /** Hexadecimal digits of its SHA-256. Absent where who reads the file checks what is in it. */
  readonly sha256?: string
  /** Where the same bytes are published, if they are. */
  readonly url?: string
}

/** Beside the repository: a folder for data that several working copies share. */
const beside = fileURLToPath(new URL('../../../shared/data', import.meta.url))
const cache = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cotangent')

/**
 * The path of a file whose bytes are the right ones: `given` (--data: a file, or a folder that has it), else the folder COTANGENT_DATA, else
 * `../shared/data` beside the repository, else the cache, which its URL fills.
 * @throws ValueError that names the places when it is nowhere, and the file when it is damaged or another one.
 */
export async function findDataFile(file: DataFile, given?: string): Promise<string> {
  const variable = process.env['COTANGENT_DATA']
  const folders = given !== undefined ? [] : [...(variable ? [variable] : []), beside, cache()]
  const places = given !== undefined ? [isFolder(given) ? join(given, file.name) : given] : folders.map(f => join(f, file.name))
  const path = places.find(p => existsSync(p))
  if (path !== undefined) {
    await checkHash(file, path, await readFile(path))
    return path
  }
  if (given === undefined && file.url !== undefined) return fetchFile(file, file.url)
  throw new CotangentError(
    'ValueError',
    `${file.what}: there is no ${places.join(', no ')}. Pass --data PATH, or set COTANGENT_DATA to its folder.`,
  )
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

async function fetchFile(file: DataFile, url: string): Promise<string> {
  const failed = (cause: unknown): never => {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CotangentError(
      'ValueError',
      `${file.what}: cannot fetch ${url} (${why}). Pass --data PATH, or set COTANGENT_DATA to its folder.`,
      { cause },
    )
  }
  const response = await fetch(url).catch(failed)
  if (!response.ok) failed(new Error(`status ${response.status}`))
  const bytes = new Uint8Array(await response.arrayBuffer().catch(failed))
  await checkHash(file, url, bytes)
  const path = join(cache(), file.name)
  await mkdir(cache(), { recursive: true })
  await nodeFiles.writeFile(path, bytes)
  return path
}

async function checkHash({ what, sha256 }: DataFile, place: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  if (sha256 !== undefined) await checkSha256(bytes, sha256, `${what}: ${place} is damaged or another file`)
}
