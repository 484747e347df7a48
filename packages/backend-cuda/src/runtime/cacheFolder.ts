/** The folder of compiled programs: whom it belongs to, and how much lies in it. */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  type Stats,
  statSync,
  utimesSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** The user's cache folder, by the XDG Base Directory Specification. */
export const defaultFolder = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cotangent', 'cuda')

/** Who can write here decides what runs on the GPU: nobody but this user, and root. */
const isPrivate = ({ uid, mode }: Stats): boolean => (mode & 0o022) === 0 && (uid === 0 || uid === process.geteuid?.())

/** Can others write to the folder? Not where there is none. */
export function isOpenToOthers(folder: string): boolean {
  const stats = statSync(folder, { throwIfNoEntry: false })
  return stats?.isDirectory() === true && !isPrivate(stats)
}

/** Makes the folder, for this user alone. Throws where that cannot be, and where others can write to it. */
export function makeFolder(folder: string): void {
  make(resolve(folder))
  if (isOpenToOthers(folder)) throw new Error(`others can write to ${folder}`)
}

/** Node's own recursive way never ends below /proc, where no folder can be made and the error is that there is none. */
function make(path: string): void {
  if (existsSync(path)) return
  const parent = dirname(path)
  if (parent !== path) make(parent)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!existsSync(path)) throw error
  }
}

const DAY = 86_400_000

/** A file's bytes. Throws where there is none, or one that others could have written. Its time becomes that of its last use, give or take a day. */
export function readPrivate(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const stats = fstatSync(file)
    if (!isPrivate(stats)) throw new Error(`others can write to ${path}`)
    const now = Date.now()
    if (now - stats.mtimeMs > DAY) utimesSync(path, now / 1000, now / 1000)
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}

export interface Limits {
  /** Of all files together. */
  readonly bytes: number
  /** Milliseconds since the last use. */
  readonly age: number
}

const limits: Limits = { bytes: 256 * 2 ** 20, age: 90 * DAY }
/** Milliseconds after which a file that was not renamed into place is nobody's. */
const STRAY = 3_600_000

/** Removes what was not used for longest beyond the limits, and what processes that ended left half written. Never throws. */
export function prune(folder: string, { bytes, age }: Limits = limits): void {
  const now = Date.now()
  let left = bytes
  for (const { path, size, at } of filesOf(folder)) {
    const isWhole = path.endsWith('.cubin')
    if (isWhole) left -= size
    if (isWhole ? left < 0 || now - at > age : now - at > STRAY) remove(path)
  }
}

interface Entry {
  readonly path: string
  readonly size: number
  /** Of the last use. */
  readonly at: number
}

/** Our files, those used last first. */
function filesOf(folder: string): readonly Entry[] {
  try {
    const names = readdirSync(folder).filter(name => /^[0-9a-f]{64}\.cubin/.test(name))
    return names
      .flatMap(name => {
        const stats = statSync(join(folder, name), { throwIfNoEntry: false })
        return stats?.isFile() === true ? [{ path: join(folder, name), size: stats.size, at: stats.mtimeMs }] : []
      })
      .toSorted((a, b) => b.at - a.at)
  } catch {
    return []
  }
}

export function remove(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // There is no such folder, or it is not ours.
  }
}
