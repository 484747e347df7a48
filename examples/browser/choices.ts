/** What there is to choose from, as the page says it. A new choice is an entry here; the compiler then asks `backends.ts` or `plans.ts` for it. */

export interface ChoiceText {
  readonly label: string
  readonly note: string
}

export const backendChoices = {
  cpu: { label: 'cpu', note: 'WebAssembly with SIMD' },
  webgl: { label: 'webgl', note: 'WebGL2 shaders on the GPU' },
  reference: { label: 'reference', note: 'Plain JavaScript, slow' },
} as const satisfies Readonly<Record<string, ChoiceText>>
export type BackendChoice = keyof typeof backendChoices

export const modelChoices = {
  cnn: { label: 'CNN', note: 'Convolutions, pooling, dropout' },
  mlp: { label: 'MLP', note: 'Two dense layers' },
} as const satisfies Readonly<Record<string, ChoiceText>>
export type ModelName = keyof typeof modelChoices
