/** A file that is made from others and committed. */
export interface GeneratedFile {
  /** From the root of the repository. */
  readonly path: string;
  /** Its whole text; the same for the same sources. */
  content(root: string): Promise<string>;
}
