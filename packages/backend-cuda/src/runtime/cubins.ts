/**
 * Compiled programs on disk, by a hash of all that they depend on. A file is written beside its place and renamed, so that processes may share
 * the folder. It begins with the hash of what follows: drivers believe the offsets in a cubin, and one that was cut short or damaged could end
 * the process. Nothing here fails: without a folder to write to, or where others could write to it, programs are compiled again.
 */
import { createHash, randomUUID } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isOpenToOthers, makeFolder, prune, readPrivate, remove } from './cacheFolder.ts'

const digestBytes = 32
const digestOf = (cubin: Uint8Array): Buffer => createHash('sha256').update(cubin).digest()

export class Cubins {
  private readonly folder: string | undefined
  private readonly salt: string
  private pruned = false

  /** `salt`: of compiler, device and options. */
  constructor(folder: string | undefined, salt: string) {
    this.folder = folder === undefined || isOpenToOthers(folder) ? undefined : folder
    this.salt = salt
  }

  get(text: string): Uint8Array | undefined {
    if (this.folder === undefined) return undefined
    try {
      const file = readPrivate(this.pathOf(text)),
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
      makeFolder(this.folder)
      writeFileSync(fresh, Buffer.concat([digestOf(cubin), cubin]), { mode: 0o600 })
      renameSync(fresh, path)
      if (!this.pruned) prune(this.folder)
      this.pruned = true
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
