/**
 * How many source files a tool, a scheduler or a model family may touch: the limits of CONTRIBUTING.md, checked on those that
 * exist by counting the files that name each in quotes. One that is named in more files is a branch somewhere that its table
 * should make unnecessary. Fields of run options are not counted: words such as "strength" also name other things.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { familyIds } from '../src/contract/families';
import { schedulerNames } from '../src/contract/schedulers';
import { tools } from '../src/editor/tools/index';

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path))
  .map((path) => ({ path, text: readFileSync(join('src', path), 'utf8') }));

it.each([
  ['tool', tools.map(({ id }) => id), 3],
  ['scheduler', schedulerNames, 5],
  ['model family', familyIds, 6],
] as const)('no %s is named in more files than one may touch', (_, names, limit) => {
  for (const name of names) {
    const naming = sources.filter(({ text }) => text.includes(`'${name}'`)).map(({ path }) => path);
    expect(naming.length, `${name}: ${naming.join(', ')}`).toBeLessThanOrEqual(limit);
    expect(naming.length, name).toBeGreaterThan(0);
  }
});
