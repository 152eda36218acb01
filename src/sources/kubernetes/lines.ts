/** The lines of a text that comes in pieces; the last one too, if it does not end. Empty lines are left out. */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string, void, void> {
  let begun: string[] = [];
  for await (const piece of pieces) {
    const [first, ...rest] = piece.split('\n') as [string, ...string[]];
    begun.push(first);
    for (const next of rest) {
      const line = begun.join('');
      begun = [next];
      if (line !== '') yield line;
    }
  }
  const last = begun.join('');
  if (last !== '') yield last;
}
