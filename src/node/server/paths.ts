/** Paths of the API, which the server's routes and the page's proxy of the hosted API share. */

export const ENDPOINT = '/fal-ai/inpaint';
/** A request in the queue. */
export const REQUEST = `${ENDPOINT}/requests/{request_id}`;
export const START_UPLOAD = '/storage/upload/initiate';
/** What a client with a `proxyUrl` calls instead of every other URL; a header carries the real one. */
export const PROXY_PATH = '/api/fal';
export const TARGET_HEADER = 'x-fal-target-url';

/** What a parameter may look like, if it is not an id. */
const PARAMETERS: Readonly<Record<string, string>> = { file_name: '[^/]+' };

export type PathMatcher = (path: string) => Readonly<Record<string, string>> | undefined;

/** The names of a template's parameters: `/files/{file_id}` has `file_id`. */
export function parametersOf(template: string): string[] {
  return [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
}

/**
 * @param template as in OpenAPI, e.g. `/files/{file_id}/{file_name}`
 * @returns a function that gives the parameters of a path, or undefined if the path is another one; it ignores one slash
 *   at the end
 */
export function pathMatcher(template: string): PathMatcher {
  const source = template
    .replace(/\/$/, '')
    .replace(/[.]/g, '\\.')
    .replace(/\{(\w+)\}/g, (_, name: string) => `(?<${name}>${PARAMETERS[name] ?? '[\\w-]+'})`);
  const pattern = new RegExp(`^${source}/?$`);
  return (path) => {
    const found = pattern.exec(path);
    return found === null ? undefined : { ...found.groups };
  };
}
