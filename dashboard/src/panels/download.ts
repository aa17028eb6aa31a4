/** Hands a file to the browser. */
export function download(name: string, content: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  // The browser has read the address by the next task.
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

/** `explore-2026-01-31T12-00-00Z.csv`: a name for files, with the time at which their data end. */
export function fileName(what: string, epochMs: number, extension: string): string {
  return `${what.replace(/[^\w.-]+/g, '-')}-${new Date(epochMs).toISOString().slice(0, 19).replaceAll(':', '-')}Z.${extension}`
}
