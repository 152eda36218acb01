import type { Colour, Paint } from './paint.ts';
import { printable, SHORT } from './terminal-text.ts';

/** What stands in a cell, harmless or not; absent: nothing. */
export type Cell = string | undefined | { readonly text: string; readonly colour: Colour };

/** Columns under capitals, three spaces between them, as kubectl has them. */
export function table(titles: readonly string[], rows: readonly (readonly Cell[])[], paint: Paint): string {
  const all = rows.map((row) => row.map(plain));
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...all.map((row) => [...(row[column]?.text ?? '')].length)),
  );
  const line = (cells: readonly { text: string; colour?: Colour }[]) =>
    cells
      .map(({ text, colour }, column) => {
        const shown = colour === undefined ? text : paint(colour, text);
        const last = column === cells.length - 1;
        return last ? shown : shown + ' '.repeat(widths[column]! - [...text].length);
      })
      .join('   ')
      .trimEnd();
  return [titles.map((text) => ({ text, colour: 'bold' as const })), ...all]
    .map((cells) => `${line(cells)}\n`)
    .join('');
}

function plain(cell: Cell): { text: string; colour?: Colour } {
  if (cell === undefined || cell === '') return { text: '-' };
  if (typeof cell === 'string') return { text: printable(cell, SHORT) };
  return { text: printable(cell.text, SHORT), colour: cell.colour };
}
