/**
 * Where NVIDIA's libraries may be: what the user says; the loader's own search; CUDA_HOME and the toolkit's folders; the packages that pip
 * installs (`nvidia-cuda-nvrtc-cu12` and its like), which no loader knows.
 */
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Libraries } from './addon.ts'

/** Paths or names that are tried before all others. */
export type LibraryPaths = { readonly [K in keyof Libraries]?: string | readonly string[] }

/** Newest first. */
const sonames: Libraries = {
  cuda: ['libcuda.so.1'],
  nvrtc: ['libnvrtc.so.13', 'libnvrtc.so.12', 'libnvrtc.so.11.2'],
  cublasLt: ['libcublasLt.so.13', 'libcublasLt.so.12', 'libcublasLt.so.11'],
  cudnn: ['libcudnn.so.9', 'libcudnn.so.8'],
}

/** What the search depends on; tests make their own. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly home: string
  exists(path: string): boolean
  /** Names in a folder; none where there is no such folder. */
  list(folder: string): readonly string[]
}

const here: Surroundings = {
  environment: process.env,
  home: homedir(),
  exists: existsSync,
  list: folder => {
    try {
      return readdirSync(folder)
    } catch {
      return []
    }
  },
}

/** Candidates for each library, in the order in which they are tried. */
export function findLibraries(configured: LibraryPaths = {}, surroundings: Surroundings = here): Libraries {
  const folders = [...new Set([...toolkitFolders(surroundings), ...pipFolders(surroundings)])]
  const found = (key: keyof Libraries): readonly string[] => {
    const paths = folders.flatMap(folder => sonames[key].map(name => join(folder, name))).filter(path => surroundings.exists(path))
    return [...asList(configured[key]), ...sonames[key], ...paths]
  }
  // The driver comes with the kernel module, in the system's folders; other copies do not fit it.
  return { cuda: [...asList(configured.cuda), ...sonames.cuda], nvrtc: found('nvrtc'), cublasLt: found('cublasLt'), cudnn: found('cudnn') }
}

const asList = (paths: string | readonly string[] = []): readonly string[] => (typeof paths === 'string' ? [paths] : paths)

function toolkitFolders({ environment, list }: Surroundings): readonly string[] {
  const homes = [environment['CUDA_HOME'], environment['CUDA_PATH'], '/usr/local/cuda'].filter(home => home !== undefined && home !== '')
  const versions = list('/usr/local')
    .filter(name => /^cuda-\d/.test(name))
    .sort((a, b) => versionOf(b) - versionOf(a))
    .map(name => join('/usr/local', name))
  return [...(homes as string[]), ...versions].flatMap(home => [join(home, 'lib64'), join(home, 'targets/x86_64-linux/lib')])
}

function versionOf(name: string): number {
  const [major = 0, minor = 0] = name.slice('cuda-'.length).split('.').map(Number)
  return major * 1000 + minor
}

/** `site-packages/nvidia/PACKAGE/lib` (wheels up to CUDA 12) and `site-packages/nvidia/cuNN/lib` (from CUDA 13 on): one pattern. */
function pipFolders({ environment, home, list }: Surroundings): readonly string[] {
  const prefixes = [environment['VIRTUAL_ENV'], environment['CONDA_PREFIX'], join(home, '.local'), '/usr/local', '/usr', '/opt/conda']
  const packages = prefixes
    .filter(prefix => prefix !== undefined && prefix !== '')
    .flatMap(prefix => pythons(join(prefix as string, 'lib'), list))
  return packages.flatMap(folder => list(join(folder, 'nvidia')).map(name => join(folder, 'nvidia', name, 'lib')))
}

const pythons = (lib: string, list: Surroundings['list']): readonly string[] =>
  list(lib)
    .filter(name => name.startsWith('python3'))
    .flatMap(name => [join(lib, name, 'site-packages'), join(lib, name, 'dist-packages')])
