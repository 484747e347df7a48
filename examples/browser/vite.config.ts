/** `vite` and `vite build` for the page. */
import { fileURLToPath } from 'node:url'
import { type UserConfig, defaultClientConditions, defineConfig } from 'vite'
import { fromFile } from './from-file.ts'
import { makeDigits } from './make-digits.ts'

/** Without these a browser gives out no shared memory, and the cpu backend has one thread. */
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

export default defineConfig(async ({ isPreview }): Promise<UserConfig> => {
  if (isPreview !== true) await makeDigits(fileURLToPath(new URL('public/digits', import.meta.url)))
  return {
    root: fileURLToPath(new URL('.', import.meta.url)),
    // Relative, so that the folder may stand anywhere.
    base: './',
    plugins: [fromFile()],
    // The packages' sources. A project of your own leaves this out.
    resolve: { conditions: ['source', ...defaultClientConditions] },
    server: { headers },
    preview: { headers },
    build: { target: 'es2023' },
  }
})
