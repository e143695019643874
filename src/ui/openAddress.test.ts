import { expect, it } from 'vitest';
import { pictureAddress } from './openAddress';

it('knows an address from other text', () => {
  expect(pictureAddress(' https://example.org/a/b.png?x=1 ')?.pathname).toBe('/a/b.png');
  expect(pictureAddress('data:image/png;base64,AAAA')?.protocol).toBe('data:');
  expect(pictureAddress('a red fox')).toBeNull();
  expect(pictureAddress('https://example.org/a b')).toBeNull();
  expect(pictureAddress('ftp://example.org/a.png')).toBeNull();
  expect(pictureAddress('https://')).toBeNull();
});
