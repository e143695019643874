import { expect, it } from 'vitest';
import { withArticle } from './things';

it('a name gets its article', () => {
  expect(['cat', 'umbrella', 'unicorn'].map(withArticle)).toEqual(['a cat', 'an umbrella', 'a unicorn']);
});
