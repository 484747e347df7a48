/** `npx -y pnpm@12 example NAME [options]`: runs examples/NAME/main.ts. */
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const examples = new URL('../examples/', import.meta.url)
const [name] = process.argv.splice(2, 1)
const main = new URL(`${name ?? ''}/main.ts`, examples)
if (name === undefined || !existsSync(fileURLToPath(main))) {
  const names = readdirSync(examples).filter(n => existsSync(fileURLToPath(new URL(`${n}/main.ts`, examples))))
  console.error(`usage: example NAME [options]; there are: ${names.join(', ')}`)
  process.exit(2)
}
await import(main.href)
