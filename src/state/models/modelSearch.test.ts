import { expect, it } from 'vitest';
import { offers } from '../../contract/catalogue';
import type { FitInWords } from './fit';
import { matchesSearch, orderByFit, searchOffers, suggestedOffer } from './modelSearch';

const titles = (typed: string) => searchOffers(typed, offers).offers.map(({ title }) => title);

it('finds models by what people call them', () => {
  expect(titles('sd15')[0]).toBe('Stable Diffusion 1.5 inpainting');
  expect(titles('SD 1.5')).toContain('Stable Diffusion 1.5 inpainting');
  expect(titles('sdxl inpaint')).toContain('SDXL inpainting 0.1');
  expect(titles('dream shaper')).toEqual(['DreamShaper 8 inpainting']);
  expect(titles('photo')).toContain('Realistic Vision 2.0');
  expect(titles('Lykon/dreamshaper-8')).toEqual(['DreamShaper 8 inpainting']);
  expect(titles('  ')).toHaveLength(offers.length);
});

it('says that a kind cannot run and names another, or that nothing is found', () => {
  const flux = searchOffers('flux', offers);
  expect(flux.note).toContain('“flux” can’t run');
  expect(flux.offers.map(({ title }) => title)).toEqual(['Stable Diffusion 1.5 inpainting']);
  expect(searchOffers('zzz', offers)).toEqual({ offers: [], note: 'No listed model matches “zzz”.' });
});

it('wants every word somewhere', () => {
  expect(matchesSearch('a model', ['owner/a-model', undefined])).toBe(true);
  expect(matchesSearch('a zebra', ['owner/a-model'])).toBe(false);
});

it('puts first what fits, then the fastest of what is slow, and what is too large last', () => {
  const [a, b, c, d, e] = offers;
  if (!a || !b || !c || !d || !e) throw new Error('five offers');
  const fits = new Map<string, FitInWords>([
    [a.model_name, { kind: 'tooLarge', seconds: null, text: '' }],
    [b.model_name, { kind: 'slow', seconds: 900, text: '' }],
    [c.model_name, { kind: 'slow', seconds: 300, text: '' }],
    [d.model_name, { kind: 'fits', seconds: 20, text: '' }],
  ]);
  const fitOf = (name: string) => fits.get(name) ?? null;
  // One that isn't checked yet: nothing moves.
  expect(orderByFit([a, b, c, d, e], fitOf)).toEqual([a, b, c, d, e]);
  fits.set(e.model_name, { kind: 'fits', seconds: 30, text: '' });
  const ordered = orderByFit([a, b, c, d, e], fitOf);
  expect(ordered).toEqual([d, e, c, b, a]);
  expect(suggestedOffer(ordered, fitOf)).toBe(d);
  // Where all are slow, the fastest; where nothing is known or nothing runs, none.
  fits.delete(d.model_name);
  fits.delete(e.model_name);
  expect(suggestedOffer(orderByFit([a, b, c], fitOf), fitOf)).toBe(c);
  expect(suggestedOffer([a], fitOf)).toBeUndefined();
});
