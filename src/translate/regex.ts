/** A text as an expression of RE2's that matches just it. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/**
 * The same, in whatever case. In Unicode, K and S are also the signs of kelvin and the long s, which a class of the two
 * letters leaves out.
 */
export function anyCase(text: string): string {
  const letters = escapeRegex(text).replace(
    /[ks]/gi,
    (letter) => `(?-i:[${letter.toLowerCase()}${letter.toUpperCase()}])`,
  );
  return `(?i:${letters})`;
}
