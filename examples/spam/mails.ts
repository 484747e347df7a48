/** The SpamAssassin public mail corpus: 6,046 mails of 2002 and 2003. Runs anywhere. */
import { CotangentError } from '@cotangent/core'
import { readCorpus, readJson } from '../lib/corpus.ts'
import type { Files } from '../lib/host/host.ts'

export const WHAT = 'SpamAssassin corpus'

export interface Mails {
  /** Headers and bodies. */
  readonly whole: readonly string[]
  /** What comes behind the first empty line. */
  readonly bodies: readonly string[]
  /** 1: spam. */
  readonly labels: Int32Array
}

/** `--fast` reads one of so many. */
const FEW = 30
const hashes = {
  all: 'a43d61197fe539af4771149b2ef5f289d3facbe574343208a60ae54d7021d1b1',
  few: '9eee8086e5c0d0cd079a7761c674a209c67906d2965fc00de11e9a449cfc9e81',
} as const

/**
 * Reads the mails, which are Latin-1 at best, and checks them.
 * @throws ValueError when the folder has other ones.
 */
export async function readMails(files: Files, folder: string, size: 'all' | 'few'): Promise<Mails> {
  const list = await readJson(files, WHAT, `${folder}/file_list.json`)
  if (!Array.isArray(list)) throw new CotangentError('ValueError', `${WHAT}: ${folder}/file_list.json is no list of files.`)
  const names = (list as readonly string[]).filter((_, i) => size === 'all' || i % FEW === 0)
  const whole = await readCorpus(files, folder, { what: WHAT, names, sha256: hashes[size], encoding: 'latin1' })
  return { whole, bodies: whole.map(bodyOf), labels: Int32Array.from(names, name => (name.startsWith('spam') ? 1 : 0)) }
}

const bodyOf = (mail: string): string => {
  const end = /\r?\n\r?\n/.exec(mail)
  return end === null ? '' : mail.slice(end.index + end[0].length)
}
