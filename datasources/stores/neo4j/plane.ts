/**
 * A text without characters beyond the basic plane (emoji, rare scripts), in the same order and with the same parts:
 * each becomes U+FFFF, which no text holds, and its number. Neo4j 5.26 compares such text parameters by UTF-16 where an
 * index compares by code point, so which of the two a plan takes would decide what a list holds.
 */
export function inBasicPlane(text: string): string {
  return text.replace(
    /[\u{10000}-\u{10ffff}]/gu,
    (character) => `\uffff${character.codePointAt(0)!.toString(16).padStart(6, '0')}`,
  );
}
