/** Characters as tokens. */
import { checkList, fail } from '@cotangent/core/extend'
import { type Tokenizer, entryOf } from './tokenizer.ts'

/** The characters (code points) of a text, sorted. */
export const charVocabulary = (text: string): readonly string[] => [...new Set(text)].sort()

/** A token a character. With `unknown`, a character of the vocabulary, it stands for all others; without, those are refused. */
export function charTokenizer(vocabulary: readonly string[], { unknown }: { readonly unknown?: string } = {}): Tokenizer {
  checkList('charTokenizer', vocabulary, 'characters')
  const ids = new Map(vocabulary.map((c, i) => [c, i]))
  const other = unknown === undefined ? undefined : ids.get(unknown)
  const idOf = (c: string): number => {
    const id = ids.get(c) ?? other
    if (id === undefined) fail('ValueError', `charTokenizer: ${JSON.stringify(c)} is not in the vocabulary. Pass { unknown }.`)
    return id
  }
  return {
    size: vocabulary.length,
    encode: text => Int32Array.from(Array.from(text, idOf)),
    decode: tokens => Array.from(tokens, id => entryOf('charTokenizer', vocabulary, id)).join(''),
  }
}
