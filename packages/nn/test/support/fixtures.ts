/** What the tests against PyTorch's answers share (tools/torch_values.py is the other side). */
import { readFileSync } from 'node:fs'

export { close, values } from './numbers.ts'

export const readFixtures = <T>(name: string): T => JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')) as T
