/** `npx -y pnpm@12 example NAME [options]`: runs examples/NAME/main.ts; without a name, lists the examples. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { catalogueOf, listed, unknownExample } from '../examples/lib/catalogue.ts'

const examples = new URL('../examples/', import.meta.url)
const entries = catalogueOf(readFileSync(new URL('README.md', examples), 'utf8'))
const [name] = process.argv.splice(2, 1)
if (name === undefined || name === '--help') console.log(listed(entries))
else if (!entries.some(e => e.name === name)) {
  console.error(unknownExample(name, entries))
  process.exitCode = 2
} else {
  const main = new URL(`${name}/main.ts`, examples)
  if (existsSync(fileURLToPath(main))) await import(main.href)
  else {
    console.error(`${name} is a page: npx -y pnpm@12 example:${name}`)
    process.exitCode = 2
  }
}
