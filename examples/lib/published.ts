/** Published files: read by name, and checked to be the published ones. Runs anywhere. */
import { CotangentError } from '@cotangent/core'
import type { Files } from './host/host.ts'

export type Reader = Pick<Files, 'readFile'>

/** The bytes of a file of some data. @throws ValueError with its path when it cannot be read. */
export const readNamed = ({ readFile }: Reader, what: string, path: string): Promise<Uint8Array<ArrayBuffer>> =>
  readFile(path).catch((cause: unknown) => {
    throw new CotangentError('ValueError', `${what}: cannot read ${path}. Pass --data FOLDER with its files.`, { cause })
  })

/** @throws ValueError, `complaint` with both hashes and then `remedy`, when the SHA-256 of the bytes is not `expected`, in hexadecimal digits. */
export async function checkSha256(bytes: Uint8Array<ArrayBuffer>, expected: string, complaint: string, remedy: string = ''): Promise<void> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)),
    found = [...digest].map(byte => byte.toString(16).padStart(2, '0')).join('')
  const short = (hash: string): string => `${hash.slice(0, 12)}...`
  if (found !== expected)
    throw new CotangentError(
      'ValueError',
      `${complaint} (SHA-256 ${short(found)}, expected ${short(expected)}, ${bytes.length} bytes).${remedy}`,
    )
}
