/**
 * Compiled programs on disk, by a hash of all that they depend on. A file is written beside its place and renamed, so that processes may share
 * the folder. It begins with the hash of what follows: drivers believe the offsets in a cubin, and one that was cut short or damaged could end
 * the process. Nothing here fails: without a folder to write to, programs are compiled again.
 */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** The user's cache folder, by the XDG Base Directory Specification. */
export const defaultFolder = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cotangent', 'cuda')

const digestBytes = 32
const digestOf = (cubin: Uint8Array): Buffer => createHash('sha256').update(cubin).digest()

export class Cubins {
  private readonly folder: string | undefined
  private readonly salt: string

  /** `salt`: of compiler, device and options. */
  constructor(folder: string | undefined, salt: string) {
    this.folder = folder
    this.salt = salt
  }

  get(text: string): Uint8Array | undefined {
    if (this.folder === undefined) return undefined
    try {
      const file = readFileSync(this.pathOf(text)),
        cubin = file.subarray(digestBytes)
      return digestOf(cubin).equals(file.subarray(0, digestBytes)) ? cubin : undefined
    } catch {
      return undefined
    }
  }

  set(text: string, cubin: Uint8Array): void {
    if (this.folder === undefined) return
    const path = this.pathOf(text),
      fresh = `${path}.${randomUUID()}`
    try {
      // Who can write here decides what runs on the GPU.
      makeFolder(this.folder)
      writeFileSync(fresh, Buffer.concat([digestOf(cubin), cubin]))
      renameSync(fresh, path)
    } catch {
      remove(fresh)
    }
  }

  /** Forgets a file that the driver refuses. */
  delete(text: string): void {
    if (this.folder !== undefined) remove(this.pathOf(text))
  }

  private pathOf(text: string): string {
    return join(this.folder as string, `${createHash('sha256').update(this.salt).update('\0').update(text).digest('hex')}.cubin`)
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // There is no such folder, or it is not ours.
  }
}

/** Node's own recursive way never ends below /proc, where no folder can be made and the error is that there is none. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  const parent = dirname(resolve(path))
  if (parent !== path) makeFolder(parent)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!existsSync(path)) throw error
  }
}
