// Tables for people: columns as wide as they need to be, heads in bold.

import pc from 'picocolors'

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => plain(row[column] ?? '').length)),
  )
  const line = (cells: readonly string[], style: (text: string) => string): string =>
    cells
      .map((cell, column) => style(cell) + ' '.repeat(widths[column]! - plain(cell).length))
      .join('  ')
      .trimEnd()
  return [line(heads, pc.bold), ...rows.map((row) => line(row, (text) => text))].join('\n')
}

/** Text without colour codes. */
function plain(text: string): string {
  return text.replaceAll(/\u001b\[\d+m/g, '')
}
