/** Several files opened at once: which is the image, which its mask, and which are left out. */

export interface Given<File> {
  /** Null if the mask belongs to the open image. */
  picture: File | null;
  mask: File | null;
  /** Files that are not opened: only one image can be open at a time. */
  left: readonly File[];
}

interface Named {
  name: string;
  type: string;
}

/** `photo-mask`, `mask_2`, `photo mask (1)`; not `masked`. */
const MASK_NAME = /(^|[-_. ])mask\d*($|[-_. (])/i;

/**
 * A file named as a mask goes with the image whose name it begins with, or with the only image. On its own it is an image
 * like any other, unless it has the name under which the open image's mask is saved.
 * @param files in their order, at least one
 * @param openName name of the open image
 */
export function sortGiven<File extends Named>(files: readonly File[], openName: string | null): Given<File> {
  const images = files.filter(({ type }) => type.startsWith('image/'));
  // If none claims to be an image, the first is tried, so that its error is shown.
  const tried = images.length > 0 ? images : files.slice(0, 1);
  const masks = tried.filter(({ name }) => MASK_NAME.test(stemOf(name)));
  const pictures = tried.filter((file) => !masks.includes(file));
  const chosen = choose(pictures, masks, openName);
  const left = files.filter((file) => file !== chosen.picture && file !== chosen.mask);
  return { ...chosen, left };
}

function choose<File extends Named>(
  pictures: readonly File[],
  masks: readonly File[],
  openName: string | null,
): Omit<Given<File>, 'left'> {
  const isMaskOf = (mask: File, name: string) => stemOf(mask.name).startsWith(stemOf(name));
  for (const picture of pictures) {
    const mask = masks.find((other) => isMaskOf(other, picture.name));
    if (mask) return { picture, mask };
  }
  const [picture = null] = pictures;
  const [mask = null] = masks;
  if (picture) return { picture, mask: pictures.length === 1 ? mask : null };
  const own = openName && masks.find(({ name }) => stemOf(name).startsWith(`${stemOf(openName)}-mask`));
  return own ? { picture: null, mask: own } : { picture: mask, mask: null };
}

function stemOf(name: string): string {
  return name.replace(/\.[a-z0-9]+$/i, '');
}

/** How many files the message names. */
const MAX_NAMED = 3;

/** The message about files that were not opened. */
export function leftInWords(left: readonly { name: string }[]): string {
  const names = left.slice(0, MAX_NAMED).map(({ name }) => `“${name}”`);
  const more = left.length - names.length;
  const last = more > 0 ? `${more} more` : names.length > 1 ? names.pop() : undefined;
  const list = last === undefined ? names.join() : `${names.join(', ')} and ${last}`;
  const were = left.length === 1 ? 'was' : 'were';
  return (
    `${list} ${were} not opened: only one image can be open at a time. ` +
    'To open a mask with its image, name it like photo-mask.png.'
  );
}
