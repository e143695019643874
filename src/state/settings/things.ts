/** The list of what the starter can draw, and how its names are typed. */
import { type Things, thingsSchema } from '../../contract/things';

export { namedThings, type Things, unknownWords } from '../../contract/things';

/** @throws Error if the page's own list cannot be had */
export async function loadThings(url: URL): Promise<Things> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url.pathname}: the server answered ${answer.status}`);
  return thingsSchema.parse(await answer.json());
}

/** `a cat`, `an apple` */
export function withArticle(name: string): string {
  return `${/^[aeiou]/i.test(name) && name !== 'unicorn' && name !== 'ufo' ? 'an' : 'a'} ${name}`;
}
