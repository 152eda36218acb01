/** A line of a difference: taken away (`-`), added (`+`), kept, or a mark for lines that are left out. */
export interface DiffLine {
  readonly sign: '-' | '+' | ' ' | '…';
  readonly text: string;
}

/** So many kept lines are shown around a change. */
const CONTEXT = 3;

/** Tables of more cells than this take too long to fill; what is that different is shown as replaced. */
const MOST_CELLS = 4_000_000;

/** The fewest lines to take away and to add that make one text of another. */
export function lineDiff(before: string, after: string): readonly DiffLine[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  const shorter = Math.min(a.length, b.length) - head;
  while (tail < shorter && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  return shortened([
    ...a.slice(0, head).map(signed(' ')),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(signed(' ')),
  ]);
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function signed(sign: DiffLine['sign']): (text: string) => DiffLine {
  return (text) => ({ sign, text });
}

/** By the longest common subsequence. */
function middle(a: readonly string[], b: readonly string[]): readonly DiffLine[] {
  if (a.length * b.length > MOST_CELLS) return [...a.map(signed('-')), ...b.map(signed('+'))];
  const width = b.length + 1;
  // How many lines the rests from row and column on have in common.
  const common = new Uint32Array((a.length + 1) * width);
  for (let row = a.length - 1; row >= 0; row--) {
    for (let column = b.length - 1; column >= 0; column--) {
      const at = row * width + column;
      common[at] = a[row] === b[column] ? common[at + width + 1]! + 1 : Math.max(common[at + width]!, common[at + 1]!);
    }
  }
  const lines: DiffLine[] = [];
  let [row, column] = [0, 0];
  while (row < a.length || column < b.length) {
    const at = row * width + column;
    if (row < a.length && column < b.length && a[row] === b[column]) {
      lines.push({ sign: ' ', text: a[row]! });
      row += 1;
      column += 1;
    } else if (column === b.length || (row < a.length && common[at + width]! >= common[at + 1]!)) {
      lines.push({ sign: '-', text: a[row]! });
      row += 1;
    } else {
      lines.push({ sign: '+', text: b[column]! });
      column += 1;
    }
  }
  return lines;
}

function shortened(lines: readonly DiffLine[]): readonly DiffLine[] {
  const shown = new Set<number>();
  for (const [index, { sign }] of lines.entries()) {
    if (sign === ' ') continue;
    for (let near = index - CONTEXT; near <= index + CONTEXT; near++) shown.add(near);
  }
  return lines.flatMap((line, index) => {
    if (shown.has(index)) return [line];
    return index === 0 || shown.has(index - 1) ? [{ sign: '…' as const, text: '' }] : [];
  });
}
