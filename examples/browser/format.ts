/** Numbers as the page writes them. */

export const percent = (share: number, digits: number = 1): string => `${(100 * share).toFixed(digits)} %`

export const count = (n: number): string => Math.round(n).toLocaleString('en')

export function bytes(n: number): string {
  if (n < 1024) return `${n} B`
  return n < 1024 * 1024 ? `${(n / 1024).toFixed(0)} KiB` : `${(n / 1024 / 1024).toFixed(1)} MiB`
}
