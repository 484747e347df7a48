/** Real processes, real signals: nothing but the steps since the last checkpoint is lost, and the bits are those of a run that was left alone. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { init } from '@cotangent/core'
import { fileCheckpoint, writeFileAtomic } from '../../src/host/index.ts'
import { trainTo } from './trainingRun.ts'

let folder: string
beforeAll(async () => {
  await init({ backend: 'reference' })
  folder = await mkdtemp(join(tmpdir(), 'cotangent-fit-'))
})
afterAll(() => rm(folder, { recursive: true }))

const STEPS = 24
const program = fileURLToPath(new URL('trainingRun.ts', import.meta.url))
/** Its lines; `signal` is sent when it says that it is at step `at`. */
async function run(path: string, signal?: NodeJS.Signals, at = 0): Promise<readonly string[]> {
  const child = spawn(process.execPath, ['--conditions=source', program, path, String(STEPS), String(at)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const ended = once(child, 'close')
  for await (const line of createInterface(child.stdout)) {
    lines.push(line)
    if (signal !== undefined && line === `step ${at}`) child.kill(signal)
  }
  await ended
  return lines
}

describe('a run that signals end', () => {
  it('continues from its checkpoint, to the same bits', async () => {
    const path = join(folder, 'run.safetensors')
    const killed = await run(path, 'SIGKILL', 5)
    expect(killed.at(-1)).toBe('step 5')
    const interrupted = await run(path, 'SIGINT', 9)
    // kill -9 loses what came after the last checkpoint, one of every second step; SIGINT loses nothing.
    expect(interrupted[0]).toBe('resumed 4')
    expect(interrupted.slice(-3)).toEqual(['checkpoint 9', 'end 9', expect.stringMatching(/^aborted /)])
    const rest = await run(path)
    expect(rest[0]).toBe('resumed 9')
    expect(rest.at(-1)).toBe(await trainTo(STEPS))
  })
})

describe('files', () => {
  it('are written whole, and leave nothing else behind', async () => {
    const path = join(folder, 'file')
    await writeFileAtomic(path, Uint8Array.of(1, 2))
    await writeFileAtomic(path, Uint8Array.of(3))
    expect(await fileCheckpoint(path).read()).toEqual(Buffer.from([3]))
    expect((await readdir(folder)).filter(name => name.startsWith('file'))).toEqual(['file'])
  })
  it('that several write at once are one of theirs, as a whole', async () => {
    const path = join(folder, 'file'),
      contents = Array.from({ length: 8 }, (_, i) => new Uint8Array(10_000).fill(i))
    await Promise.all(contents.map(bytes => writeFileAtomic(path, bytes)))
    const bytes = await fileCheckpoint(path).read()
    expect(bytes?.length).toBe(10_000)
    expect(new Set(bytes).size).toBe(1)
    expect((await readdir(folder)).filter(name => name.startsWith('file'))).toEqual(['file'])
  })
  it('that cannot be written or read are named', async () => {
    const path = join(folder, 'no', 'such', 'folder')
    await expect(writeFileAtomic(path, Uint8Array.of(1))).rejects.toThrow(`${path}: cannot be written (ENOENT)`)
    expect(await fileCheckpoint(path).read()).toBeNull()
    await expect(fileCheckpoint(folder).read()).rejects.toThrow(`${folder}: cannot be read (EISDIR)`)
    await writeFile(join(folder, 'blocker'), '')
    await expect(writeFileAtomic(join(folder, 'blocker', 'x'), Uint8Array.of(1))).rejects.toThrow(/cannot be written \(ENOTDIR\)/)
  })
})
