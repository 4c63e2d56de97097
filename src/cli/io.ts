/** The world of a command: data goes to `out`, everything else to `err`. */
export interface Io {
  readonly env: NodeJS.ProcessEnv;
  out(text: string): void;
  err(text: string): void;
  readonly isTerminal: boolean;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** Exit codes of every command. */
export const EXIT = {
  OK: 0,
  /** The command could not do its work; the message says why. */
  FAILED: 1,
  /** Wrong words on the command line or in the configuration file. */
  USAGE: 2,
  /** No gateway answers at the address. */
  UNREACHABLE: 3,
  /** It ended, but needs attention: a run that degraded, failed or was cancelled, a connector with a reason, a removal that waits. */
  ATTENTION: 4,
} as const;

export const FORMATS = ['table', 'json', 'ndjson', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

type Cell = string | number | boolean | null;

/** Rows as text in one of the formats, without a line break at the end. All rows have the same columns. */
export function render(rows: readonly Readonly<Record<string, Cell>>[], format: Format): string {
  if (format === 'json') return JSON.stringify(rows, null, 2);
  if (format === 'ndjson') return rows.map((row) => JSON.stringify(row)).join('\n');
  const columns = Object.keys(rows[0] ?? {});
  const text = (cell: Cell | undefined): string => (cell === null || cell === undefined ? '' : String(cell));
  if (format === 'csv') {
    const lines = [columns, ...rows.map((row) => columns.map((column) => text(row[column])))];
    return lines.map((cells) => cells.map(csvCell).join(',')).join('\n');
  }
  if (rows.length === 0) return '(none)';
  const table = [
    columns.map((column) => column.toUpperCase()),
    ...rows.map((row) => columns.map((c) => printable(text(row[c])))),
  ];
  const widths = columns.map((_, i) => Math.max(...table.map((cells) => cells[i]!.length)));
  return table
    .map((cells) =>
      cells
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** RFC 4180; a leading `= + - @` is defused, because spreadsheets would run it. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Names come from providers: control characters must not steer a terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\u00b7');
}
