import { expect, it } from 'vitest';
import { type ModelOffer, offers } from '../../contract/catalogue';
import type { FitInWords } from './fit';
import { areChecked, matchesSearch, orderByFit, searchOffers, suggestedOffer } from './modelSearch';

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

it('puts first what fits, then the fastest of what is slow, and what is too large last; measured or not', () => {
  const named = (name: string) => {
    const offer = offers.find(({ title }) => title === name);
    if (!offer) throw new Error(name);
    return offer;
  };
  const [xl, sd15, turbo, dreams] = [
    'SDXL inpainting 0.1',
    'Stable Diffusion 1.5 inpainting',
    'SD Turbo',
    'DreamShaper 8 inpainting',
  ].map(named) as [ModelOffer, ModelOffer, ModelOffer, ModelOffer];
  const fits = new Map<ModelOffer, FitInWords['kind']>([
    [xl, 'tooLarge'],
    [sd15, 'slow'],
    [turbo, 'slow'],
  ]);
  const fitOf = (name: string): FitInWords | null => {
    const kind = fits.get(named(offers.find(({ model_name }) => model_name === name)?.title ?? ''));
    return kind ? { kind, seconds: null, text: '' } : null;
  };
  const all = [xl, sd15, turbo, dreams];
  // One isn't checked yet: nothing moves.
  expect(areChecked(all, fitOf)).toBe(false);
  expect(orderByFit(all, fitOf)).toEqual(all);
  fits.set(dreams, 'fits');
  const ordered = orderByFit(all, fitOf);
  expect(ordered).toEqual([dreams, turbo, sd15, xl]);
  expect(suggestedOffer(ordered, fitOf)).toBe(dreams);
  // Where all are slow, the fastest; where nothing is known or nothing runs, none.
  const slow = [xl, sd15, turbo];
  expect(suggestedOffer(orderByFit(slow, fitOf), fitOf)).toBe(turbo);
  expect(suggestedOffer([xl], fitOf)).toBeUndefined();
});
