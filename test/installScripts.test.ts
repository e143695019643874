import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));

it('says of each package with an install script whether it may run: npm warns of those that nobody looked at', () => {
  const packages: Record<string, { hasInstallScript?: boolean }> = read('package-lock.json').packages;
  const withScripts = Object.keys(packages)
    .filter((path) => packages[path]?.hasInstallScript)
    .map((path) => path.replace(/^.*node_modules\//, ''));
  expect(withScripts).toContain('esbuild');
  expect(Object.keys(read('package.json').allowScripts).sort()).toEqual([...new Set(withScripts)].sort());
});
