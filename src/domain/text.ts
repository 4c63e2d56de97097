/**
 * The form in which texts are compared without case: NFC, lower-cased, final sigma as sigma. Stores keep it in
 * columns of its own, so that every adapter finds, sorts and compares alike.
 */
export function fold(text: string): string {
  // toLowerCase writes Σ as ς at the end of a word: a prefix would then differ from the word it begins.
  return text.normalize('NFC').toLowerCase().replaceAll('ς', 'σ');
}
