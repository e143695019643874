import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));

it('says of each package with an install script that it need not run: a new one must be looked at', () => {
  const packages: Record<string, { hasInstallScript?: boolean }> = read('package-lock.json').packages;
  const withScripts = Object.keys(packages)
    .filter((path) => packages[path]?.hasInstallScript)
    .map((path) => path.replace(/^.*node_modules\//, ''));
  expect(withScripts).toContain('esbuild');
  const { allowScripts } = read('package.json');
  expect(Object.keys(allowScripts).sort()).toEqual([...new Set(withScripts)].sort());
  expect(new Set(Object.values(allowScripts))).toEqual(new Set([false]));
  expect(readFileSync(new URL('../.npmrc', import.meta.url), 'utf8')).toContain('\nignore-scripts=true\n');
});
