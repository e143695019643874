/** A picture from an address. */
import { pictureAddress, readPictureAddress } from '../../state/pictures/pictureAddress';
import type { Session } from '../../state/session/session';

export { pictureAddress };

/** Characters of what was entered that are shown again. */
const MAX_SHOWN = 100;

/** Fetches a picture and opens it; what was open stays where that fails. @returns what went wrong, or null */
export async function openAddress({ openFile, job }: Session, address: string): Promise<string | null> {
  const url = pictureAddress(address);
  if (!url) {
    const shown = address.trim().slice(0, MAX_SHOWN);
    return `“${shown}” is no address of a picture. Enter one that begins with https://.`;
  }
  try {
    const { file, name } = await readPictureAddress(url);
    return (await openFile(file, name)) ? null : job.getState().stageError;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
