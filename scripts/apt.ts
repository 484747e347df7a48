import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** May this process install packages of the system? As root with apt-get. */
export const mayInstall = (): boolean => process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')

/** Installs packages of Debian. What went wrong, if anything did. */
export const install = (...packages: readonly string[]): string | undefined =>
  apt('update') ?? apt('install', '-y', '--no-install-recommends', ...packages)

function apt(...args: readonly string[]): string | undefined {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const options = ['-q', '-o', 'Acquire::Retries=2', '-o', 'DPkg::Lock::Timeout=60']
  const { status, stdout, stderr, error } = spawnSync('apt-get', [...options, ...args], { env, encoding: 'utf8', timeout: 240_000 })
  if (status === 0) return undefined
  console.error(stdout, stderr)
  return `apt-get ${args[0]}: ${error?.message ?? stderr.trim().split('\n').at(-1) ?? `status ${status}`}`
}
