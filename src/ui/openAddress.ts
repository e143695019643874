/** A picture from an address. */
import type { Session } from '../state/session';

/** Fetches a picture and opens it; the stage says what went wrong, and what was open stays. */
export async function openAddress({ openFile, complain }: Session, address: string): Promise<void> {
  const url = pictureAddress(address);
  if (!url) {
    complain(`“${address.trim()}” is no address of a picture. Enter one that begins with https://.`);
    return;
  }
  let answer: Response;
  try {
    answer = await fetch(url);
  } catch {
    complain(
      `${url.host} could not be reached, or does not let other pages read its pictures. Save the picture and open the file.`,
    );
    return;
  }
  if (!answer.ok) {
    complain(
      `${url.host} answered ${answer.status} for this address. Check it, or open the picture as a file.`,
    );
    return;
  }
  await openFile(await answer.blob(), nameOf(url));
}

/** @returns the address in `text`, if it is one that a picture can be fetched from */
export function pictureAddress(text: string): URL | null {
  const trimmed = text.trim();
  if (!/^(https?:|data:image\/|blob:)/i.test(trimmed) || /\s/.test(trimmed)) return null;
  return URL.canParse(trimmed) ? new URL(trimmed) : null;
}

function nameOf(url: URL): string {
  if (url.protocol === 'data:' || url.protocol === 'blob:') return 'the pasted picture';
  const last = url.pathname.split('/').at(-1);
  return last ? decodeURIComponent(last) : url.host;
}
