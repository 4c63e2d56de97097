import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A Markdown table. Cells are Markdown; line breaks and bars in them are made harmless. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

export const code = (text: string): string => `\`${text}\``;

export const codes = (texts: readonly string[]): string => texts.map(code).join(', ');

/**
 * The text of a page with its generated parts made anew; the prose around them is kept as it is on disk. A part stands
 * between `<!-- generated: name -->` and `<!-- /generated -->`.
 * @throws Error when the page is missing, or its markers and `sections` do not match
 */
export async function fillSections(
  root: string,
  path: string,
  sections: Readonly<Record<string, string>>,
): Promise<string> {
  const text = await readFile(join(root, path), 'utf8').catch(() => {
    throw new Error(`${path} is missing: write it, with the markers of ${Object.keys(sections).join(', ')}.`);
  });
  const found = new Set<string>();
  const filled = text.replace(
    /<!-- generated: ([\w-]+) -->[\s\S]*?<!-- \/generated -->/g,
    (_whole, name: string): string => {
      const section = sections[name];
      if (section === undefined) throw new Error(`${path} asks for a part "${name}" that nothing generates.`);
      found.add(name);
      return `<!-- generated: ${name} -->\n\n${section}\n\n<!-- /generated -->`;
    },
  );
  const missing = Object.keys(sections).filter((name) => !found.has(name));
  if (missing.length > 0) throw new Error(`${path} has no place for the generated parts ${missing.join(', ')}.`);
  return filled;
}

function cell(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replace(/(?<!\\)\|/g, '\\|');
}
