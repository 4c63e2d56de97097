/** Digits are written as sixteen control characters in a row, which no searchable text holds: none finds a part of them. */
const ZERO = 0x0b;

/**
 * A text without characters beyond the basic plane (emoji, rare scripts), in the same order and with the same parts:
 * each becomes U+FFFF, which no text holds, and its number. Neo4j 5.26 compares such text parameters by UTF-16 where an
 * index compares by code point, so which of the two a plan takes would decide what a list holds.
 */
export function inBasicPlane(text: string): string {
  return text.replace(/[\u{10000}-\u{10ffff}]/gu, (character) => `\uffff${digitsOf(character.codePointAt(0)!)}`);
}

/** Six of them, so that they sort as the numbers do. */
function digitsOf(codePoint: number): string {
  const shifts = [20, 16, 12, 8, 4, 0];
  return String.fromCharCode(...shifts.map((shift) => ZERO + ((codePoint >> shift) & 0xf)));
}
