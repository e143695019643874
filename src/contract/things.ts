/** What a model that draws things can draw, by name, and which of it a prompt names. */
import { z } from 'zod';

/** Of a thing: its name and other words for it. `concepts.json` beside the model. */
export const thingsSchema = z.array(z.object({ name: z.string(), synonyms: z.array(z.string()) }));
export type Things = z.infer<typeof thingsSchema>;

/** Words of prompts that name no thing. */
const PLAIN = new Set(
  (
    'a an the of in on at to for with and or my one some this that these there here is are by photo photograph picture image ' +
    'drawing painting illustration please add draw put make show big small little large tiny cute nice beautiful old new ' +
    'red green blue yellow orange pink purple white black brown grey gray golden highly detailed 4k realistic style ' +
    'two three four five six many several few'
  ).split(' '),
);

/** Plurals of names that no rule makes. */
const IRREGULAR: Record<string, string> = { mice: 'mouse', leaves: 'leaf', geese: 'goose', oxen: 'ox' };

/** A word and what it may be the plural of: `foxes` is `foxe` or `fox`. */
function singulars(word: string): string[] {
  const irregular = IRREGULAR[word];
  if (irregular !== undefined) return [word, irregular];
  if (word.length <= 3 || !word.endsWith('s')) return [word];
  const forms = [word, word.slice(0, -1)];
  if (word.endsWith('es')) forms.push(word.slice(0, -2));
  if (word.endsWith('ies')) forms.push(`${word.slice(0, -3)}y`);
  return forms;
}

/** Lower case, without punctuation. */
function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/**
 * The things that a prompt names, in its order, each once: of names that begin at one word the longest counts, so that a hot
 * dog is no dog. Plurals count as what they are of.
 */
export function namedThings(prompt: string, things: Things): string[] {
  const words = wordsOf(prompt).map(singulars);
  const names = things
    .flatMap(({ name, synonyms }) => [name, ...synonyms].map((own) => ({ name, words: wordsOf(own) })))
    .sort((a, b) => b.words.length - a.words.length);
  const found = new Set<string>();
  for (let at = 0; at < words.length; ) {
    const here = names.find(({ words: own }) =>
      own.every((word, i) => words[at + i]?.some((form) => singulars(word).includes(form))),
    );
    if (here) found.add(here.name);
    at += here?.words.length ?? 1;
  }
  return [...found];
}

/**
 * The words of a prompt that the model does not know, as they were typed, each once.
 * @returns empty if the prompt names a thing that it knows, since it ignores all else, and if it names nothing
 */
export function unknownWords(prompt: string, things: Things): string[] {
  if (namedThings(prompt, things).length > 0) return [];
  const typed = prompt.match(/[\p{L}\p{N}]+/gu) ?? [];
  // An emoji, say: no word, and not nothing either.
  if (typed.length === 0) return prompt.trim() === '' ? [] : [prompt.trim()];
  return [...new Set(typed.filter((word) => !PLAIN.has(word.toLowerCase())))];
}
