/** The annual addresses of presidents of the United States to Congress, 1790 to 2021. Runs anywhere. */
import { CotangentError } from '@cotangent/core'
import { readCorpus, readJson } from '../lib/corpus.ts'
import type { Files } from '../lib/host/host.ts'

export const WHAT = 'State of the Union addresses'

export interface Address {
  readonly year: number
  readonly text: string
}

/** `--fast` reads one of so many. */
const FEW = 8
const hashes = {
  all: '805ccd2b2645318eb01caa3d4a0d374bee2544c1d5e48d2c66f8feaf7ae25790',
  few: 'c159c67869695ae9b106b6a384140f57c40fdb55089281a2a95e305943528771',
} as const

/**
 * Reads the addresses and checks them.
 * @throws ValueError when the folder has other ones.
 */
export async function readAddresses(files: Files, folder: string, size: 'all' | 'few'): Promise<readonly Address[]> {
  const list = (await readJson(files, WHAT, `${folder}/datapackage.json`)) as {
    readonly resources?: readonly { readonly path: string }[]
  } | null
  const names = list?.resources?.map(r => r.path).filter(path => path.endsWith('.txt'))
  if (names === undefined) throw new CotangentError('ValueError', `${WHAT}: ${folder}/datapackage.json has no list of files.`)
  const chosen = names.filter((_, i) => size === 'all' || i % FEW === 0)
  const texts = await readCorpus(files, folder, { what: WHAT, names: chosen, sha256: hashes[size], encoding: 'utf-8' })
  return texts.map((text, i) => ({ year: Number(/(\d{4})_/.exec(chosen[i] as string)?.[1]), text }))
}
