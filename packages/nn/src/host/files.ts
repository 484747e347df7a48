/** Files that are whole at any moment. */
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fail } from '@cotangent/core/extend'
import type { CheckpointStore } from '../train/events.ts'

let parts = 0

/**
 * Writes a file that is never seen in part: the bytes go to a new file beside it, reach the disk, and take its name. Whatever ends the process meanwhile, the
 * old file or the new one is there.
 * @throws ValueError with the path when it cannot be written.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array): Promise<void> {
  // A name of its own, whoever else writes the same file at the same time.
  const part = `${path}.${process.pid}.${parts++}.part`
  try {
    await writeThrough(part, bytes)
    await rename(part, path)
  } catch (cause) {
    await rm(part, { force: true }).catch(() => {})
    fail('ValueError', `${path}: cannot be written (${codeOf(cause)}). Choose a file in a folder that exists and is yours.`, cause)
  }
  await syncFolder(dirname(resolve(path)))
}

async function writeThrough(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The new name reaches the disk too. Some systems cannot: there the file is whole all the same. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => null)
  await folder?.sync().catch(() => {})
  await folder?.close()
}

const codeOf = (cause: unknown): string => (cause as { readonly code?: string } | null)?.code ?? String(cause)

/**
 * A checkpoint in a file, for `fit`: written atomically, read when the run begins.
 * @example await fit(step, state, batches, { checkpoint: { store: fileCheckpoint('run.safetensors'), every: 500 }, signal: interruption() })
 */
export function fileCheckpoint(path: string): CheckpointStore {
  return {
    name: path,
    async read() {
      try {
        return await readFile(path)
      } catch (cause) {
        if (codeOf(cause) === 'ENOENT') return null
        fail('ValueError', `${path}: cannot be read (${codeOf(cause)}).`, cause)
      }
    },
    write: bytes => writeFileAtomic(path, bytes),
  }
}
