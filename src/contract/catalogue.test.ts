import { expect, it } from 'vitest';
import { offerOf, offers } from './catalogue';
import { knownNetworks } from './knownNetworks';

it('offers each model once, with all that the page says of it', () => {
  const ids = offers.map(({ model_name }) => model_name.toLowerCase());
  expect(new Set(ids).size).toBe(offers.length);
  expect(new Set(offers.map(({ title }) => title)).size).toBe(offers.length);
  for (const offer of offers) {
    expect(offerOf(offer.model_name)).toBe(offer);
    expect(offer.goodAt).not.toBe('');
    if (offer.networks !== undefined) expect(knownNetworks).toContain(offer.networks);
  }
});
