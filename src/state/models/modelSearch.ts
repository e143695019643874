/** The dialog's list of models: what a search finds, and what stands first. */
import type { ModelOffer } from '../../contract/catalogue';
import { type FitInWords, relativeCost } from './fit';
import { cannotRun, suggestModels } from './modelCatalogue';

const lettersOf = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');

/**
 * Every word must be in a name or in what the model is good at: `sd15`, `sd 1.5`, `photo`, `sdxl inpaint`.
 * @param texts of one model; absent ones are skipped
 */
export function matchesSearch(typed: string, texts: readonly (string | undefined)[]): boolean {
  const words = typed.split(/\s+/).map(lettersOf).filter(Boolean);
  const letters = texts.map((text) => lettersOf(text ?? ''));
  return words.every((word) => letters.some((text) => text.includes(word)));
}

export interface SearchResult {
  offers: readonly ModelOffer[];
  /** What the list cannot show, in a sentence. */
  note: string | null;
}

/** The offers that are meant; if none is, those that do the same as a kind that cannot run. */
export function searchOffers(typed: string, all: readonly ModelOffer[]): SearchResult {
  const offers = all.filter(({ title, model_name, nicknames, goodAt }) =>
    matchesSearch(typed, [title, model_name, nicknames, goodAt]),
  );
  if (offers.length > 0) return { offers, note: null };
  const instead = suggestModels(typed);
  if (cannotRun(typed) && instead.length > 0)
    return {
      offers: instead,
      note: `Models of the kind “${typed.trim()}” can’t run in Inlay. This one does the same:`,
    };
  return { offers: [], note: `No listed model matches “${typed.trim()}”.` };
}

/** The one to begin with: made for inpainting and fitting; on a device where all are slow, the fastest. @param ordered by fit */
export function suggestedOffer(
  ordered: readonly ModelOffer[],
  fitOf: (name: string) => FitInWords | null,
): ModelOffer | undefined {
  const ofKind = (kind: FitInWords['kind']) =>
    ordered.filter(({ model_name }) => fitOf(model_name)?.kind === kind);
  return ofKind('fits').find(({ isForInpainting }) => isForInpainting) ?? ofKind('slow')[0];
}

/** Whether it is known of all offers whether they fit. One without networks of a known form is never checked. */
export function areChecked(
  offers: readonly ModelOffer[],
  fitOf: (name: string) => FitInWords | null,
): boolean {
  return offers.every(({ model_name, networks }) => networks === undefined || fitOf(model_name) !== null);
}

/**
 * What fits first, then what is slow, the fastest of it first, then what is too large; as they came until all are checked.
 * That they were measured since changes no place among the slow ones.
 */
export function orderByFit(
  offers: readonly ModelOffer[],
  fitOf: (name: string) => FitInWords | null,
): ModelOffer[] {
  if (!areChecked(offers, fitOf)) return [...offers];
  const keyed = offers.map((offer) => {
    const kind = fitOf(offer.model_name)?.kind ?? 'fits';
    const rank = { fits: 0, slow: 1, tooLarge: 2 }[kind];
    return { offer, rank, cost: kind === 'slow' ? relativeCost(offer.model_name) : 0 };
  });
  return keyed.sort((a, b) => a.rank - b.rank || a.cost - b.cost).map(({ offer }) => offer);
}
