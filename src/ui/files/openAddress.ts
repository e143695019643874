/** An image from a URL. */
import { pictureAddress, readPictureAddress } from '../../state/pictures/pictureAddress';
import type { Session } from '../../state/session/session';

export { pictureAddress };

/** Characters of the entered text that an error repeats. */
const MAX_SHOWN = 100;

/** Fetches an image and opens it; if that fails, the open image stays. @returns what went wrong, or null */
export async function openAddress({ openFile, run }: Session, address: string): Promise<string | null> {
  const url = pictureAddress(address);
  if (!url) {
    const shown = address.trim().slice(0, MAX_SHOWN);
    return `“${shown}” isn’t an image URL. Enter one that starts with https://.`;
  }
  try {
    const { file, name } = await readPictureAddress(url);
    return (await openFile(file, name)) ? null : run.getState().stageError;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
