/** Images from URLs: which texts count as one, and how they are read. */
import { askBounded, boundedBody } from '../../contract/boundedRead';

/** In bytes: no photograph is larger, and a tab's memory is limited. */
const MAX_PICTURE_FILE = 512_000_000;
/** Characters: longer texts are looked at no further; a data URI of an image may be as long as its file. */
const MAX_ADDRESS = 2_048;

const ENDING = /\.(png|jpe?g|webp|avif|gif|bmp|heic|heif|tiff?)$/i;
/** `example.com/…`, `localhost:8000/…`. */
const HOST = /^(localhost|([a-z0-9-]{1,63}\.){1,10}[a-z]{2,63})(:\d{1,5})?\//i;

/**
 * @param text what was pasted or typed
 * @returns the address in it, if an image can be fetched from it: also without `https://`, if it ends like an
 *   image file
 */
export function pictureAddress(text: string): URL | null {
  const trimmed = text.trim();
  if (/^(data:image\/|blob:)/i.test(trimmed)) return urlOf(trimmed);
  if (trimmed.length > MAX_ADDRESS || /\s/.test(trimmed)) return null;
  if (/^https?:\/\//i.test(trimmed)) return urlOf(trimmed);
  if (!HOST.test(trimmed)) return null;
  const url = urlOf(`${/^localhost\b/i.test(trimmed) ? 'http' : 'https'}://${trimmed}`);
  return url && ENDING.test(url.pathname) ? url : null;
}

function urlOf(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

/**
 * Fetches an image from a URL.
 * @throws Error that tells the user what went wrong and what to do
 */
export async function readPictureAddress(url: URL): Promise<{ file: Blob; name: string }> {
  const what = url.host || 'The image';
  const response = await askBounded(url.href, { what }).catch(() => {
    throw new Error(
      `${url.host || 'The URL'} could not be reached, or does not let other pages read its images. Save the image and open the file.`,
    );
  });
  if (!response.ok) {
    void response.body?.cancel().catch(() => {});
    throw new Error(
      `${url.host} answered ${response.status} for this URL. Check it, or save the image and open the file.`,
    );
  }
  const bytes = await boundedBody(response, { maxBytes: MAX_PICTURE_FILE, what });
  const type = response.headers.get('content-type') ?? '';
  return { file: new Blob([bytes], { type }), name: nameOf(url) };
}

function nameOf(url: URL): string {
  if (url.protocol === 'data:' || url.protocol === 'blob:') return 'the pasted image';
  const last = url.pathname.split('/').at(-1);
  return last ? decoded(last) : url.host;
}

/** A percent sign that encodes nothing stays as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
