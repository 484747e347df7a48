/** Parameters in a file: what is written is read again, and a damaged file is refused by name. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CotangentError, array, init, ones, random, tree, zeros } from '@cotangent/core'
import { dense, named, relu, serial } from '@cotangent/nn'
import { nodeFiles } from './host/node.ts'
import { checkWritable, loadParameters, saveParameters } from './parameters.ts'

let folder: string, path: string
beforeAll(async () => {
  await init({ backend: 'reference' })
  folder = await mkdtemp(join(tmpdir(), 'cotangent-parameters-'))
  path = join(folder, 'model.safetensors')
})
afterAll(() => rm(folder, { recursive: true }))

const model = named({ body: serial(dense(3), relu), head: dense(2) })
const fresh = () => model.init(random.key(0), [4]).params
const bits = (params: unknown): readonly number[][] =>
  tree.leaves(params).map(t => [...new Uint32Array((t.dataSync() as Float32Array).slice().buffer)])

describe('parameters', () => {
  it('come back bit for bit, also NaN, -0 and infinities', async () => {
    await fc.assert(
      fc.asyncProperty(fc.float32Array({ maxLength: 20 }), fc.float(), async (values, v) => {
        const params = { a: array(values), b: [array(v), zeros([0, 3])] }
        await saveParameters(nodeFiles, path, params)
        const loaded = await loadParameters(nodeFiles, path, params)
        expect(bits(loaded)).toEqual(bits(params))
        expect(tree.leaves(loaded).map(t => t.shape)).toEqual(tree.leaves(params).map(t => t.shape))
      }),
      { numRuns: 20 },
    )
  })
  it('are found by name, whatever the order in the file', async () => {
    await saveParameters(nodeFiles, path, { y: array([1, 2]), x: array([3]) })
    const { x, y } = await loadParameters(nodeFiles, path, { x: zeros([1]), y: zeros([2]) })
    expect([[...x.dataSync()], [...y.dataSync()]]).toEqual([[3], [1, 2]])
  })
  it('are a safetensors file', async () => {
    await saveParameters(nodeFiles, path, fresh())
    const file = await readFile(path),
      size = Number(file.readBigUInt64LE())
    const header = JSON.parse(file.toString('utf8', 8, 8 + size)) as Record<
      string,
      { dtype: string; shape: number[]; data_offsets: [number, number] }
    >
    expect(header['body[0].kernel']).toMatchObject({ dtype: 'F32', shape: [4, 3] })
    expect(size % 8).toBe(0)
    expect(file.length).toBe(8 + size + Math.max(...Object.values(header).map(e => e.data_offsets[1])))
    expect(await readdir(folder)).toEqual(['model.safetensors'])
  })
})

describe('a file that does not fit is refused by its path', () => {
  const errorOf = async (action: Promise<unknown>): Promise<string> => {
    const error: unknown = await action.catch((e: unknown) => e)
    expect(error).toBeInstanceOf(CotangentError)
    return `${(error as CotangentError).kind}: ${(error as CotangentError).message}`
  }
  /** Saves, changes the bytes, loads. */
  const damaged = async (change: (bytes: Buffer) => Buffer): Promise<string> => {
    await saveParameters(nodeFiles, path, fresh())
    await writeFile(path, change(await readFile(path)))
    const message = await errorOf(loadParameters(nodeFiles, path, fresh()))
    expect(message).toContain(path)
    return message
  }
  it('missing', async () =>
    expect(await errorOf(loadParameters(nodeFiles, join(folder, 'none'), fresh()))).toMatch(
      /ValueError: .*none: cannot be read \(ENOENT.*Train and save first/,
    ))
  it('empty', async () =>
    expect(await damaged(() => Buffer.alloc(0))).toMatch(
      /do not begin with the length of a header\. It is damaged, or no safetensors file/,
    ))
  it('cut in the header', async () => expect(await damaged(b => b.subarray(0, 20))).toMatch(/do not begin with the length of a header/))
  it('cut in the numbers', async () =>
    expect(await damaged(b => b.subarray(0, b.length - 1))).toMatch(/bytes of elements are there, not the /))
  it('a damaged header', async () =>
    expect(await damaged(b => Buffer.concat([b.subarray(0, 8), Buffer.from('}'), b.subarray(9)]))).toMatch(/its header cannot be read/))
  it('a header of another form', async () => {
    const json = Buffer.from('{"head.bias":7}'),
      size = Buffer.alloc(8)
    size.writeBigUInt64LE(BigInt(json.length))
    expect(await damaged(() => Buffer.concat([size, json]))).toMatch(/nothing that makes sense of head\.bias/)
  })
  it('a text file', async () =>
    expect(await damaged(() => Buffer.from('these are no parameters'))).toMatch(/do not begin with the length of a header/))
  it('another model: other shapes, missing and additional parameters', async () => {
    await saveParameters(nodeFiles, path, fresh())
    expect(await errorOf(loadParameters(nodeFiles, path, { ...fresh(), head: { kernel: ones([3, 5]), bias: ones([2]) } }))).toMatch(
      /has float32\[3, 2\] for head\.kernel, not float32\[3, 5\]/,
    )
    expect(await errorOf(loadParameters(nodeFiles, path, { ...fresh(), tail: ones([1]) }))).toMatch(/has no tail/)
    expect(await errorOf(loadParameters(nodeFiles, path, { body: fresh().body }))).toMatch(
      /has head\.(bias|kernel), which the model has not/,
    )
  })
  it('one flipped bit anywhere never breaks the reader: it is refused, or is another number', async () => {
    await saveParameters(nodeFiles, path, fresh())
    const file = await readFile(path)
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * file.length - 1), async bit => {
        const bytes = Buffer.from(file)
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
        await writeFile(path, bytes)
        await loadParameters(nodeFiles, path, fresh()).catch((e: unknown) => expect(e).toBeInstanceOf(CotangentError))
      }),
      { numRuns: 100 },
    )
  })
  it('a folder that is not there, before the training and after it', async () => {
    expect(await errorOf(saveParameters(nodeFiles, '/no/such/folder/x', fresh()))).toMatch(
      /ValueError: \/no\/such\/folder\/x: cannot be written \(ENOENT.*Choose a file/,
    )
    expect(await errorOf(checkWritable(nodeFiles, '/no/such/folder/x'))).toMatch(/cannot be written/)
    expect(await errorOf(checkWritable(nodeFiles, folder))).toMatch(/cannot be written \(EISDIR: it is a folder\)/)
    expect(await errorOf(checkWritable(nodeFiles, ''))).toMatch(/cannot be written \(the path is empty\)/)
    await checkWritable(nodeFiles, join(folder, 'new'))
  })
})
