/** Files in archives are read like those of folders, and refused when they are others. */
import { createHash } from 'node:crypto'
import { createTarGzip } from 'nanotar'
import { expect, it } from 'vitest'
import { openArchive, readCorpus, readJson } from './corpus.ts'

const archive = await createTarGzip([
  { name: 'whole-1.0/' },
  { name: 'whole-1.0/texts/b.txt', data: 'second é' },
  { name: 'whole-1.0/a.txt', data: 'first' },
])
const disk = {
  'x/list.json': new TextEncoder().encode('[1,'),
  'x/whole.tar.gz': archive,
  'x/cut.tar.gz': archive.subarray(0, 50),
  'x/a.txt': new TextEncoder().encode('text'),
}
const files = {
  readFile: (path: string) =>
    path in disk ? Promise.resolve(disk[path as keyof typeof disk] as Uint8Array<ArrayBuffer>) : Promise.reject(new Error('ENOENT')),
}
const open = (path: string) => openArchive(files, 'some texts', path)
const hash = createHash('sha256').update('firstsecond é').digest('hex')
const corpus = { what: 'some texts', names: ['a.txt', 'b.txt'], sha256: hash, encoding: 'utf-8' } as const

it('an archive has files by their names, in whatever folders', async () => {
  expect(await readCorpus(await open('x/whole.tar.gz'), 'x/whole.tar.gz', corpus)).toEqual(['first', 'second é'])
})
it('JSON that is none is refused by its path', () =>
  expect(readJson(files, 'some texts', 'x/list.json')).rejects.toThrow('some texts: x/list.json is no JSON: damaged or another file.'))
it('what is missing, damaged or another one is refused', async () => {
  await expect(open('x/none.tar.gz')).rejects.toThrow(/some texts: cannot read x\/none\.tar\.gz/)
  for (const path of ['x/cut.tar.gz', 'x/a.txt']) await expect(open(path)).rejects.toThrow(`some texts: ${path} is no .tar.gz, or damaged`)
  const inside = await open('x/whole.tar.gz')
  const read = (change: object) => readCorpus(inside, 'x/whole.tar.gz', { ...corpus, ...change })
  await expect(read({ names: ['c.txt'] })).rejects.toThrow(/cannot read x\/whole\.tar\.gz\/c\.txt/)
  await expect(read({ names: ['b.txt', 'a.txt'] })).rejects.toThrow(/the files in x\/whole\.tar\.gz are damaged or others/)
})
