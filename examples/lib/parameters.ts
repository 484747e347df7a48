/** Parameters in a safetensors file of the host. */
import { CotangentError } from '@cotangent/core'
import { decodeTree, encodeTree } from '@cotangent/nn/data'
import type { Files } from './host/host.ts'

/** @throws ValueError when no file can be written there: better known before the training than after it. */
export const checkWritable = (files: Files, path: string): Promise<void> =>
  files.checkWritable(path).catch((cause: unknown) => cannotWrite(path, cause))
function cannotWrite(path: string, cause: unknown): never {
  // It has said so already.
  if (cause instanceof CotangentError) throw cause
  throw new CotangentError(
    'ValueError',
    `${path}: cannot be written (${reasonOf(cause)}). Choose a file in a folder that exists and is yours.`,
    { cause },
  )
}

/**
 * Writes a tree of tensors; the file appears whole or not at all.
 * @throws ValueError when it cannot be written.
 */
export async function saveParameters(files: Files, path: string, params: unknown): Promise<void> {
  const bytes = await encodeTree(params)
  await files.writeFile(path, bytes).catch((cause: unknown) => cannotWrite(path, cause))
}

/**
 * Reads parameters for the same model: `like` gives the tree, the names and the shapes.
 * @throws ValueError with the path when the file is missing, damaged or belongs to another model.
 */
export async function loadParameters<P>(files: Files, path: string, like: P): Promise<P> {
  const bytes = await files.readFile(path).catch((cause: unknown) => {
    throw new CotangentError('ValueError', `${path}: cannot be read (${reasonOf(cause)}). Train and save first.`, { cause })
  })
  return decodeTree(bytes, like, path)
}

/** `ENOENT: no such file or directory`, without the path. */
const reasonOf = (cause: unknown): string => (cause instanceof Error ? (cause.message.split(',')[0] as string) : String(cause))
