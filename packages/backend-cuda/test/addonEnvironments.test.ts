// The addon in worker threads that come and go, in processes that end in all ways, and in other versions of Node.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Device } from '../src/runtime/addon.ts'
import { otherNodes } from '../../../scripts/nodes.ts'
import { addonPath, type Bench, ints, prepare, upload } from './support/device.ts'

const user = fileURLToPath(new URL('./fixtures/addonUser.cjs', import.meta.url))
const run = promisify(execFile)
let bench: Bench
let addon: string

beforeAll(async () => {
  bench = await prepare()
  addon = await addonPath()
})

interface Ended {
  readonly messages: readonly unknown[]
  readonly error: Error | undefined
  readonly code: number
}

/** Runs a worker to its end; `terminate`: after its first message. */
function runWorker(ending: string, terminate = false): Promise<Ended> {
  const worker = new Worker(user, { workerData: [addon, bench.fake.library, ending], execArgv: [] })
  const messages: unknown[] = []
  let error: Error | undefined
  worker.on('message', message => {
    messages.push(message)
    if (terminate) void worker.terminate()
  })
  worker.on('error', e => (error = e as Error))
  return new Promise(resolve => worker.on('exit', code => resolve({ messages, error, code })))
}

const stillReads = async (device: Device): Promise<void> => {
  const address = upload(device, Int32Array.of(7))
  expect([...new Int32Array(await device.read(address, 4))]).toEqual([7])
  expect(ints(device, address, 1)).toEqual([7])
  device.release(address)
}

describe('worker threads', () => {
  test('fifty, one after the other, ending in all ways; the main thread goes on', async () => {
    bench.fake.reset()
    const device = bench.open()
    await stillReads(device)
    const endings = ['open', 'close', 'pending', 'exit', 'throw', 'busy'] as const
    for (let i = 0; i < 50; i++) {
      const ending = endings[i % endings.length] ?? 'open'
      const { messages, error } = await runWorker(ending, ending === 'busy')
      if (ending === 'throw') expect(error?.message).toBe('on purpose')
      else expect([ending, messages[0], error]).toEqual([ending, 126, undefined])
      await stillReads(device)
    }
    device.close()
    expect(Object.entries(bench.fake.live()).filter(([, count]) => count !== 0)).toEqual([])
  })

  test('eight at once', async () => {
    const device = bench.open()
    const workers = Array.from({ length: 8 }, (_, i) => runWorker(i % 2 === 0 ? 'open' : 'busy', i % 2 === 1))
    const ended = await Promise.all(workers)
    expect(ended.map(({ messages }) => messages[0])).toEqual(ended.map(() => 126))
    await stillReads(device)
    device.close()
  })
})

/**
 * The Node of this process, that of the system, and those of scripts/nodes.ts, each version once. Where one is missing the summary of a run says so.
 * Sanitizers look at the addon, for which one is enough.
 */
async function findNodes(): Promise<readonly (readonly [version: string, path: string])[]> {
  const others = process.env['COTANGENT_SANITIZE'] === '1' ? [] : ['/usr/bin/node', '/usr/local/bin/node', ...otherNodes()],
    paths = [process.execPath, ...others.filter(path => existsSync(path))]
  const versions = await Promise.all(paths.map(async path => (await run(path, ['--version'])).stdout.trim()))
  return [...new Map(versions.map((version, i) => [version, paths[i] ?? ''] as const))]
}

describe('processes', () => {
  test('end by themselves, with reads pending or none, their device open or closed, after workers', async () => {
    for (const [version, node] of await findNodes()) {
      if (Number(version.slice(1).split('.')[0]) < 20) continue
      const endings = ['pending', 'exit', 'workers', ...(node === process.execPath ? ['open', 'close'] : [])]
      const outputs = endings.map(async ending => {
        const { stdout, stderr } = await run(node, [user, addon, bench.fake.library, ending], { timeout: 20_000 })
        return [version, ending, stdout, stderr]
      })
      expect(await Promise.all(outputs)).toEqual(endings.map(ending => [version, ending, '126\n', '']))
    }
  })

  test('end by an exception as others do', async () => {
    const failed = run(process.execPath, [user, addon, bench.fake.library, 'throw'], { timeout: 20_000 })
    await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('on purpose') as string })
  })
})
