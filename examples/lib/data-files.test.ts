/** Data files: found in each place, fetched, and refused when they are not what they should be. */
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type DataFile, findDataFile } from './data-files.ts'

const content = 'some data\n'
const file: DataFile = {
  what: 'some data',
  name: 'some.txt',
  sha256: createHash('sha256').update(content).digest('hex'),
  url: `data:text/plain,${encodeURIComponent(content)}`,
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cotangent-data-'))
  vi.stubEnv('COTANGENT_DATA', '')
  vi.stubEnv('XDG_CACHE_HOME', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

describe('a data file', () => {
  it('is the one that is given, by its path or its folder', async () => {
    const path = join(folder, 'some.txt')
    writeFileSync(path, content)
    expect([await findDataFile(file, path), await findDataFile(file, folder)]).toEqual([path, path])
  })
  it('is in the folder of the variable', async () => {
    vi.stubEnv('COTANGENT_DATA', folder)
    writeFileSync(join(folder, 'some.txt'), content)
    expect(await findDataFile(file)).toBe(join(folder, 'some.txt'))
  })
  it('is fetched once, then in the cache', async () => {
    const path = join(folder, 'cotangent', 'some.txt')
    expect(existsSync(path)).toBe(false)
    expect(await findDataFile(file)).toBe(path)
    expect(await findDataFile({ ...file, url: 'data:,other' })).toBe(path)
  })
  it('is refused when it is another one', async () => {
    const path = join(folder, 'some.txt')
    writeFileSync(path, 'other')
    await expect(findDataFile(file, path)).rejects.toThrow(/^some data: .*some\.txt is damaged or another file \(SHA-256 .*, 5 bytes\)/)
    await expect(findDataFile({ ...file, url: 'data:,other' })).rejects.toThrow(/data:,other is damaged or another file/)
    expect(existsSync(join(folder, 'cotangent'))).toBe(false)
  })
  it('may be any file where who reads it checks what is in it', async () => {
    const path = join(folder, 'some.txt'),
      { sha256: _, ...unchecked } = file
    writeFileSync(path, 'other')
    expect(await findDataFile(unchecked, path)).toBe(path)
  })
  it('is missed with the places and the remedy', async () => {
    await expect(findDataFile(file, '/no/such/file')).rejects.toThrow(
      /^some data: there is no \/no\/such\/file\. Pass --data PATH, or set COTANGENT_DATA/,
    )
    const { url: _, ...unpublished } = file
    await expect(findDataFile(unpublished)).rejects.toThrow(/there is no .*some\.txt, no .*cotangent\/some\.txt\. Pass --data PATH/)
    await expect(findDataFile({ ...file, url: 'unknown://nowhere' })).rejects.toThrow(
      /cannot fetch unknown:\/\/nowhere \(.*\)\. Pass --data PATH/,
    )
  })
})
