import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('..', import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).map((path) =>
  path.replaceAll('\\', '/'),
);
const read = (path: string) => readFileSync(join(source, path), 'utf8');
const sheets = files.filter((path) => path.startsWith('ui/') && path.endsWith('.css'));

/** The blocks and statements at the top of a sheet: what precedes each `{` or `;` outside of any other block. */
function topLevel(sheet: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let text = '';
  for (const character of sheet.replaceAll(/\/\*.*?\*\//gs, '')) {
    if (depth === 0 && (character === '{' || character === ';')) {
      found.push(text.trim());
      text = '';
    } else if (depth === 0 && character !== '}') text += character;
    if (character === '{') depth++;
    if (character === '}') depth--;
  }
  return found;
}

test('the order of the layers stands before anything is in one', () => {
  expect(topLevel(read('styles/index.css'))[0]).toBe('@layer tokens, base, controls, parts, modes');
});

test('each component sheet is wholly in its folder’s layer', () => {
  expect(sheets.length).toBeGreaterThan(30);
  for (const path of sheets) {
    const layer = path.startsWith('ui/controls/') ? 'controls' : 'parts';
    expect(topLevel(read(path)), path).toEqual([`@layer ${layer}`]);
  }
});

test('each component sheet is imported by a component', () => {
  const imported = new Set<string>();
  for (const path of files.filter((name) => name.endsWith('.tsx'))) {
    for (const [, sheet = ''] of read(path).matchAll(/^import '(\.[^']*\.css)';$/gm)) {
      imported.add(normalize(join(dirname(path), sheet)).replaceAll('\\', '/'));
    }
  }
  expect(sheets.filter((path) => !imported.has(path))).toEqual([]);
});
