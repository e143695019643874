import { expect, it } from 'vitest';
import { sampleLinks } from './sample';

const ids = (query?: string) => sampleLinks('https://a.test/page/', query).map(({ id }) => id);

it('the samples stand beside the page, and its query puts one of them first', () => {
  expect(sampleLinks('https://a.test/page/')[0].url.href).toBe('https://a.test/page/samples/cows.json');
  expect(ids()).toEqual(['remove', 'prompt']);
  expect(ids('?provider=wasm&sample=prompt')).toEqual(['prompt', 'remove']);
  expect(ids('?sample=__proto__')).toEqual(['remove', 'prompt']);
});
