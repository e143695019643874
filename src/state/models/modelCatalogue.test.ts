import { expect, it } from 'vitest';
import { licenceInWords } from './modelCatalogue';

it('says "licence" once', () => {
  expect(licenceInWords('openrail++')).toBe('licence openrail++');
  expect(licenceInWords('Stability AI licence')).toBe('Stability AI licence');
});
