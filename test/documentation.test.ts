/** The documents name files that exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const documents = [
  ...['README.md', 'CONTRIBUTING.md'],
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...readdirSync('docs/decisions').map((name) => `docs/decisions/${name}`),
];
const roots = ['bench', 'docs', 'e2e', 'goldens', 'public', 'src', 'test', 'tools'];
const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
const inSource = new Set(folders.map(({ name }) => name));
/** Stands for a name that the reader chooses: `tools/x.ts`. */
const EXAMPLE = /(^|\/)[xX]\.\w+$/;

/** Paths in code marks, from the root; those of folders in `src` may leave it out. */
function pathsIn(text: string): string[] {
  const quoted = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`([\w.-]+(?:\/[\w.-]+)+\/?)`/g)];
  return quoted
    .map(([, path = '']) => path)
    .filter((path) => !EXAMPLE.test(path))
    .flatMap((path) => {
      const [root = ''] = path.split('/');
      if (roots.includes(root)) return [path];
      return inSource.has(root) && /\.tsx?$/.test(path) ? [`src/${path}`] : [];
    });
}

describe.each(documents)('%s', (document) => {
  const text = readFileSync(document, 'utf8');

  it('names files that exist', () => {
    expect(pathsIn(text).filter((path) => !existsSync(path))).toEqual([]);
  });

  it('has links that lead somewhere', () => {
    const targets = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
    expect(targets.filter((target) => !existsSync(join(dirname(document), target)))).toEqual([]);
  });
});
