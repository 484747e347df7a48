/** The examples that there are, by the table of their README. */

export interface Entry {
  readonly name: string
  readonly about: string
}

/** One for each row whose first cell links to a folder. */
export const catalogueOf = (readme: string): readonly Entry[] =>
  Array.from(readme.matchAll(/^\| \[([\w-]+)\]\([^)]*\) \| (.*?) \|/gm), ([, name = '', about = '']) => ({
    name,
    about: about.replaceAll('`', ''),
  }))

/** A line each, and how to run one. */
export function listed(entries: readonly Entry[]): string {
  const width = Math.max(...entries.map(e => e.name.length))
  return [
    'example NAME [options] runs one of these, example NAME --help says which options it has:',
    '',
    ...entries.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`),
  ].join('\n')
}

/** For a name that none of them has. */
export const unknownExample = (name: string, entries: readonly Entry[]): string =>
  `There is no example "${name}"; there are ${entries.map(e => e.name).join(', ')}.`
