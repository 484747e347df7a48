/** The lock under which the addon and the fake driver are built. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { exclusively } from '../scripts/exclusively.ts'

const nameOf = (lock: string): string => `${import.meta.url} ${process.pid} ${lock}`

test('one builds at a time, the next also after one that failed', async () => {
  let building = 0,
    built = 0
  const build = async (): Promise<void> => {
    expect(++building).toBe(1)
    await new Promise(resolve => setTimeout(resolve, 5))
    building--
    if (++built === 2) throw new Error('on purpose')
  }
  const ended = await Promise.allSettled([1, 2, 3].map(() => exclusively(nameOf('a'), build)))
  expect(ended.map(e => e.status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected'])
})

test('what another process builds is waited for; when it is killed, one of those that wait goes on at a time', async () => {
  const script = `import { exclusively } from ${JSON.stringify(fileURLToPath(new URL('../scripts/exclusively.ts', import.meta.url)))}
    await exclusively(${JSON.stringify(nameOf('b'))}, () => { console.log('building'); return new Promise(resolve => setTimeout(resolve, 60_000)) })`
  const other = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(other.stdout, 'data')
  let building = 0,
    built = 0
  const waiting = [1, 2, 3].map(() =>
    exclusively(nameOf('b'), async () => {
      expect(++building).toBe(1)
      await new Promise(resolve => setTimeout(resolve, 5))
      building--
      built++
    }),
  )
  await new Promise(resolve => setTimeout(resolve, 20))
  expect(built).toBe(0)
  other.kill('SIGKILL')
  await Promise.all(waiting)
  expect(built).toBe(3)
})
