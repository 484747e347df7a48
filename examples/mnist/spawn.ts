/** The program as a user runs it, for tests. */
import { type Run, spawnMain } from '../lib/host/spawn.ts'

const main = new URL('main.ts', import.meta.url)
export const mnist = (args: readonly string[], env?: Readonly<Record<string, string>>): Run => spawnMain(main, args, env)
