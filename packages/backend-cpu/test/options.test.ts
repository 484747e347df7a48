import { expect, test } from 'vitest'
import { cpu, type CpuOptions } from '../src/index.ts'

test.each<readonly [options: unknown, message: string]>([
  [{ wide: 'yes' }, 'wide is true or false, got "yes"'],
  [{ fma: 0 }, 'fma is true or false, got 0'],
  [{ shared: 'false' }, 'shared is true or false, got "false"'],
  [{ threads: 0 }, 'threads is an integer from 1 to 256, got 0'],
  [{ threads: Number.NaN }, 'threads is an integer from 1 to 256, got NaN'],
  [{ threads: '2' }, 'threads is an integer from 1 to 256, got "2"'],
  [{ memoryBudget: '5' }, 'memoryBudget is a positive number of bytes, got "5"'],
  [{ memoryLimit: 5 }, 'memoryLimit is between 1 MiB and 4 GiB (in bytes), got 5'],
  [{ report: true }, 'report is a function, got true'],
  [{ threads: 1, thread: 2 }, 'no option "thread" (there are threads,'],
  [{ constructor: 2 }, 'no option "constructor"'],
  [{ wide: 1, threads: -1 }, 'wide is true or false, got 1; threads is an integer from 1 to 256, got -1'],
  [{ wide: Symbol('on') }, 'wide is true or false, got Symbol(on)'],
  [null, 'options are an object, got null'],
  [4, 'options are an object, got 4'],
])('options %j are refused', async (options, message) => {
  const opened = cpu(options as CpuOptions)
  await expect(opened).rejects.toThrow(message)
  await expect(opened).rejects.toMatchObject({ kind: 'ConfigError' })
})
