/** Where the data of an npm package are. Runs in Node. */
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { CotangentError } from '@cotangent/core'

/**
 * The folder of a package that is installed with the examples.
 * @throws ValueError when it is not: `what` names the data.
 */
export function dataPackage(what: string, name: string): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
  } catch (cause) {
    throw new CotangentError(
      'ValueError',
      `${what}: the npm package ${name} is not installed. Run the install command of the README, or pass --data FOLDER.`,
      { cause },
    )
  }
}
