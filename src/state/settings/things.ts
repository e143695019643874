/** What a model that draws things can draw, by name, and whether a prompt names any of it. */
import { z } from 'zod';

/** Of a thing: its name and other words for it. `concepts.json` beside the model. */
const thingsSchema = z.array(z.object({ name: z.string(), synonyms: z.array(z.string()) }));
export type Things = z.infer<typeof thingsSchema>;

/** @throws Error if the page's own list cannot be had */
export async function loadThings(url: URL): Promise<Things> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url.pathname}: the server answered ${answer.status}`);
  return thingsSchema.parse(await answer.json());
}

/** Words of prompts that name no thing. */
const PLAIN = new Set(
  (
    'a an the of in on at to for with and or my one some this that these there here is are by photo photograph picture image ' +
    'drawing painting illustration please add draw put make show big small little large tiny cute nice beautiful old new ' +
    'red green blue yellow orange pink purple white black brown grey gray golden highly detailed 4k realistic style'
  ).split(' '),
);

/** As the list has it: lower case, single spaces, no plural. */
function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map((word) => (word.length > 3 ? word.replace(/s$/, '') : word));
}

/**
 * The words of a prompt that the model does not know.
 * @returns empty if the prompt names a thing that it knows, since it ignores all else, and if it names nothing
 */
export function unknownWords(prompt: string, things: Things): string[] {
  const words = wordsOf(prompt);
  const text = ` ${words.join(' ')} `;
  const names = things.flatMap(({ name, synonyms }) => [name, ...synonyms]);
  if (names.some((name) => text.includes(` ${wordsOf(name).join(' ')} `))) return [];
  const typed = prompt.match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(typed.filter((word) => !PLAIN.has(word.toLowerCase())))];
}

/** `a cat`, `an apple` */
export function withArticle(name: string): string {
  return `${/^[aeiou]/i.test(name) && name !== 'unicorn' && name !== 'ufo' ? 'an' : 'a'} ${name}`;
}
